package main

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"countinghouse/internal/warehouse"
	"countinghouse/jobs"
	"countinghouse/pipelines/build"
	"countinghouse/pipelines/identity"
)

//go:embed script/identity_day.sql
var identityDaySQL string

// The accounts, of 1,000, that a small and a large day bring, and as many that it exports again with a new phone. The small one is a part of what the large
// one's whole has before it.
const smallDay, largeDay = 1, 3

// benchIdentityDays measures a merge that goes on for a day against one that is made as a whole, both as a build makes and stores it, from what exports say of
// accounts. They must have the same rows.
func benchIdentityDays(ctx context.Context, b *bencher, dir string) error {
	sides := map[string]measured{}
	store := func(name string) string { return dayStore(dir, name) }
	for name, text := range identityDayScripts(dir, b.identityEdges) {
		var err error
		if sides[name], err = b.script("identity-"+name, text); err != nil {
			return err
		}
	}
	for _, name := range []string{"days", "before"} {
		if _, err := sides[name].run(ctx); err != nil {
			return err
		}
	}
	whole := sides["whole"]
	whole.before = func() error { return os.RemoveAll(store("whole")) }
	for _, day := range []string{"small", "large"} {
		goesOn := sides[day]
		goesOn.before = func() error { return linkFolder(store("before"), store(day)) }
		size := map[string]int{"small": smallDay, "large": largeDay}[day]
		made, err := compare(ctx, fmt.Sprintf("identity, %d edges, a day with 2 x 0.%d %% of the accounts against the whole", b.identityEdges, size), b.long, goesOn, whole)
		if err != nil {
			return err
		}
		b.add(made.goal(made.WallRatio, 0.1, "times"))
	}
	return sameStored(ctx, b, slices.Sorted(maps.Keys(identity.Tables())), store("large"), store("whole"))
}

func dayStore(dir, name string) string { return filepath.Join(dir, "store-"+name) }

// identityDayScripts are the script that makes exports up, and the builds over them.
func identityDayScripts(dir string, edges int) map[string]string {
	fill := strings.NewReplacer("{dir}", dir, "{accounts}", fmt.Sprint(edges*5/11), "{small}", fmt.Sprint(smallDay), "{large}", fmt.Sprint(largeDay))
	scripts := map[string]string{"days": fill.Replace(identityDaySQL)}
	for name, files := range map[string]string{"before": "before", "small": "before,small", "large": "before,large", "whole": "before,large"} {
		scripts[name] = stepMark + strings.Join([]string{"identity-build", dir, dayStore(dir, name), files}, " ") + "\n"
	}
	return scripts
}

// sameStored holds tables of two stores to the same rows.
func sameStored(ctx context.Context, b *bencher, names []string, store, other string) error {
	var ours, theirs []string
	for _, name := range names {
		for store, relations := range map[string]*[]string{store: &ours, other: &theirs} {
			relation, err := storedRelation(ctx, store, name)
			if err != nil {
				return err
			}
			*relations = append(*relations, relation)
		}
	}
	return b.sameRows(ctx, names, ours, theirs)
}

// buildIdentity merges the accounts of some Parquet files in a store: what it is given is their folder, the store, and their names. Of the store's last build it
// is told.
func buildIdentity(ctx context.Context, session *warehouse.Session, scratch, argument string) error {
	arguments := strings.Fields(argument)
	if len(arguments) != 3 {
		return fmt.Errorf("identity-build: want a folder, a store and files, got %q", argument)
	}
	dir, store, files := arguments[0], arguments[1], strings.Split(arguments[2], ",")
	config := identity.Config{Kinds: []string{"member_no", "phone", "email"}, Key: []byte(hashKey), Region: "CN"}
	steps := slices.DeleteFunc(jobs.Steps(jobs.StepOptions{Identity: config}), func(step build.Step) bool { return step.Name != "identity" })
	return buildInStore(ctx, session, scratch, store, append(identityInputs(), fileDataset("dataset.accounts", dir, files)), steps, nil)
}

// identityInputs are what the merge reads besides accounts: rules as the product has them, and nothing else.
func identityInputs() []build.Dataset {
	queries := map[string]string{
		"seed.identity_rules": `select * from (values ('member_no', 1, 'global', 1, 50, null, null), ('phone', 4, 'global', 5, 20, 3, null), ('email', 5, 'global', 5, 20, 3, null),
			('privacy_phone', 6, 'global', null, 5, 2, 15)) as t(kind, trust, scope, values_per_customer, accounts_per_value, accounts_per_channel, valid_days)`,
		"seed.identity_junk": "select 'phone' as kind, '13800138000' as value",
		"seed.identity_overrides": `select null::varchar as action, null::varchar as channel, null::varchar as account_id, null::varchar as other_channel, null::varchar as other_account_id,
			null::varchar as decided_by, null::date as decided_on, null::varchar as why where false`,
		"identity.similar": `select null::varchar as channel, null::varchar as account_id, null::varchar as other_channel, null::varchar as other_account_id,
			null::double as weight, null::varchar as outcome where false`,
	}
	for _, mention := range identity.Mentions() {
		if mention.Table != "dataset.accounts" {
			queries[mention.Table] = `select null::varchar as channel, null::varchar as account_id, null::varchar as account_channel, null::varchar as referrer_account_id,
				null::timestamp as ordered_at, null::timestamp as paid_at, null::timestamp as refunded_at, null::timestamp as occurred_at, null::timestamp as issued_at,
				null::timestamp as sent_at, null::timestamp as joined_at, null::timestamp as exported_at where false`
		}
	}
	var datasets []build.Dataset
	for name, query := range queries {
		datasets = append(datasets, build.Dataset{Name: name, Query: query, Definition: query})
	}
	return datasets
}
