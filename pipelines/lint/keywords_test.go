package lint

import (
	"testing"

	"countinghouse/internal/warehouse"
)

// TestReservedWordsAreTheEngines asks DuckDB itself: a newer one with other words fails here.
func TestReservedWordsAreTheEngines(t *testing.T) {
	session, err := warehouse.Open(t.Context(), warehouse.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	rows, err := session.Query(t.Context(), "select keyword_name, keyword_category in ('reserved', 'type_function') from duckdb_keywords()")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	words := 0
	for ; rows.Next(); words++ {
		var name string
		var isReserved bool
		if err := rows.Scan(&name, &isReserved); err != nil {
			t.Fatal(err)
		}
		if isIn(reserved, name) != isReserved {
			t.Errorf("%s: reserved in DuckDB: %v", name, isReserved)
		}
	}
	if err := rows.Err(); err != nil || words < 400 {
		t.Errorf("%d words, %v", words, err)
	}
}
