// Command bench measures countinghouse against bare DuckDB doing the same work on the same machine, in one run, A and B by turns. What
// counts are the ratios; seconds are of the machine. Before a figure counts, both sides must have made the same rows.
//
// Bare DuckDB is this program again, started as a child that runs one SQL file: so each side is a process whose wall time, processor
// time and peak memory the system tells.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"
)

// settings are the flags.
type settings struct {
	product string // the countinghouse binary
	output  string // table or json
	only    string
	dir     string
	models  string // the folder with the product's models
	csvMB   int
	members int
	pairs   int
	long    int
	small   int // models of a chain, and as many side by side
	// smallFiles is how many small exports are compared with one large one.
	smallFiles int
	// ledgerMembers have 30 movements of points each.
	ledgerMembers int
	// identityEdges are identifiers on accounts.
	identityEdges int
	// linkageRecords are of persons, several of each.
	linkageRecords int
}

func parse(args []string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&s.product, "countinghouse", "bin/countinghouse", "the binary to measure")
	flags.StringVar(&s.output, "output", "table", "table or json")
	flags.StringVar(&s.only, "only", "", "one benchmark: conform, smallfiles, workbook, start, models, ledger, identity, linkage, whole")
	flags.StringVar(&s.dir, "dir", "", "where to work (default: a temporary folder, removed at the end)")
	flags.StringVar(&s.models, "models", "sql", "the folder with the product's models")
	flags.IntVar(&s.csvMB, "csv-mb", 200, "size of the CSV file of the conform benchmark, in MB")
	flags.IntVar(&s.members, "members", 100_000, "members of the made-up brand of the whole run")
	flags.IntVar(&s.pairs, "pairs", 5, "pairs of a short measurement")
	flags.IntVar(&s.long, "long-pairs", 3, "pairs of a long measurement")
	flags.IntVar(&s.small, "small-models", 200, "models of the chain, and side by side, of the models benchmark")
	flags.IntVar(&s.smallFiles, "small-files", 10_000, "exports of 1,000 rows of the smallfiles benchmark")
	flags.IntVar(&s.ledgerMembers, "ledger-members", 100_000, "members of the ledger benchmark, each with 30 movements of points")
	flags.IntVar(&s.identityEdges, "identity-edges", 10_000_000, "identifiers on accounts of the identity benchmark")
	flags.IntVar(&s.linkageRecords, "linkage-records", 1_000_000, "records of persons of the linkage benchmark")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if s.output != "table" && s.output != "json" {
		return s, fmt.Errorf("-output: want table or json, got %q", s.output)
	}
	var err error
	s.product, err = filepath.Abs(s.product)
	return s, err
}

func main() {
	log.SetFlags(0)
	ctx := context.Background()
	var err error
	if len(os.Args) > 1 && os.Args[1] == childCommand {
		err = child(ctx, os.Args[2:], os.Stdout)
	} else {
		err = bench(ctx, os.Args[1:])
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		log.Fatalf("bench: %v", err)
	}
}

// benchmarks are all there is, in the order in which they run.
func benchmarks() []benchmark {
	return []benchmark{
		{"conform", benchConform},
		{"smallfiles", benchSmallFiles},
		{"workbook", benchWorkbook},
		{"start", benchStart},
		{"models", benchModels},
		{"ledger", benchLedger},
		{"identity", benchIdentity},
		{"linkage", benchLinkage},
		{"whole", benchWhole},
	}
}

type benchmark struct {
	name string
	run  func(ctx context.Context, b *bencher) error
}

func bench(ctx context.Context, args []string) (err error) {
	s, err := parse(args)
	if err != nil {
		return err
	}
	if s.dir == "" {
		if s.dir, err = os.MkdirTemp("", "countinghouse-bench-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(s.dir)) }()
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	b, head := &bencher{settings: s, self: self}, machine(time.Now())
	if warning := head.warning(); warning != "" {
		log.Print(warning)
	}
	err = b.all(ctx)
	head.LoadAfter, head.Seconds = load(), time.Since(head.At).Seconds()
	return errors.Join(err, report{head, b.results}.print(os.Stdout, s.output))
}

// all runs the benchmarks that were asked for, one after the other.
func (b *bencher) all(ctx context.Context) error {
	for _, one := range benchmarks() {
		if b.only != "" && b.only != one.name {
			continue
		}
		if err := one.run(ctx, b); err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
	}
	return nil
}
