package main

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

//go:embed script/whole.sql
var wholeSQL string

// wholeScript is the hand-written script over a store of the product, with the marts written to the folder out: marts.duckdb and a Parquet file
// for each. models is the folder with the product's models, for those that the script takes as they are.
func wholeScript(models, store, out string) (text string, marts []string, err error) {
	text = strings.NewReplacer("{store}", store, "{out}", out, "{as_of}", asOf).Replace(wholeSQL)
	marked := regexp.MustCompile(`(?m)^--: (core|mart) (\w+)$`)
	var problem error
	text = marked.ReplaceAllStringFunc(text, func(mark string) string {
		found := marked.FindStringSubmatch(mark)
		schema, name := found[1], found[2]
		model, err := os.ReadFile(filepath.Join(models, schema, name+".sql"))
		if err != nil {
			problem = err
		}
		create := fmt.Sprintf("create table %s.%s as\n%s;\n", schema, name, model)
		if schema == "mart" {
			marts = append(marts, name)
			create += publishSQL(name, out)
		}
		return create
	})
	return text, marts, problem
}

// publishSQL writes a mart to where the tools of others read it.
func publishSQL(name, out string) string {
	return fmt.Sprintf("copy mart.%[1]s to '%[2]s/%[1]s.parquet' (format parquet, compression zstd);\ncreate table published.%[1]s as from mart.%[1]s;\n", name, out)
}
