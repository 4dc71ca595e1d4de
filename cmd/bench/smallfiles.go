package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// rowsPerSmallFile is how many rows each of the small files has.
const rowsPerSmallFile = 1000

// benchSmallFiles compares landing and conforming many small files with doing so for one file that holds the same rows. Both sides are the
// product.
func benchSmallFiles(ctx context.Context, b *bencher) error {
	many, err := newExport(b, "many", 0, false)
	if err != nil {
		return err
	}
	one, err := newExport(b, "one", 0, false)
	if err != nil {
		return err
	}
	folder := filepath.Join(many.dir, "small")
	if err := writeSmall(folder, one.csv, b.smallFiles); err != nil {
		return err
	}
	as, bs, err := pairs(ctx, b.long, b.intake(many, folder), b.intake(one, one.csv))
	if err != nil {
		return err
	}
	took := line(fmt.Sprintf("land and conform, %d files of %d rows to one file", b.smallFiles, rowsPerSmallFile), as, bs)
	b.add(took.goal(took.WallRatio, 3, "times"))
	const columns = "order_id, buyer, product, quantity, price, paid_amount, ordered_at, paid_at, status, city"
	rows := func(e *export) []string {
		return []string{"(select " + columns + " from " + parquet(filepath.Join(e.dir, "store/files/bench_orders/*.parquet")) + ")"}
	}
	if err := b.sameRows(ctx, []string{"small files"}, rows(many), rows(one)); err != nil {
		return err
	}
	return errors.Join(many.remove(), one.remove())
}

// intake lands a file or folder in a new store of a project, and conforms it: two processes, added up.
func (b *bencher) intake(of *export, path string) measured {
	return measured{
		before: func() error { return os.RemoveAll(filepath.Join(of.dir, "store")) },
		run: func(ctx context.Context) (usage, error) {
			land, err := b.countinghouse(ctx, nil, "land", "-C", of.dir, path)
			if err != nil {
				return usage{}, err
			}
			conform, err := b.countinghouse(ctx, nil, "conform", "-C", of.dir)
			return added([]usage{land}, []usage{conform})[0], err
		},
	}
}

// writeSmall makes up small exports in a folder, and one with all of their rows.
func writeSmall(folder, whole string, files int) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	all, err := os.Create(whole)
	if err != nil {
		return err
	}
	defer func() { _ = all.Close() }()
	if _, err := all.WriteString(csvHeader); err != nil {
		return err
	}
	for n := range files {
		rows := smallRows(n)
		name := filepath.Join(folder, fmt.Sprintf("bench_%05d.csv", n))
		if err := os.WriteFile(name, append([]byte(csvHeader), rows...), 0o600); err != nil {
			return err
		}
		if _, err := all.Write(rows); err != nil {
			return err
		}
	}
	return all.Sync()
}

// smallRows are those of one small export: orders that no other has.
func smallRows(file int) []byte {
	var text bytes.Buffer
	for i := range rowsPerSmallFile {
		n := file*rowsPerSmallFile + i
		ordered := time.Date(2026, 10, 1, 0, 0, n%86_400, 0, time.UTC)
		quantity, price := 1+n%5, 1+n%300
		fmt.Fprintf(&text, "%d,b%06d,绿茶%d,%d,%d.00,%d.00,%s,%s,交易成功,杭州\n", 9_000_000_000_000+n, n%50_000, n%300, quantity, price, quantity*price,
			ordered.Format(time.DateTime), ordered.Add(9*time.Second).Format(time.DateTime))
	}
	return text.Bytes()
}
