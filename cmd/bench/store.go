package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"countinghouse/internal/model"
	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/build"
)

// buildInStore builds steps in a store that stands between two processes, which is told of its last build.
func buildInStore(ctx context.Context, session *warehouse.Session, scratch, store string, datasets []build.Dataset, steps []build.Step, values map[string]any) error {
	bucket, err := open.Bucket(ctx, store, filepath.Join(scratch, "cache"))
	if err != nil {
		return err
	}
	graph, err := build.Resolve(&model.Library{}, datasets, steps, values)
	if err != nil {
		return err
	}
	current, err := readTables(store)
	if err != nil {
		return err
	}
	tables, err := build.Run(ctx, graph, build.Options{
		Bucket: bucket, Session: session, Scratch: scratch, Current: current, Workers: 2, Random: rand.Reader, Now: time.Now, CPU: func() float64 { return 0 },
	})
	if err != nil {
		return err
	}
	return writeTables(store, tables)
}

// fileDataset is a dataset over Parquet files as they lie.
func fileDataset(name, dir string, files []string) build.Dataset {
	rows := func(files []string) string {
		paths := make([]string, len(files))
		for i, file := range files {
			paths[i] = warehouse.Quote(filepath.Join(dir, file+".parquet"))
		}
		return "select * from read_parquet([" + strings.Join(paths, ", ") + "])"
	}
	made := build.Dataset{
		Name: name, Query: rows(files), Definition: rows(files), Shape: func() string { return name },
		Of: func(some []snapshot.SourceFile) string {
			var names []string
			for _, file := range some {
				names = append(names, file.SHA256)
			}
			return rows(names)
		},
	}
	for _, file := range files {
		made.Files = append(made.Files, snapshot.SourceFile{Feed: name, SourceFile: file, SHA256: file})
	}
	return made
}

func tablesFile(store string) string { return filepath.Join(store, "tables.json") }

// writeTables leaves for the next build of a store what this one made. The file is a new one: in a folder that linkFolder made it is another store's too.
func writeTables(store string, tables map[string]snapshot.Table) error {
	text, err := json.Marshal(tables)
	if err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(tablesFile(store)), os.WriteFile(tablesFile(store), text, 0o600))
}

// readTables gives what the last build of a store left; nothing of a store without one.
func readTables(store string) (map[string]snapshot.Table, error) {
	text, err := os.ReadFile(tablesFile(store))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	tables := map[string]snapshot.Table{}
	return tables, json.Unmarshal(text, &tables)
}

// storedRelation is a table of a store as something that a query can read from.
func storedRelation(ctx context.Context, store, table string) (string, error) {
	tables, err := readTables(store)
	if err != nil {
		return "", err
	}
	bucket, err := open.Bucket(ctx, store, filepath.Join(store, "cache"))
	if err != nil {
		return "", err
	}
	manifest, err := snapshot.ReadManifest(ctx, bucket, table, tables[table].Fingerprint)
	if err != nil {
		return "", err
	}
	query, err := snapshot.RowsQuery(ctx, bucket, manifest)
	return "(" + query + ")", err
}
