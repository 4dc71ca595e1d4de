package build_test

import (
	"slices"
	"testing"

	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
)

// TestMartsAreSortedByTheirGrain whatever its columns are called: "order by all" would sort by every column.
func TestMartsAreSortedByTheirGrain(t *testing.T) {
	s := newSite(t)
	done := s.build(with("mart/names.sql", header(`"all", "a b", 客户`)+
		`select 9 - i as first_of_all, i // 2 as "all", -i as "a b", i as 客户 from range(4) as rows(i)`), orders, "2026-10-31")
	if done.err != nil {
		t.Fatal(done.err)
	}
	reader, err := warehouse.Open(t.Context(), warehouse.Options{Threads: 1, AllowedDirs: []string{s.bucket.Root()}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	if err := snapshot.Attach(t.Context(), reader, s.bucket, "mart.names", done.tables["mart.names"]); err != nil {
		t.Fatal(err)
	}
	rows, err := reader.Query(t.Context(), "select 客户 from mart.names")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var got []int
	for rows.Next() {
		var one int
		if err := rows.Scan(&one); err != nil {
			t.Fatal(err)
		}
		got = append(got, one)
	}
	if want := []int{1, 0, 3, 2}; rows.Err() != nil || !slices.Equal(got, want) {
		t.Errorf("rows come as %v, want %v; %v", got, want, rows.Err())
	}
}
