package main

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"countinghouse/internal/warehouse"
	"countinghouse/jobs"
	"countinghouse/pipelines/build"
	"countinghouse/pipelines/linkage"
)

//go:embed script/linkage_day.sql
var linkageDaySQL string

// linkageDays is the share of the records of persons of which accounts are made for the days: a build as a whole takes as long as the link of a file.
const linkageDays = 4

// benchLinkageDays measures a day more of similar accounts against comparing all, both as a build makes and stores it. They must have the same rows.
func benchLinkageDays(ctx context.Context, b *bencher, dir string) error {
	records := b.linkageRecords / linkageDays
	sides := map[string]measured{}
	for name, text := range linkageDayScripts(dir, records) {
		var err error
		if sides[name], err = b.script("linkage-day-"+name, text, "-memory", linkageMemory); err != nil {
			return err
		}
	}
	for _, name := range []string{"people", "days", "before"} {
		if _, err := sides[name].run(ctx); err != nil {
			return err
		}
	}
	whole := sides["whole"]
	whole.before = func() error { return os.RemoveAll(dayStore(dir, "whole")) }
	for _, day := range []string{"small", "large"} {
		goesOn := sides[day]
		goesOn.before = func() error { return linkFolder(dayStore(dir, "before"), dayStore(dir, day)) }
		size := map[string]int{"small": smallDay, "large": largeDay}[day]
		made, err := compare(ctx, fmt.Sprintf("similar, %d accounts, a day with 2 x 0.%d %% of them against the whole", records, size), 1, goesOn, whole)
		if err != nil {
			return err
		}
		b.add(made.goal(made.WallRatio, 0.1, "times"))
	}
	names := slices.Sorted(maps.Keys(linkage.Tables()))
	return sameStored(ctx, b, names, dayStore(dir, "large"), dayStore(dir, "whole"))
}

// linkageDayScripts are the scripts that make records and exports of them up, and the builds over them.
func linkageDayScripts(dir string, records int) map[string]string {
	fill := strings.NewReplacer("{dir}", dir, "{records}", fmt.Sprint(records), "{small}", fmt.Sprint(smallDay), "{large}", fmt.Sprint(largeDay))
	scripts := map[string]string{"people": fill.Replace(personsSQL), "days": fill.Replace(linkageDaySQL)}
	for name, files := range map[string]string{"before": "before", "small": "before,small", "large": "before,large", "whole": "before,large"} {
		scripts[name] = stepMark + strings.Join([]string{"similar-build", dir, dayStore(dir, name), files}, " ") + "\n"
	}
	return scripts
}

// buildSimilar compares the accounts of some Parquet files in a store: what it is given is their folder, the store, and their names. What the first says was there
// when the month began. Of the store's last build it is told.
func buildSimilar(ctx context.Context, session *warehouse.Session, scratch, argument string) error {
	arguments := strings.Fields(argument)
	if len(arguments) != 3 {
		return fmt.Errorf("similar-build: want a folder, a store and files, got %q", argument)
	}
	dir, store, files := arguments[0], arguments[1], strings.Split(arguments[2], ",")
	values := map[string]any{"identity_model": "on", "identity_model_bits": 4.0}
	session.SetVariables(values)
	earlier := "from read_parquet(" + warehouse.Quote(filepath.Join(dir, files[0]+".parquet")) + ")"
	config := linkage.Config{Threads: runtime.GOMAXPROCS(0), Key: []byte(hashKey), Earlier: earlier, EarlierFrom: earlier}
	steps := slices.DeleteFunc(jobs.Steps(jobs.StepOptions{Linkage: config}), func(step build.Step) bool { return step.Name != "similar" })
	const rules = "select * from (values ('member_no', 'global', 1), ('birthday', 'global', 1)) as t(kind, scope, values_per_customer)"
	datasets := []build.Dataset{{Name: "seed.identity_rules", Query: rules, Definition: rules}, fileDataset("dataset.accounts", dir, files)}
	return buildInStore(ctx, session, scratch, store, datasets, steps, values)
}
