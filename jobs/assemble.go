// Package jobs says what runs when.
package jobs

import (
	"context"
	"path"
	"slices"
	"strings"

	"countinghouse/internal/contract"
	"countinghouse/internal/keyedhash"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/build"
	"countinghouse/pipelines/estimate"
	"countinghouse/pipelines/identity"
	"countinghouse/pipelines/ledger"
	"countinghouse/pipelines/linkage"

	"github.com/apache/arrow-go/v18/arrow"
)

// FeedFile is one conformed export: where its rows are, here and in the store, and how many were accepted.
type FeedFile struct {
	Local, Stored contract.ConformedFile
	Rows          int64
}

// Datasets makes each canonical dataset a query over the conformed files of every feed that gives it. A dataset that no feed gives is
// empty, not missing, so that every model can be built for every brand.
func Datasets(registry *contract.Registry, files map[string][]FeedFile, key []byte) []build.Dataset {
	var datasets []build.Dataset
	for _, dataset := range registry.Datasets() {
		made := datasetOf(registry, dataset, files)
		keyed := "\n-- key " + keyedhash.Text(key, "fingerprint of the key")
		if strings.Contains(made.Definition, "keyed_hash(") {
			made.Definition += keyed
		}
		made.Shape = func() string { return datasetShape(registry, dataset) + keyed }
		datasets = append(datasets, made)
	}
	return datasets
}

func datasetOf(registry *contract.Registry, dataset *contract.Dataset, files map[string][]FeedFile) build.Dataset {
	made := build.Dataset{
		Name: "dataset." + dataset.Dataset, Columns: datasetColumns(dataset),
		Personal:   slices.ContainsFunc(dataset.Columns, func(column contract.DatasetColumn) bool { return column.Personal }),
		Query:      datasetSQL(registry, dataset, files, func(file FeedFile) contract.ConformedFile { return file.Local }),
		Definition: datasetSQL(registry, dataset, files, func(file FeedFile) contract.ConformedFile { return file.Stored }),
		Of: func(some []snapshot.SourceFile) string {
			return datasetSQL(registry, dataset, filesOf(files, some), func(file FeedFile) contract.ConformedFile { return file.Local })
		},
	}
	from, given := dataset.Dataset, files
	if dataset.Repeats != "" {
		from, given = dataset.Repeats, withRepeats(registry, dataset.Repeats, files)
	}
	for _, feed := range registry.Giving(from) {
		for _, file := range given[feed.Feed] {
			made.Files = append(made.Files, snapshot.SourceFile{Feed: feed.Feed, SourceFile: file.Stored.SourceFile, SHA256: file.Stored.FileHash, Contract: contractOf(file), Rows: file.Rows})
			made.Objects = append(made.Objects, file.Stored.Path)
		}
	}
	// Many small exports share a Parquet file.
	slices.Sort(made.Objects)
	made.Objects = slices.Compact(made.Objects)
	if !dataset.Mentions {
		made.Grain = dataset.Grain
	}
	return made
}

// datasetSQL is the union of what the feeds give, over files as place names them.
func datasetSQL(registry *contract.Registry, dataset *contract.Dataset, files map[string][]FeedFile, place func(FeedFile) contract.ConformedFile) string {
	if dataset.Repeats != "" {
		return repeatsSQL(registry, dataset, files, place)
	}
	var queries []string
	for _, feed := range registry.Giving(dataset.Dataset) {
		var given []contract.ConformedFile
		for _, file := range files[feed.Feed] {
			given = append(given, place(file))
		}
		if len(given) > 0 {
			queries = append(queries, feed.GiveSQL(dataset, "(\n"+feed.FeedSQL(given)+"\n)"))
		}
	}
	if len(queries) == 0 {
		return warehouse.NoRows(datasetColumns(dataset))
	}
	return strings.Join(queries, "\nunion all by name\n")
}

// datasetShape is what the feeds make of their files, whichever these are.
func datasetShape(registry *contract.Registry, dataset *contract.Dataset) string {
	var queries []string
	specimen := []contract.ConformedFile{{Path: "one", Duplicates: 1}, {Path: "other"}}
	for _, feed := range registry.Giving(dataset.Dataset) {
		queries = append(queries, feed.Feed, feed.GiveSQL(dataset, feed.FeedSQL(specimen)))
	}
	return strings.Join(queries, "\n")
}

// contractOf names the contract by which a file was read, as its Parquet file's name has it.
func contractOf(file FeedFile) string {
	name := path.Base(file.Stored.Path)
	_, of, _ := strings.Cut(strings.TrimSuffix(name, path.Ext(name)), "-")
	return of
}

func filesOf(files map[string][]FeedFile, some []snapshot.SourceFile) map[string][]FeedFile {
	wanted := map[string]bool{}
	for _, file := range some {
		wanted[file.SHA256] = true
	}
	kept := map[string][]FeedFile{}
	for feed, all := range files {
		kept[feed] = slices.DeleteFunc(slices.Clone(all), func(file FeedFile) bool { return !wanted[file.Stored.FileHash] })
	}
	return kept
}

// datasetColumns are a dataset's own and those that say where a row comes from.
func datasetColumns(dataset *contract.Dataset) []warehouse.Column {
	var columns []warehouse.Column
	for _, column := range dataset.Columns {
		columns = append(columns, warehouse.Column{Name: column.Name, Type: column.SQLType()})
	}
	return append(columns,
		warehouse.Column{Name: "feed", Type: "VARCHAR"}, warehouse.Column{Name: "source_file", Type: "VARCHAR"},
		warehouse.Column{Name: "source_row", Type: "BIGINT"}, warehouse.Column{Name: "exported_at", Type: "TIMESTAMP"})
}

// StepOptions are what the Go steps need to know besides their tables.
type StepOptions struct {
	Identity identity.Config
	Linkage  linkage.Config
	AsOf     ledger.Day
}

// Steps are the tables that are made in Go: similar accounts, identity, the points ledger and the estimate of what will be redeemed of it.
func Steps(options StepOptions) []build.Step {
	return []build.Step{similarStep(options.Linkage), identityStep(options.Identity), ledgerStep(options.AsOf), estimateStep()}
}

func estimateStep() build.Step {
	return build.Step{
		Name: "estimate", Version: estimate.Version, Definition: estimate.Definition(), Inputs: estimate.Inputs(), Parameters: estimate.Parameters(),
		Tables: estimate.Tables(),
		Run: func(ctx context.Context, session *warehouse.Session, write build.TableWriter, _ *build.Before) error {
			return estimate.Run(ctx, session, func(table string, schema *arrow.Schema) *warehouse.BatchWriter {
				return write.Batches(ctx, table, schema)
			})
		},
	}
}
