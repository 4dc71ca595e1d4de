package schemas_test

import (
	"testing"

	"countinghouse/internal/contract"
	"countinghouse/schemas"
)

func builtIn(t *testing.T) *contract.Registry {
	t.Helper()
	registry, err := contract.Load(schemas.Files, nil)
	if err != nil {
		t.Fatal(err)
	}
	return registry
}

// TestGenericFeeds holds that a brand can prepare its own file for every dataset, and for every column of it: the columns are found by their names, are given as
// they are, and stand with a value in the example, which is run as a test elsewhere. A column that is added to a dataset is added there, too.
func TestGenericFeeds(t *testing.T) {
	registry := builtIn(t)
	feeds := map[string]*contract.Contract{}
	for _, feed := range registry.Feeds() {
		feeds[feed.Feed] = feed
	}
	for _, dataset := range registry.Datasets() {
		t.Run(dataset.Dataset, func(t *testing.T) {
			if dataset.IsDerived() {
				t.Skip("no feed gives it")
			}
			feed := feeds["generic_"+dataset.Dataset]
			if feed == nil {
				t.Fatalf("there is no feed generic_%s", dataset.Dataset)
			}
			for _, column := range dataset.Columns {
				if problem := genericColumn(feed, dataset.Dataset, column.Name); problem != "" {
					t.Errorf("%s: %s", column.Name, problem)
				}
			}
		})
	}
}

// genericColumn says what is wrong with a column of a generic feed.
func genericColumn(feed *contract.Contract, dataset, name string) string {
	column, there := feed.Column(name)
	switch {
	case !there || len(column.Header) == 0 || column.Header[0] != name:
		return "no column of the file is headed by the canonical name"
	case feed.Gives[dataset].Columns[name] == "":
		return "is not given"
	}
	for _, row := range feed.Example.Gives[dataset] {
		if row[name] != nil {
			return ""
		}
	}
	return "has no value in the example"
}
