package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// benchStart looks at what every command pays: the start, and a model that does nothing.
func benchStart(ctx context.Context, b *bencher) error {
	project := filepath.Join(b.dir, "start")
	if err := os.MkdirAll(filepath.Join(project, "sql"), 0o700); err != nil {
		return err
	}
	if _, err := b.countinghouse(ctx, nil, "build", "-C", project, "--as-of", asOf); err != nil {
		return err
	}
	nothing, err := b.script("nothing", "select 1;\n")
	if err != nil {
		return err
	}
	version, err := compare(ctx, "start, --version against open and select 1", b.pairs, b.productRun(nil, "--version"), nothing)
	if err != nil {
		return err
	}
	plan, err := compare(ctx, "start, plan of what is up to date", b.pairs, b.productRun(nil, "plan", "-C", project, "--as-of", asOf), nothing)
	if err != nil {
		return err
	}
	b.add(version, plan.goal(plan.A.Wall, 0.3, "s"))
	return b.overhead(ctx, project, nothing)
}

// overhead builds many trivial models into a store that has all the others, against as many statements of bare DuckDB. Of both, what it
// takes to do nothing is subtracted.
func (b *bencher) overhead(ctx context.Context, project string, nothing measured) error {
	build := b.productRun(nil, "build", "-C", project, "--as-of", asOf)
	idle, idleBare, err := pairs(ctx, b.pairs, build, nothing)
	if err != nil {
		return err
	}
	creates, err := b.trivialModels(filepath.Join(project, "sql", "trivial"))
	if err != nil {
		return err
	}
	bare, err := b.script("trivial", creates)
	if err != nil {
		return err
	}
	build.before = func() error { return os.RemoveAll(filepath.Join(project, "store", "tables", "trivial")) }
	as, bs, err := pairs(ctx, b.pairs, build, bare)
	if err != nil {
		return err
	}
	whole := line(fmt.Sprintf("build of %d trivial models", b.small), as, bs)
	ours := (whole.A.Wall - medianOf(idle, wall)) / float64(b.small) * 1000
	theirs := (whole.B.Wall - medianOf(idleBare, wall)) / float64(b.small) * 1000
	whole.Note = fmt.Sprintf("%.2f ms per model, %.2f ms per statement of bare DuckDB", ours, theirs)
	b.add(whole.goal(ours-theirs, 10, "ms per model over bare DuckDB"))
	return nil
}

// trivialModels writes models that do next to nothing, and gives the same as statements.
func (b *bencher) trivialModels(folder string) (string, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	var statements strings.Builder
	statements.WriteString("create schema trivial;\n")
	for no := range b.small {
		query := fmt.Sprintf("select %d as number\n", no)
		model := "/* ---\nabout: A number.\nzh: 数\nowner: bench\ngrain: [number]\ncolumns:\n  number: {zh: 数}\n--- */\n" + query
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("m%03d.sql", no)), []byte(model), 0o600); err != nil {
			return "", err
		}
		fmt.Fprintf(&statements, "create table trivial.m%03d as %s;\n", no, strings.TrimSpace(query))
	}
	return statements.String(), nil
}
