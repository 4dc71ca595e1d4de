package linkage

import (
	"context"
	"errors"
	"fmt"

	"countinghouse/internal/linkage"
	"countinghouse/internal/warehouse"
)

// Version enters the fingerprints of the tables made here: raise it when their rows change for the same input.
const Version = 2

// Config is what linking accounts needs to know besides its tables.
type Config struct {
	Threads int
	// Pairs of accounts are compared at most; 0: MostPairs.
	Pairs int64
}

// Inputs are the tables that linking accounts reads.
func Inputs() []string { return []string{"dataset.accounts", "seed.identity_rules"} }

// Parameters are those of the project that it reads.
func Parameters() []string { return []string{"identity_model", "identity_model_bits"} }

// Tables are the tables that it makes, with their columns. No value of a person is in them.
func Tables() map[string][]warehouse.Column {
	text := func(name string) warehouse.Column { return warehouse.Column{Name: name, Type: "VARCHAR"} }
	number := func(name string) warehouse.Column { return warehouse.Column{Name: name, Type: "DOUBLE"} }
	return map[string][]warehouse.Column{
		"identity.similar": {
			text("channel"), text("account_id"), text("other_channel"), text("other_account_id"), number("weight"), text("outcome"), text("evidence"),
		},
		"identity.model": {
			text("field"), {Name: "level_no", Type: "INTEGER"}, text("level"), number("m"), number("u"), number("weight"), {Name: "by_frequency", Type: "BOOLEAN"},
		},
	}
}

// The outcomes of a pair of accounts, in the words of identity.similar.
const (
	Accepted   = "accepted"   // sure enough to be merged
	Candidate  = "candidate"  // likely, for a person to decide
	Incoherent = "incoherent" // sure by itself, but the accounts around the two do not fit
	// Contradiction is a pair that shares a phone or an e-mail address and whose names are so different that they are two people, of one household perhaps.
	Contradiction = "contradiction"
	Conflict      = "conflict" // sure by itself, but of something that a person has once the two have different values
)

// Link compares the accounts of dataset.accounts by what they say of a person, and makes each of Tables by a query over the session. It depends on the
// set of rows only, not on their order or the number of threads.
func Link(ctx context.Context, session *warehouse.Session, config Config, write func(table, query string) error) (err error) {
	a := &accounts{matcher: matcher{session: session, options: Options{Budget: config.pairs(), Threads: max(1, config.Threads)}, unknown: unknownAccounts}}
	a.keep = a.contradicts
	defer func() { err = errors.Join(err, a.end(ctx)) }()
	if err := a.begin(ctx); err != nil {
		return err
	}
	on, err := a.readParameters(ctx)
	if err != nil {
		return err
	}
	steps := []struct {
		what string
		do   func(context.Context) error
	}{{"read the accounts", a.read}, {"make blocks", a.makeBlocks}, {"link", a.link}}
	for _, step := range steps {
		if !on {
			break
		}
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return a.writeTables(ctx, write)
}

// accounts is a matcher of accounts: each has one record for each way in which exports describe it.
type accounts struct {
	matcher
	// bits is the weight from which on a pair is accepted.
	bits   float64
	linked linked
	rivals *linkage.Graph
	// counts are, by field and value, the records that have it; of fields that were asked for.
	counts [linkage.MostFields][]int32
}

func (a *accounts) readParameters(ctx context.Context) (on bool, err error) {
	err = a.session.QueryRow(ctx, "select getvariable('identity_model') = 'on', cast(getvariable('identity_model_bits') as double)").Scan(&on, &a.bits)
	return on, err
}

func (a *accounts) link(ctx context.Context) (err error) {
	if a.table.Records() < 2 {
		return nil
	}
	a.linked, err = a.fit(ctx)
	return err
}
