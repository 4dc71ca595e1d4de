package main

import (
	"os"
	"path/filepath"
	"testing"

	"countinghouse/internal/warehouse"
)

// The product and both loops in SQL make the same customers, of which many have several accounts and some have many.
func TestIdentityAndSQLMakeTheSameCustomers(t *testing.T) {
	dir := t.TempDir()
	scripts := identityScripts(dir, 22_000)
	for _, name := range []string{"accounts", "graph", "components", "contraction"} {
		script := filepath.Join(dir, name+".sql")
		if err := os.WriteFile(script, []byte(scripts[name]), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := child(t.Context(), []string{"-dirs", dir, script}, os.Stdout); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	session, err := warehouse.Open(t.Context(), warehouse.Options{AllowedDirs: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	digests := map[string]string{}
	for _, name := range []string{"graph", "components", "contraction"} {
		if digests[name], err = digestOf(t.Context(), session, parquet(filepath.Join(dir, name+".parquet"))); err != nil {
			t.Fatal(err)
		}
	}
	if digests["graph"] != digests["components"] || digests["graph"] != digests["contraction"] {
		t.Errorf("the sides differ: %v", digests)
	}
	var accounts, customers, largest int
	query := "select sum(n), count(*), max(n) from (select count(*) as n from " + parquet(filepath.Join(dir, "graph.parquet")) + " group by customer)"
	if err := session.QueryRow(t.Context(), query).Scan(&accounts, &customers, &largest); err != nil {
		t.Fatal(err)
	}
	if accounts != 10_000 || customers < 3_000 || customers > 4_000 || largest < 15 {
		t.Errorf("%d accounts, %d customers, the largest of %d: not what the chains are to be", accounts, customers, largest)
	}
}
