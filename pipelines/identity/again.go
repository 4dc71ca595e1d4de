package identity

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Past is what the merge made the last time, by the same rules, junk and key, and how its inputs have changed since.
type Past struct {
	// Tables are the queries over those of Tables and Kept as they were made.
	Tables map[string]string
	// Changed are queries: channel and account_id of every account of which a dataset has other rows than it had.
	Changed []string
	// Similar and Overrides are queries over what identity.similar and seed.identity_overrides were; empty if they are the same.
	Similar, Overrides string
	// MostAccounts says with how many accounts to merge again it is better to merge all.
	MostAccounts int64
}

// again merges a part of the accounts: those that changed, those of all components that they had a part in, and those of all components whose values
// they show now. A component holds all that can decide on its accounts, so that these come out as if all were merged. Two things reach beyond it:
//   - how many values of a kind are on how many accounts says what a crowd is: that is counted on, and if it moves the limit, all are merged;
//   - of a crowd all accounts are listed with the oldest of them. It stands in for the others, with their number, as a guest; if it would be another one, or
//     the crowd no crowd any more, the accounts of the crowd are merged too.
type again struct {
	work
	past   Past
	crowds []int
}

// run is true if it has written every table; if not, nothing is written, and all accounts are to be merged.
func (a *again) run(ctx context.Context, write Writer) (enough bool, err error) {
	steps := []struct {
		what string
		do   func(context.Context) (bool, error)
	}{
		{"read identity_rules", a.begin},
		{"find the accounts that changed", a.findChanged},
		{"read the accounts that changed", a.readChanged},
		{"find the accounts beside them", a.reach},
		{"read them", a.readReached},
		{"count what is shared", a.sameCrowds},
	}
	for _, step := range steps {
		if enough, err := step.do(ctx); err != nil || !enough {
			if err != nil {
				err = fmt.Errorf("%s: %w", step.what, err)
			}
			return false, err
		}
	}
	if err := a.merge(ctx); err != nil {
		return false, err
	}
	if err := a.checkOtherIDs(ctx); err != nil {
		return false, err
	}
	return true, writeAll(write, finalQueries(true, a.fill(overridesAgain), crowdsAgain))
}

// fill puts queries over the tables of the past into a statement, where their names stand in braces.
func (a *again) fill(statement string) string {
	var pairs []string
	for table, query := range a.past.Tables {
		pairs = append(pairs, "{"+table+"}", "("+query+")")
	}
	return strings.NewReplacer(append(pairs, "{similar}", "("+a.past.Similar+")", "{overrides}", "("+a.past.Overrides+")")...).Replace(statement)
}

func (a *again) execAll(ctx context.Context, statements ...string) error {
	for i, statement := range statements {
		statements[i] = a.fill(statement)
	}
	return a.exec(ctx, statements...)
}

// begin reads the rules, and what a crowd was by the values of the past.
func (a *again) begin(ctx context.Context) (bool, error) {
	if err := a.readRules(ctx); err != nil {
		return false, err
	}
	a.spread = newSpread(len(a.rules))
	if err := a.countOn(ctx, "from {"+spreadTable+"}", 1); err != nil {
		return false, err
	}
	a.crowds = a.spread.crowds()
	if err := a.exec(ctx, "drop schema if exists identity_work cascade", "create schema identity_work"); err != nil {
		return false, err
	}
	schema := fields("kind", arrow.BinaryTypes.String, "trust", arrow.PrimitiveTypes.Int64, "accounts_per_value", arrow.PrimitiveTypes.Int64, "most", arrow.PrimitiveTypes.Int64)
	return true, a.session.LoadRows(ctx, schema, "identity_work.bounds", len(a.rules), func(builder *array.RecordBuilder, i int) {
		builder.Field(0).(*array.StringBuilder).Append(a.rules[i].Kind)
		for field, number := range []int{a.rules[i].Trust, a.rules[i].AccountsPerValue, a.crowds[i]} {
			builder.Field(1 + field).(*array.Int64Builder).Append(int64(number))
		}
	})
}

