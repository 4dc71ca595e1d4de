package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"countinghouse/internal/contract"
	"countinghouse/internal/project"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/build"
	"countinghouse/pipelines/closing"
	"countinghouse/schemas"
	"countinghouse/sql"
)

// definitions are the files that say what tables are: the program's, and over them the project's, which may be nil.
type definitions struct {
	sql, ownSQL, schemas, ownSchemas fs.FS
}

func definitionsOf(own project.Project) definitions {
	return definitions{sql: sql.Files, ownSQL: own.SQL(), schemas: schemas.Files, ownSchemas: own.Schemas()}
}

// sources are the definitions as a close keeps them.
func (d definitions) sources() ([]closing.Source, error) {
	var sources []closing.Source
	for _, layer := range []struct {
		name  string
		files fs.FS
	}{{closing.BuiltinSQL, d.sql}, {closing.OwnSQL, d.ownSQL}, {closing.BuiltinSchemas, d.schemas}, {closing.OwnSchemas, d.ownSchemas}} {
		some, err := closing.ReadSources(layer.name, layer.files)
		if err != nil {
			return nil, err
		}
		sources = append(sources, some...)
	}
	return sources, nil
}

// frozen are the definitions that a close kept.
func frozen(sources []closing.Source) (made definitions, err error) {
	for layer, into := range map[string]*fs.FS{
		closing.BuiltinSQL: &made.sql, closing.OwnSQL: &made.ownSQL, closing.BuiltinSchemas: &made.schemas, closing.OwnSchemas: &made.ownSchemas,
	} {
		files, problem := closing.Files(sources, layer)
		*into, err = files, errors.Join(err, problem)
	}
	return made, err
}

// closedBase is the close that the figures of the as-of day begin with: the last period in force that ended before it.
func (w *Workshop) closedBase(ctx context.Context) (*closing.Stored, error) {
	if w.based {
		return w.base, nil
	}
	records, err := closing.List(ctx, w.Bucket)
	if err != nil {
		return nil, err
	}
	w.base, w.based = closing.Before(records, w.AsOf), true
	return w.base, nil
}

// closedDatasets gives the datasets that hold what was closed their rows. Without a close they are empty, as any dataset that no feed gives.
func (w *Workshop) closedDatasets(ctx context.Context, datasets []build.Dataset) error {
	base, err := w.closedBase(ctx)
	if err != nil || base == nil {
		return err
	}
	for i := range datasets {
		declared, found := w.Registry.Dataset(strings.TrimPrefix(datasets[i].Name, "dataset."))
		if !found || declared.Closed == "" {
			continue
		}
		query, keys, err := w.closedQuery(ctx, base, declared)
		if err != nil {
			return fmt.Errorf("%s as it was closed with %s: %w", declared.Closed, base.Period, err)
		}
		datasets[i].Definition, datasets[i].Query, datasets[i].Objects, datasets[i].Grain = query, query, keys, nil
		for _, key := range keys {
			local, err := w.Bucket.LocalPath(ctx, key)
			if err != nil {
				return err
			}
			datasets[i].Query = strings.ReplaceAll(datasets[i].Query, warehouse.Quote(key), warehouse.Quote(local))
		}
	}
	return nil
}

// closedQuery selects a dataset's columns from a table as it was closed. A column that the table did not have yet is empty, of amounts 0.
func (w *Workshop) closedQuery(ctx context.Context, base *closing.Stored, dataset *contract.Dataset) (query string, keys []string, err error) {
	if dataset.Closed == "files" {
		return filesClosed(base, dataset), nil, nil
	}
	at := slices.IndexFunc(base.Tables, func(table closing.Table) bool { return table.Name == dataset.Closed })
	if at < 0 {
		return warehouse.NoRows(datasetColumns(dataset)), nil, nil
	}
	manifest, err := snapshot.ReadManifest(ctx, w.Bucket, dataset.Closed, base.Tables[at].Fingerprint)
	if err != nil {
		return "", nil, err
	}
	had := map[string]bool{}
	for _, column := range manifest.Columns {
		had[column.Name] = true
	}
	renamed := map[string]string{"entry_file": "source_file", "entry_row": "source_row"}
	var selected []string
	for _, column := range dataset.Columns {
		name, value := column.Name, ""
		if other := renamed[name]; other != "" {
			name = other
		}
		switch {
		case had[name]:
			value = "cast(" + warehouse.QuoteName(name) + " as " + column.SQLType() + ")"
		case name == "currency": // of a close from before there were several
			value = "'points'"
		case column.Unit != "":
			value = "cast(0 as " + column.SQLType() + ")"
		default:
			value = "cast(null as " + column.SQLType() + ")"
		}
		selected = append(selected, value+" as "+warehouse.QuoteName(column.Name))
	}
	key := snapshot.DataKey(dataset.Closed, manifest.Table)
	return "select " + strings.Join(append(selected, nowhere), ", ") + " from read_parquet(" + warehouse.Quote(key) + ")", []string{key}, nil
}

// nowhere are the columns that say where a dataset's row comes from: what was closed comes from no file.
const nowhere = "'closed' as feed, cast(null as varchar) as source_file, cast(null as bigint) as source_row, cast(null as timestamp) as exported_at"

func filesClosed(base *closing.Stored, dataset *contract.Dataset) string {
	rows := make([]string, len(base.Files))
	for i, file := range base.Files {
		rows[i] = "(" + warehouse.Quote(file.Key) + ")"
	}
	if len(rows) == 0 {
		return warehouse.NoRows(datasetColumns(dataset))
	}
	return "select landed_key, date " + warehouse.Quote(base.AsOf) + " as closed_through, " + nowhere + " from (values " + strings.Join(rows, ", ") + ") as files(landed_key)"
}

// parametersOf gives the parameters that a close kept, with the types that they had in the project's file.
func parametersOf(text json.RawMessage) (map[string]any, error) {
	parameters := map[string]any{}
	if len(text) == 0 {
		return parameters, nil
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	if err := decoder.Decode(&parameters); err != nil {
		return nil, err
	}
	for name, value := range parameters {
		number, isNumber := value.(json.Number)
		if !isNumber {
			continue
		}
		whole, err := number.Int64()
		if err == nil {
			parameters[name] = whole
			continue
		}
		if parameters[name], err = number.Float64(); err != nil {
			return nil, err
		}
	}
	return parameters, nil
}

// dayOf reads a day of a close.
func dayOf(text string) (time.Time, error) { return time.Parse(time.DateOnly, text) }

// zoneOf reads the time zone of a close.
func zoneOf(name string) (*time.Location, error) { return time.LoadLocation(name) }
