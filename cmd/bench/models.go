package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// benchModels looks at many models: what planning them takes, what each costs over its bare statement, and what happens when each needs more memory
// than there is for all.
func benchModels(ctx context.Context, b *bencher) error {
	project := filepath.Join(b.dir, "models")
	plan := b.productRun(nil, "plan", "-C", project, "--as-of", asOf)
	build := b.productRun(nil, "build", "-C", project, "--as-of", asOf)
	if err := os.MkdirAll(project, 0o700); err != nil {
		return err
	}
	if _, err := build.run(ctx); err != nil {
		return err
	}
	nothing, err := b.script("nothing", "select 1;\n")
	if err != nil {
		return err
	}
	idle, idleBare, err := pairs(ctx, b.pairs, build, nothing)
	if err != nil {
		return err
	}
	models := append(chain(b.small), sideBySide(b.small)...)
	bare, err := b.writeModels(project, "many", models)
	if err != nil {
		return err
	}
	if err := b.planned(ctx, fmt.Sprintf("plan of %d models, none built", len(models)), plan, nothing); err != nil {
		return err
	}
	build.before = func() error { return os.RemoveAll(filepath.Join(project, "store", "tables", "many")) }
	as, bs, err := pairs(ctx, b.pairs, build, bare)
	if err != nil {
		return err
	}
	whole := line(fmt.Sprintf("build of %d small models, half of them a chain", len(models)), as, bs)
	ours := (whole.A.Wall - medianOf(idle, wall)) / float64(len(models)) * 1000
	theirs := (whole.B.Wall - medianOf(idleBare, wall)) / float64(len(models)) * 1000
	whole.Note = fmt.Sprintf("%.2f ms per model, %.2f ms per statement of bare DuckDB", ours, theirs)
	b.add(whole.goal(ours-theirs, 10, "ms per model over bare DuckDB"))
	if err := b.planned(ctx, fmt.Sprintf("plan of %d models, all built", len(models)), plan, nothing); err != nil {
		return err
	}
	return b.sorts(ctx)
}

func (b *bencher) planned(ctx context.Context, name string, plan, nothing measured) error {
	planned, err := compare(ctx, name, b.pairs, plan, nothing)
	if err != nil {
		return err
	}
	b.add(planned.goal(planned.A.Wall, 1, "s"))
	return nil
}

// smallModel is a model's name and its query.
type smallModel struct{ name, query string }

func chain(length int) []smallModel {
	models := []smallModel{{"chain_000", "select i as number, 'x' || i as name from range(10) as rows(i)"}}
	for no := 1; no < length; no++ {
		models = append(models, smallModel{fmt.Sprintf("chain_%03d", no), fmt.Sprintf("select number, name from many.chain_%03d", no-1)})
	}
	return models
}

func sideBySide(count int) []smallModel {
	models := make([]smallModel, count)
	for no := range models {
		models[no] = smallModel{fmt.Sprintf("wide_%03d", no), fmt.Sprintf("select i + %d as number, 'x' || i as name from range(10) as rows(i)", no)}
	}
	return models
}

// writeModels writes models into a project, and gives bare DuckDB doing the same.
func (b *bencher) writeModels(project, schema string, models []smallModel) (measured, error) {
	folder := filepath.Join(project, "sql", schema)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return measured{}, err
	}
	var statements strings.Builder
	fmt.Fprintf(&statements, "create schema %s;\n", schema)
	for _, model := range models {
		text := "/* ---\nabout: A number.\nzh: 数\nowner: bench\ngrain: [number]\n--- */\n" + model.query + "\n"
		if err := os.WriteFile(filepath.Join(folder, model.name+".sql"), []byte(text), 0o600); err != nil {
			return measured{}, err
		}
		fmt.Fprintf(&statements, "create table %s.%s as %s;\n", schema, model.name, model.query)
	}
	return b.script(schema, statements.String())
}

const (
	sortedModels = 6
	sortMemory   = "400MB"
)

// sorts builds models side by side that each sort more than the memory for all of them, against the same sorts one after the other.
func (b *bencher) sorts(ctx context.Context) error {
	project := filepath.Join(b.dir, "sorts")
	if err := os.MkdirAll(project, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(project, "countinghouse.yaml"), []byte("resources: {memory_limit: "+sortMemory+"}\n"), 0o600); err != nil {
		return err
	}
	build := b.productRun(nil, "build", "-C", project, "--as-of", asOf)
	if _, err := build.run(ctx); err != nil {
		return err
	}
	var models []smallModel
	var bare strings.Builder
	for no := range sortedModels {
		query := fmt.Sprintf("select i as number, md5((i * %d)::varchar) as name from range(3000000) as rows(i) order by name", no+1)
		models = append(models, smallModel{fmt.Sprintf("sort_%d", no), query})
		fmt.Fprintf(&bare, "copy (%s) to '%s/sort_%d.parquet' (format parquet, compression zstd);\n", query, b.dir, no)
	}
	if _, err := b.writeModels(project, "sorts", models); err != nil {
		return err
	}
	script, err := b.script("sorted", bare.String(), "-memory", sortMemory)
	if err != nil {
		return err
	}
	build.before = func() error { return os.RemoveAll(filepath.Join(project, "store", "tables", "sorts")) }
	sorted, err := compare(ctx, fmt.Sprintf("%d sorts of 150 MB side by side, memory_limit %s", sortedModels, sortMemory), b.long, build, script)
	if err != nil {
		return err
	}
	sorted.Note = "B sorts one after the other, with the same limit, and writes the same Parquet files"
	b.add(sorted)
	return nil
}
