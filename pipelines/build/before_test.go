package build_test

import (
	"testing"

	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/build"
)

// A row of a new file counts, also one that lost to an older export's; one of an old file counts if it is gone, and as often as it is.
func TestChangedRowsAreThoseThatCameAndThoseThatWent(t *testing.T) {
	session, err := warehouse.Open(t.Context(), warehouse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	for _, statement := range []string{
		"create table was as from (values ('a', 'old', 2), ('b', 'old', 3), ('b', 'old', 3), ('c', 'other', 2)) as t(id, source_file, source_row)",
		"create table fresh as from (values ('b', 'new', 2), ('d', 'new', 3)) as t(id, source_file, source_row)",
		"create table now as from (values ('a', 'old', 2), ('b', 'old', 3), ('b', 'new', 2), ('c', 'other', 2)) as t(id, source_file, source_row)",
	} {
		if _, err := session.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	change := build.InputChange{Fresh: "from fresh", Was: "from was"}
	var got string
	query := "select string_agg(id, ' ' order by id) from (" + change.Changed("now", "upper(id) as id") + ")"
	if err := session.QueryRow(t.Context(), query).Scan(&got); err != nil || got != "B B D" {
		t.Errorf("changed %q, %v; want the row of b that came, the one that went, and d", got, err)
	}
}
