package main

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countinghouse/internal/warehouse"
)

// reader is a bare DuckDB that may read the files of one folder, as a BI tool does: it knows nothing of manifests.
func reader(t *testing.T, folder string) *warehouse.Session {
	t.Helper()
	session, err := warehouse.Open(t.Context(), warehouse.Options{Threads: 1, AllowedDirs: []string{folder}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

// hashOf is a hash of all rows of a relation as texts, whatever their order. It is made another way than the product's digests.
func hashOf(t *testing.T, session *warehouse.Session, relation string) string {
	t.Helper()
	rows, err := session.Query(t.Context(), "select row_to_json(r)::varchar as line from "+relation+" as r order by line")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	hash := sha256.New()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		_, _ = hash.Write([]byte(line + "\n"))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// martHashes reads every Parquet file of a marts folder with a bare DuckDB and gives a hash of its rows by mart.
func martHashes(t *testing.T, folder string) map[string]string {
	t.Helper()
	session := reader(t, folder)
	files, err := filepath.Glob(filepath.Join(folder, "*", "data.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	hashes := map[string]string{}
	for _, file := range files {
		hashes["mart."+filepath.Base(filepath.Dir(file))] = hashOf(t, session, "read_parquet("+warehouse.Quote(file)+")")
	}
	return hashes
}

// set is one published version: what it says of itself, and what its files hold.
type set struct {
	digests, hashes map[string]string
}

func (s *site) set() set {
	s.t.Helper()
	return set{s.published().Digests, martHashes(s.t, s.path("store/marts"))}
}

// wholeAs fails unless the marts folder is exactly one of the sets, from the digests that it states to the rows of each file and the
// tables of the DuckDB file, and gives which one.
func (s *site) wholeAs(sets ...set) int {
	s.t.Helper()
	found := s.set()
	for i, want := range sets {
		if maps.Equal(found.digests, want.digests) {
			if !maps.Equal(found.hashes, want.hashes) {
				s.t.Errorf("the marts folder says that it is set %d and holds other rows", i)
			}
			s.database(want)
			return i
		}
	}
	s.t.Fatalf("the marts folder is none of the %d sets: %v", len(sets), found.digests)
	return -1
}

// database fails unless the published DuckDB file is there, alone, and holds as many tables as there are marts.
func (s *site) database(want set) {
	s.t.Helper()
	entries, err := os.ReadDir(s.path("store/marts"))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, entry := range entries {
		if !entry.IsDir() && strings.HasSuffix(entry.Name(), ".duckdb") && entry.Name() != s.published().DuckDB {
			s.t.Errorf("%s is not the file that current.json names", entry.Name())
		}
	}
	folder := s.path("store/marts")
	session := reader(s.t, folder)
	connection, err := session.Conn(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	file := filepath.Join(folder, s.published().DuckDB)
	if _, err := connection.ExecContext(s.t.Context(), "attach "+warehouse.Quote(file)+" as published (read_only)"); err != nil {
		s.t.Fatal(err)
	}
	for mart, hash := range want.hashes {
		if got := hashOf(s.t, session, "published."+strings.TrimPrefix(mart, "mart.")); got != hash {
			s.t.Errorf("%s in %s is not as in its Parquet file", mart, file)
		}
	}
}
