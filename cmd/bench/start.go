package main

import (
	"context"
	"os"
	"path/filepath"
)

// benchStart looks at what every command pays: the start.
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
	return nil
}