// countOn adds to the spread, or takes from it, what a query says: a kind, a number of accounts, and how many values are on so many.
func (a *again) countOn(ctx context.Context, query string, times int) error {
	rows, err := a.session.Query(ctx, a.fill(query))
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var kind string
		var accounts, values int
		if err := rows.Scan(&kind, &accounts, &values); err != nil {
			return err
		}
		a.spread.add(a.kinds[kind], accounts, times*values)
	}
	return rows.Err()
}

// findChanged makes identity_work.changed.
func (a *again) findChanged(ctx context.Context) (bool, error) {
	queries := slices.Clone(a.past.Changed)
	if a.past.Similar != "" {
		queries = append(queries, differing("identity.similar", "{similar}", "weight, outcome"))
	}
	if a.past.Overrides != "" {
		queries = append(queries, differing("seed.identity_overrides", "{overrides}", strings.Join([]string{"action", "decided_by", "decided_on", "why"}, ", ")))
	}
	queries = append(queries, "select null::varchar as channel, null::varchar as account_id where false")
	err := a.execAll(ctx, "create table identity_work.changed as select distinct channel, account_id from (\n"+strings.Join(queries, "\nunion all\n")+
		"\n) where channel is not null and account_id is not null")
	if err != nil {
		return false, err
	}
	var changed int64
	if err := a.session.QueryRow(ctx, "select count(*) from identity_work.changed").Scan(&changed); err != nil || changed > a.past.MostAccounts {
		return false, err
	}
	return a.sameContest(ctx)
}

// differing gives both accounts of all pairs that only one of two tables has.
func differing(now, was, columns string) string {
	columns = "channel, account_id, other_channel, other_account_id, " + columns
	return `select unnest([channel, other_channel]) as channel, unnest([account_id, other_account_id]) as account_id from (
    (select ` + columns + " from " + now + " except select " + columns + " from " + was + `)
    union all
    (select ` + columns + " from " + was + " except select " + columns + " from " + now + `)
)`
}

// sameContest is false if there were no pairs that stand against each other and now there are some, or the other way about: this concerns every account.
func (a *again) sameContest(ctx context.Context) (bool, error) {
	if a.past.Similar == "" {
		return true, nil
	}
	before, err := a.contested(ctx, a.fill("{similar}"))
	if err != nil {
		return false, err
	}
	now, err := a.contested(ctx, "identity.similar")
	return before == now, err
}

// readChanged hashes what the changed accounts show now: identity_work.shown, as identity.identifiers has it.
func (a *again) readChanged(ctx context.Context) (bool, error) {
	own := work{session: a.session, config: a.config, rules: a.rules, scopes: a.scopes, kinds: a.kinds, junk: a.junk}
	if err := own.exec(ctx, accountsQuery("identity_work.changed"), evidenceQuery(a.config.Kinds, a.scopeOf)); err != nil {
		return false, err
	}
	for _, step := range []func(context.Context) error{own.readAccounts, own.readEvidence} {
		if err := step(ctx); err != nil {
			return false, err
		}
	}
	for _, load := range []func(context.Context, Result) error{own.loadValues, own.loadJudged} {
		if err := load(ctx, Result{}); err != nil {
			return false, err
		}
	}
	return true, a.exec(ctx,
		"create table identity_work.shown as "+identifiersQuery,
		"create table identity_work.changed_accounts as select channel, account_id, first_seen_at, first_run from identity_work.accounts",
		"drop table identity_work.accounts", "drop table identity_work.evidence", "drop table identity_work.hashes", "drop table identity_work.judged")
}

// reach finds the accounts to merge, identity_work.replaced, and the crowds that stay as they are, identity_work.closed.
func (a *again) reach(ctx context.Context) (bool, error) {
	if err := a.execAll(ctx, besideSQL, pastCrowdsSQL, openedSQL, reachedSQL, replacedSQL); err != nil {
		return false, err
	}
	var replaced int64
	err := a.session.QueryRow(ctx, "select count(*) from identity_work.replaced").Scan(&replaced)
	return replaced <= a.past.MostAccounts, err
}

