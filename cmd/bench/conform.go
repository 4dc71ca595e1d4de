package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// benchConform compares landing and conforming one large CSV with the bare statement that types it the same way, then looks at a quarter
// of the file for how memory grows, and at the same rows in GB18030, which DuckDB itself cannot read.
func benchConform(ctx context.Context, b *bencher) error {
	size := int64(b.csvMB) << 20
	whole, err := newExport(b, "whole", size, false)
	if err != nil {
		return err
	}
	conform, err := whole.measure(ctx, "conform, UTF-8 CSV", b.pairs)
	if err != nil {
		return err
	}
	quarter, err := newExport(b, "quarter", size/4, false)
	if err != nil {
		return err
	}
	small, err := quarter.measure(ctx, "conform, a quarter of it", b.long)
	if err != nil {
		return err
	}
	chinese, err := newExport(b, "gb18030", size, true)
	if err != nil {
		return err
	}
	chinese.bare, chinese.out = whole.bare, whole.out // the same rows in UTF-8
	if _, err := chinese.measure(ctx, "conform, GB18030 CSV", b.long); err != nil {
		return err
	}
	growth := result{Name: "conform, memory of the whole to the quarter", A: side{Peak: conform.A.Peak}, B: side{Peak: small.A.Peak}, PeakRatio: conform.A.Peak / small.A.Peak}
	b.add(growth.goal(growth.PeakRatio, 1.25, "times the memory for 4 times the file"))
	return errors.Join(whole.remove(), quarter.remove(), chinese.remove())
}

// export is one made-up export with a project of its own, whose only own feed takes it.
type export struct {
	b             *bencher
	dir, csv, out string
	bare          measured
}

func newExport(b *bencher, name string, size int64, gb bool) (*export, error) {
	e := &export{b: b, dir: filepath.Join(b.dir, "conform-"+name)}
	e.csv, e.out = filepath.Join(e.dir, "bench_"+name+".csv"), filepath.Join(e.dir, "bare.parquet")
	feeds := filepath.Join(e.dir, "schemas", "feeds")
	if err := os.MkdirAll(feeds, 0o700); err != nil {
		return nil, err
	}
	encoding := "utf-8"
	if gb {
		encoding = "gb18030"
	}
	if err := os.WriteFile(filepath.Join(feeds, "bench_orders.yaml"), fmt.Appendf(nil, benchFeed, encoding), 0o600); err != nil {
		return nil, err
	}
	if err := writeCSV(e.csv, size, gb); err != nil {
		return nil, err
	}
	var err error
	e.bare, err = b.script("conform-"+name, fmt.Sprintf(bareConform, e.csv, e.out))
	return e, err
}

// measure gives the line of conform alone, and adds it, the one with landing, which copies and hashes, and the one with a landing in a process
// of its own.
func (e *export) measure(ctx context.Context, name string, n int) (result, error) {
	var lands []usage
	conform := e.b.productRun(nil, "conform", "-C", e.dir)
	conform.before = func() error {
		if err := e.empty(); err != nil {
			return err
		}
		took, err := e.b.countinghouse(ctx, nil, "land", "-C", e.dir, e.csv)
		lands = append(lands, took)
		return err
	}
	as, bs, err := pairs(ctx, n, conform, e.bare)
	if err != nil {
		return result{}, err
	}
	if err := e.check(ctx); err != nil {
		return result{}, err
	}
	both := e.b.productRun(nil, "conform", "-C", e.dir, "--land", e.csv)
	both.before = e.empty
	ingests, besides, err := pairs(ctx, n, both, e.bare)
	if err != nil {
		return result{}, err
	}
	if err := e.check(ctx); err != nil {
		return result{}, err
	}
	alone, ingest := line(name, as, bs), line(name+", landed and hashed too", ingests, besides)
	if name == "conform, UTF-8 CSV" {
		alone, ingest = alone.goal(alone.WallRatio, 1.15, "times"), ingest.goal(ingest.WallRatio, 1.15, "times")
	}
	e.b.add(alone, ingest, line(name+", landed by a process of its own", added(as, lands), bs))
	return alone, nil
}

func (e *export) empty() error { return os.RemoveAll(filepath.Join(e.dir, "store")) }

// added is what two processes took that ran one after the other.
func added(first, second []usage) []usage {
	sums := make([]usage, len(first))
	for i := range first {
		sums[i] = usage{wall: first[i].wall + second[i].wall, cpu: first[i].cpu + second[i].cpu, peak: max(first[i].peak, second[i].peak)}
	}
	return sums
}

// check fails unless both sides made the same rows.
func (e *export) check(ctx context.Context) error {
	const columns = "order_id, buyer, product, quantity, price, paid_amount, ordered_at, paid_at, status, city"
	ours := "(select " + columns + " from " + parquet(filepath.Join(e.dir, "store/files/bench_orders/*.parquet")) + ")"
	return e.b.sameRows(ctx, []string{e.csv}, []string{ours}, []string{"(select " + columns + " from " + parquet(e.out) + ")"})
}

func (e *export) remove() error { return os.RemoveAll(e.dir) }
