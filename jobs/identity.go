package jobs

import (
	"context"
	"fmt"

	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/build"
	"countinghouse/pipelines/identity"
)

func identityStep(config identity.Config) build.Step {
	return build.Step{
		Name: "identity", Version: identity.Version, Definition: config.Definition(), Inputs: identity.Inputs(), Tables: identity.Tables(), Kept: identity.Kept(),
		Run: func(ctx context.Context, session *warehouse.Session, write build.TableWriter, before *build.Before) error {
			run := identityRun{session: session, write: write, before: before}
			return identity.Run(ctx, session, config, pastIdentity(before), func(table, query string, some bool) error { return run.table(ctx, table, query, some) })
		},
	}
}

// pastIdentity is what was merged before, if it can be gone on from.
func pastIdentity(before *build.Before) *identity.Past {
	if before == nil || !before.Inputs["seed.identity_rules"].Same || !before.Inputs["seed.identity_junk"].Same {
		return nil
	}
	past := identity.Past{Tables: map[string]string{}}
	for name, table := range before.Tables {
		past.Tables[name] = table.Query
	}
	for name := range identity.Kept() {
		if past.Tables[name] == "" {
			return nil
		}
	}
	for _, mention := range identity.Mentions() {
		change := before.Inputs[mention.Table]
		if !change.Same && change.Fresh == "" {
			return nil
		}
		if !change.Same {
			past.Changed = append(past.Changed, change.Changed(mention.Table, mention.Channel+" as channel", mention.Account+" as account_id"))
		}
	}
	for table, was := range map[string]*string{"identity.similar": &past.Similar, "seed.identity_overrides": &past.Overrides} {
		change := before.Inputs[table]
		if *was = change.Was; !change.Same && change.Was == "" {
			return nil
		}
	}
	past.MostAccounts = mostAgain(before.Tables["identity.account_customers"])
	return &past
}

// mostAgain is how many of the keys of a table's rows may be made again before it is better made as a whole.
func mostAgain(table build.Stored) int64 {
	if len(table.Parts) > mostParts {
		return -1
	}
	stored := int64(0)
	for _, part := range table.Parts {
		stored += part.Rows
	}
	// worthless of what would be stored then: stored - rows + again <= worthless * (stored + again).
	return int64((float64(table.Rows) - (1-worthless)*float64(stored)) / (1 - worthless))
}

// identityRun writes the tables of one merge.
type identityRun struct {
	session *warehouse.Session
	write   build.TableWriter
	before  *build.Before
	keys    *build.Keys // of the accounts whose rows are replaced, once they are needed
}

func (r *identityRun) table(ctx context.Context, table, query string, some bool) error {
	if !some {
		return r.write.Query(ctx, table, query)
	}
	for _, part := range r.before.Tables[table].Parts {
		r.write.TakeOver(part)
	}
	var replaced int64
	if err := r.session.QueryRow(ctx, "select count(*) from identity_work.replaced").Scan(&replaced); err != nil || replaced == 0 {
		return err
	}
	if r.keys == nil {
		var err error
		if r.keys, err = r.write.Keys(ctx, []string{"channel", "account_id"}, "from identity_work.replaced"); err != nil {
			return fmt.Errorf("which accounts are replaced: %w", err)
		}
	}
	return r.write.Part(table, r.keys).Query(ctx, query)
}
