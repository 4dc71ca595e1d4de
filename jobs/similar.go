package jobs

import (
	"context"
	"fmt"
	"strings"

	"countinghouse/internal/contract"
	"countinghouse/internal/keyedhash"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/build"
	"countinghouse/pipelines/linkage"
)

const accountsTable = "dataset.accounts"

func similarStep(config linkage.Config) build.Step {
	return build.Step{
		Name: "similar", Version: linkage.Version, Definition: config.Definition(), Inputs: linkage.Inputs(), Parameters: linkage.Parameters(), Tables: linkage.Tables(),
		Kept: linkage.Kept(),
		Run: func(ctx context.Context, session *warehouse.Session, write build.TableWriter, before *build.Before) error {
			past, err := pastSimilar(ctx, session, before)
			if err != nil {
				return err
			}
			return linkage.Link(ctx, session, config, past, &similarRun{ctx, session, write, before, map[string]*build.Keys{}})
		},
	}
}

// earlierAccounts is a query of what some files showed of accounts, and what decides its rows.
func earlierAccounts(registry *contract.Registry, files map[string][]FeedFile, key []byte) (query, from string) {
	dataset, found := registry.Dataset("accounts")
	if !found {
		return "", ""
	}
	parts := []string{datasetShape(registry, dataset), "-- key " + keyedhash.Text(key, "fingerprint of the key")}
	for _, feed := range registry.Giving(dataset.Dataset) {
		for _, file := range files[feed.Feed] {
			parts = append(parts, "-- "+feed.Feed+" "+file.Stored.FileHash+" "+contractOf(file))
		}
	}
	return datasetSQL(registry, dataset, files, func(file FeedFile) contract.ConformedFile { return file.Local }), strings.Join(parts, "\n")
}

// pastSimilar is what was compared before, if it can be gone on from: what was learnt is the same then, since it decides the step's definition.
func pastSimilar(ctx context.Context, session *warehouse.Session, before *build.Before) (*linkage.Past, error) {
	if before == nil || !before.Inputs["seed.identity_rules"].Same {
		return nil, nil
	}
	past := linkage.Past{Tables: map[string]string{}}
	for name, table := range before.Tables {
		past.Tables[name] = table.Query
		if len(table.Parts) > mostParts {
			return nil, nil
		}
	}
	for name := range linkage.Kept() {
		if past.Tables[name] == "" {
			return nil, nil
		}
	}
	accounts := before.Inputs[accountsTable]
	if !accounts.Same {
		if accounts.Fresh == "" {
			return nil, nil
		}
		past.Changed = accounts.Changed(accountsTable, "channel", "account_id")
	}
	past.MostAccounts = mostAgain(before.Tables[linkage.DescribedTable])
	for name, was := range before.Parameters {
		var same bool
		if err := session.QueryRow(ctx, "select "+was+" is not distinct from getvariable("+warehouse.Quote(name)+")").Scan(&same); err != nil || !same {
			return nil, err
		}
	}
	return &past, nil
}

// similarRun writes the tables of one comparison.
type similarRun struct {
	ctx     context.Context //nolint:containedctx // of the one run
	session *warehouse.Session
	write   build.TableWriter
	before  *build.Before
	keys    map[string]*build.Keys // by the query of the accounts whose rows are replaced
}

func (r *similarRun) Whole(table, query string) error { return r.write.Query(r.ctx, table, query) }

func (r *similarRun) Keep(table string) error {
	for _, part := range r.before.Tables[table].Parts {
		r.write.TakeOver(part)
	}
	return nil
}

func (r *similarRun) Part(table, query, replaced string) error {
	if err := r.Keep(table); err != nil {
		return err
	}
	var accounts int64
	if err := r.session.QueryRow(r.ctx, "select count(*) from ("+replaced+")").Scan(&accounts); err != nil || accounts == 0 {
		return err
	}
	if r.keys[replaced] == nil {
		keys, err := r.write.Keys(r.ctx, []string{"channel", "account_id"}, replaced)
		if err != nil {
			return fmt.Errorf("which accounts are replaced: %w", err)
		}
		r.keys[replaced] = keys
	}
	return r.write.Part(table, r.keys[replaced]).Query(r.ctx, query)
}
