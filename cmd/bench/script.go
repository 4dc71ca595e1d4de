package main

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"countinghouse/internal/contract"
	"countinghouse/internal/warehouse"
	"countinghouse/schemas"
)

//go:embed script/whole.sql
var wholeSQL string

// places are the folders of a script: the product's models, for those that it takes as they are, a store with conformed exports, the seeds as
// Parquet, and where it writes the marts: marts.duckdb and a Parquet file for each.
type places struct{ models, store, seeds, out string }

// wholeScript is the hand-written script that makes the marts.
func wholeScript(in places) (text string, marts []string, err error) {
	registry, err := contract.Load(schemas.Files, nil)
	if err != nil {
		return "", nil, err
	}
	text = strings.NewReplacer("{store}", in.store, "{seeds}", in.seeds, "{out}", in.out, "{kinds}", identifierKinds(registry)).Replace(wholeSQL)
	marked := regexp.MustCompile(`(?m)^--: (core|mart|empty) (\w+)$`)
	var problem error
	text = marked.ReplaceAllStringFunc(text, func(mark string) string {
		found := marked.FindStringSubmatch(mark)
		schema, name := found[1], found[2]
		if schema == "empty" {
			return emptySQL(registry, name)
		}
		model, err := os.ReadFile(filepath.Join(in.models, schema, name+".sql"))
		if err != nil {
			problem = err
		}
		create := fmt.Sprintf("create table %s.%s as\n%s;\n", schema, name, model)
		if schema == "mart" {
			marts = append(marts, name)
			create += publishSQL(name, in.out)
		}
		return create
	})
	return text, marts, problem
}

// publishSQL writes a mart to where the tools of others read it.
func publishSQL(name, out string) string {
	return fmt.Sprintf("copy mart.%[1]s to '%[2]s/%[1]s.parquet' (format parquet, compression zstd);\ncreate table published.%[1]s as from mart.%[1]s;\n", name, out)
}

// emptySQL makes a dataset without rows.
func emptySQL(registry *contract.Registry, name string) string {
	dataset, _ := registry.Dataset(name)
	var columns []warehouse.Column
	for _, column := range dataset.Columns {
		columns = append(columns, warehouse.Column{Name: column.Name, Type: column.SQLType()})
	}
	columns = append(columns, warehouse.Column{Name: "source_file", Type: "VARCHAR"}, warehouse.Column{Name: "source_row", Type: "BIGINT"})
	return fmt.Sprintf("create table dataset.%s as %s;\n", name, warehouse.NoRows(columns))
}
