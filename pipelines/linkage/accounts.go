package linkage

import (
	"context"
	"errors"
	"fmt"

	"countinghouse/internal/linkage"
	"countinghouse/internal/warehouse"
)

// Version enters the fingerprints of the tables made here: raise it when their rows change for the same input.
const Version = 8

// Config is what linking accounts needs to know besides its tables.
type Config struct {
	Threads int
	// Pairs of accounts are compared at most; 0: MostPairs.
	Pairs int64
	// Earlier is a query of the rows that dataset.accounts had when the month began: what is learnt is learnt from them, and so stands still for a month
	// whatever arrives. EarlierFrom is what decides them. Empty: there are none.
	Earlier, EarlierFrom string
	// Key is the secret of the keyed hashes that are kept for the next run.
	Key []byte
	// Fewest accounts are enough to learn from for a month; 0: fewestToLearn.
	Fewest int
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
		similarTable: {
			text("channel"), text("account_id"), text("other_channel"), text("other_account_id"), number("weight"), text("outcome"), text("evidence"),
		},
		modelTable: {
			text("field"), {Name: "level_no", Type: "INTEGER"}, text("level"), number("m"), number("u"), number("weight"), {Name: "by_frequency", Type: "BOOLEAN"},
		},
	}
}

const (
	similarTable = "identity.similar"
	modelTable   = "identity.model"
)

// The outcomes of a pair of accounts, in the words of identity.similar.
const (
	Accepted   = "accepted"   // sure enough to be merged
	Candidate  = "candidate"  // likely, for a person to decide
	Incoherent = "incoherent" // sure by itself, but the accounts around the two do not fit
	// Contradiction is a pair that shares a phone or an e-mail address and whose names are so different that they are two people, of one household perhaps.
	Contradiction = "contradiction"
	Conflict      = "conflict" // sure by itself, but of something that a person has once the two have different values
)

// Writer takes the tables that are made.
type Writer interface {
	// Whole takes a table as a query gives it.
	Whole(table, query string) error
	// Part takes rows that replace those of the accounts of another query in what the table was.
	Part(table, query, replaced string) error
	// Keep leaves a table as it was.
	Keep(table string) error
}

// Link compares the accounts of dataset.accounts by what they say of a person, and makes each of Tables, and of Kept what there is, from the session. It depends
// on the set of rows only, not on their order or the number of threads. Where the past, which may be nil, says enough, only the accounts that it leads to are
// compared: the tables come out the same.
func Link(ctx context.Context, session *warehouse.Session, config Config, past *Past, write Writer) (err error) {
	a := newAccounts(session, config)
	defer func() { err = errors.Join(err, a.end(ctx)) }()
	on, err := a.readParameters(ctx)
	if err != nil {
		return err
	}
	if !on {
		return a.writeNothing(ctx, write)
	}
	if past != nil {
		again := &again{session: session, config: config, past: *past}
		enough, err := again.run(ctx, write)
		if err != nil || enough {
			return err
		}
	}
	return a.whole(ctx, write)
}

// accounts is a matcher of accounts: each has one record for each way in which exports describe it.
type accounts struct {
	matcher
	config Config
	keyer  keyer
	// bits is the weight from which on a pair is accepted.
	bits float64
	// channel is the field of the channel.
	channel int
	// kinds are those of which one person has one value, by identity_rules.
	kinds []string
	// flags say of each record whether it is described so now, and was when the month began; earlier are the single values of then.
	flags   []uint8
	earlier singles
	// closed are, by record, the rules whose blocks were open to those of then and are too large now.
	closed map[int32]int64
	// restricted: the records at hand are those of some accounts, and dated: they learnt, or are to learn, from what was there when the month began.
	restricted, dated bool
	learnt            learnt
	// now and then are, by field and value, the records that have it, and had when the month began; where only some are at hand, of values that a crowd has.
	now, then [][]int32
	// owned are the fields that hold what is one person's own: phone and e-mail address.
	owned  []int
	linked linked
	rivals *linkage.Graph
	// beside is a query of accounts that are numbered and not read; outside are the pairs that those at hand have with them, and with each other beyond their
	// components.
	beside  string
	outside []linkage.Edge
}

// The flags of a record.
const (
	isNow     uint8 = 1
	isEarlier uint8 = 2
)

func newAccounts(session *warehouse.Session, config Config) *accounts {
	a := &accounts{
		matcher: matcher{session: session, options: Options{Budget: config.pairs(), Threads: max(1, config.Threads)}, unknown: unknownAccounts},
		config:  config, keyer: newKeyer(config.Key), closed: map[int32]int64{},
	}
	a.keep, a.uses = a.promisingPair, a.usesPair
	return a
}

func (a *accounts) readParameters(ctx context.Context) (on bool, err error) {
	if err := a.begin(ctx); err != nil {
		return false, err
	}
	err = a.session.QueryRow(ctx, "select getvariable('identity_model') = 'on', cast(getvariable('identity_model_bits') as double)").Scan(&on, &a.bits)
	return on, err
}

// whole compares all accounts.
func (a *accounts) whole(ctx context.Context, write Writer) error {
	steps := []struct {
		what string
		do   func(context.Context) error
	}{
		{"begin", a.begin}, {"read the accounts", a.readAll}, {"make blocks", a.blocksOfAll}, {"compare and learn", a.linkAll}, {"load what was found", a.loadFound},
	}
	for _, step := range steps {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return a.writeTables(ctx, write)
}

// usesPair says whether a pair of records that meets some rules counts for what is learnt, and whether it is one of now.
func (a *accounts) usesPair(one, other int32, rules int64) (counts, own bool) {
	both := a.flags[one] & a.flags[other]
	return both&isEarlier != 0, both&isNow != 0 && (a.everyPair || rules&^a.closed[one] != 0)
}

// promisingPair tells of a pair that is likely by what is believed, or of two people who share a phone or an e-mail address. One that a crowd has says nothing: each
// two of its accounts would be kept for it.
func (a *accounts) promisingPair(pair linkage.Pair, when uint8) bool {
	records := a.now
	if when == isEarlier {
		records = a.then
	}
	pattern := pair.Pattern
	for _, field := range a.owned {
		if pattern.Level(field) == 0 && records[field][a.table.Codes[field][pair.A]] > mostOfOne {
			pattern = pattern.Without(field)
		}
	}
	return linkage.Believed(a.table.Fields, pattern) >= plausible || a.contradicts(pattern)
}

// linkAll compares, learns from the pairs of when the month began, and scores and clusters those of now.
func (a *accounts) linkAll(ctx context.Context) error {
	if a.table.Records() < 2 {
		return nil
	}
	a.now, a.then = a.countValues(isNow), a.countValues(isEarlier)
	found, err := a.compare(ctx)
	if err != nil {
		return err
	}
	a.learn(found)
	a.score(found.pairs)
	return nil
}

// score weighs pairs by what was learnt, and clusters.
func (a *accounts) score(pairs []linkage.Pair) {
	a.linked = linked{model: a.learnt.model}
	now := func(record int32) bool { return a.flags[record]&isNow != 0 }
	a.cluster(&a.linked, pairs, a.frequencies(), now, a.table.single.values)
}