// readReached reads the accounts to merge and their evidence.
func (a *again) readReached(ctx context.Context) (bool, error) {
	if err := a.execAll(ctx, pastIdentifiersSQL, closedSQL, accountsAgainSQL, evidenceAgainSQL, decisionsQuery); err != nil {
		return false, err
	}
	if err := a.readAccounts(ctx); err != nil {
		return false, err
	}
	var edges int
	if err := a.session.QueryRow(ctx, "select count(*) from identity_work.evidence").Scan(&edges); err != nil {
		return false, err
	}
	a.graph = NewGraph(a.rules, a.channels, edges)
	a.graph.crowds = a.crowds
	const query = "select number, account, kind, value_hash, status, first_day, last_day from identity_work.evidence"
	if err := a.session.ReadArrow(ctx, query, a.addHashes); err != nil {
		return false, err
	}
	return true, a.readClosed(ctx)
}

// addHashes reads evidence that is hashed already.
func (a *again) addHashes(reader array.RecordReader) error {
	for reader.Next() {
		batch := reader.RecordBatch()
		edges, accounts := batch.Column(0).(*array.Uint32).Uint32Values(), batch.Column(1).(*array.Uint32).Uint32Values()
		kinds, hashes, statuses := batch.Column(2).(*array.String), batch.Column(3).(*array.String), batch.Column(4).(*array.String)
		firstDays, lastDays := batch.Column(5).(*array.Int32), batch.Column(6).(*array.Int32)
		values, numbers := make([]Value, len(edges)), make([]uint32, len(edges))
		for row := range values {
			hash, err := parseHash(hashes.Value(row))
			if err != nil {
				return err
			}
			values[row] = Value{Hash: hash, Kind: a.kinds[kinds.Value(row)], Status: parseStatus(statuses.Value(row))}
		}
		a.graph.Number(values, numbers)
		for row, edge := range edges {
			a.graph.Set(edge, accounts[row], numbers[row], firstDays.Value(row), lastDays.Value(row))
		}
	}
	return reader.Err()
}

func parseHash(text string) (hash Hash, err error) {
	if _, err := hex.Decode(hash[:], []byte(text)); err != nil {
		return hash, fmt.Errorf("a hash of before: %w", err)
	}
	return hash, nil
}

// parseStatus reads a status of identity.identifiers. That a value is shared is what a merge finds: as evidence it is like any other.
func parseStatus(text string) Status {
	for _, status := range []Status{Junk, Masked} {
		if text == status.String() {
			return status
		}
	}
	return Used
}

// readClosed reads on how many accounts the crowds are that stay crowds.
func (a *again) readClosed(ctx context.Context) error {
	rows, err := a.session.Query(ctx, "select value_hash, accounts_now from identity_work.closed")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	a.graph.everywhere = map[uint32]int{}
	for rows.Next() {
		var text string
		var accounts int
		if err := rows.Scan(&text, &accounts); err != nil {
			return err
		}
		hash, err := parseHash(text)
		if err != nil {
			return err
		}
		value, _ := a.graph.values.number(hash)
		a.graph.everywhere[value] = accounts
	}
	return rows.Err()
}

// sameCrowds counts on how values are spread, and is false if a crowd is something else by now.
func (a *again) sameCrowds(ctx context.Context) (bool, error) {
	if err := a.countOn(ctx, spreadBefore, -1); err != nil {
		return false, err
	}
	for kind, counts := range a.graph.spreadOf(a.graph.holders()) {
		for accounts, values := range counts {
			a.spread.add(uint8(kind), accounts, values) //nolint:gosec // there are less than 256 rules
		}
	}
	now := a.spread.crowds()
	for kind, was := range a.crowds {
		if now[kind] != was && a.spread.reaches(a.rules[kind], kind, min(now[kind], was)) {
			return false, nil
		}
	}
	a.graph.crowds = now
	return true, nil
}

// checkOtherIDs is checkIDs against the customers that are not merged again.
func (a *again) checkOtherIDs(ctx context.Context) error {
	var id *string
	if err := a.session.QueryRow(ctx, a.fill(sameIDs)).Scan(&id); err != nil || id == nil {
		return err
	}
	return sameID(*id)
}
