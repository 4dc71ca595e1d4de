package jobs

import (
	"fmt"
	"strings"
	"time"

	"countinghouse/internal/contract"
	"countinghouse/internal/warehouse"
)

// withRepeats are the files of the feeds that give a dataset in which a row may be told again: those that hold a grain twice, and those of the
// same export time as another one. Of other files the newest export decides, and that is a correction.
func withRepeats(registry *contract.Registry, dataset string, files map[string][]FeedFile) map[string][]FeedFile {
	exported := map[time.Time]int{}
	for _, feed := range registry.Giving(dataset) {
		for _, file := range files[feed.Feed] {
			exported[file.Stored.ExportedAt]++
		}
	}
	found := map[string][]FeedFile{}
	for _, feed := range registry.Giving(dataset) {
		for _, file := range files[feed.Feed] {
			if file.Stored.Duplicates > 0 || exported[file.Stored.ExportedAt] > 1 {
				found[feed.Feed] = append(found[feed.Feed], file)
			}
		}
	}
	return found
}

// repeatsSQL selects the rows that exports of one time tell of one grain, where they differ in one of the columns of repeats.
func repeatsSQL(registry *contract.Registry, repeats *contract.Dataset, files map[string][]FeedFile, place func(FeedFile) contract.ConformedFile) string {
	told, found := registry.Dataset(repeats.Repeats)
	if !found {
		return warehouse.NoRows(datasetColumns(repeats))
	}
	var queries []string
	for _, feed := range registry.Giving(told.Dataset) {
		var given []contract.ConformedFile
		for _, file := range withRepeats(registry, told.Dataset, files)[feed.Feed] {
			given = append(given, place(file))
		}
		if len(given) > 0 {
			queries = append(queries, feed.GiveSQL(told, "(\n"+feed.RowsSQL(given)+"\n)"))
		}
	}
	if len(queries) == 0 {
		return warehouse.NoRows(datasetColumns(repeats))
	}
	names := make([]string, len(repeats.Columns))
	for i, column := range repeats.Columns {
		names[i] = contract.Name(column.Name)
	}
	grain := make([]string, len(repeats.Grain))
	for i, name := range repeats.Grain {
		grain[i] = contract.Name(name)
	}
	return fmt.Sprintf("with told as (\n%s\n), unlike as (\n    select %[2]s, exported_at\n    from told\n    group by %[2]s, exported_at\n    having count(distinct row(%[3]s)) > 1\n)\n"+
		"select %[3]s, feed, source_file, source_row, exported_at\nfrom told semi join unlike using (%[2]s, exported_at)",
		strings.Join(queries, "\nunion all by name\n"), strings.Join(grain, ", "), strings.Join(names, ", "))
}
