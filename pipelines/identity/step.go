package identity

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"countinghouse/internal/warehouse"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Writer takes a finished table as a query over the session. If some is true, the query gives the rows of the accounts of identity_work.replaced alone,
// and those of all other accounts stay what they were.
type Writer func(table, query string, some bool) error

// Run merges the accounts of the session's datasets and writes every one of Tables, and of Kept what there is. DuckDB numbers the accounts and finds file and
// line again; Go sees numbers, hashes and one pass of text. Where the past, which may be nil, says enough, only the accounts that it leads to are merged again:
// the tables come out the same.
func Run(ctx context.Context, session *warehouse.Session, config Config, past *Past, write Writer) (err error) {
	defer func() {
		_, dropErr := session.Exec(context.WithoutCancel(ctx), "drop schema if exists identity_work cascade")
		err = errors.Join(err, dropErr)
	}()
	if past != nil {
		again := &again{work: work{session: session, config: config}, past: *past}
		enough, err := again.run(ctx, write)
		if err != nil || enough {
			return err
		}
	}
	work := &work{session: session, config: config}
	return work.run(ctx, write)
}

// run merges all accounts.
func (w *work) run(ctx context.Context, write Writer) error {
	if err := w.readRules(ctx); err != nil {
		return fmt.Errorf("read identity_rules: %w", err)
	}
	err := w.exec(ctx, "drop schema if exists identity_work cascade", "create schema identity_work", accountsQuery(""),
		evidenceQuery(w.config.Kinds, w.scopeOf), decisionsQuery)
	if err != nil {
		return fmt.Errorf("number the accounts: %w", err)
	}
	if err := w.readAccounts(ctx); err != nil {
		return fmt.Errorf("read accounts: %w", err)
	}
	if err := w.readEvidence(ctx); err != nil {
		return fmt.Errorf("read identifiers: %w", err)
	}
	if err := w.merge(ctx); err != nil {
		return err
	}
	return writeAll(write, finalQueries(false, overridesQuery, crowdsQuery))
}

// merge merges what was read and gives it back to the session.
func (w *work) merge(ctx context.Context) error {
	if err := w.readDecisions(ctx); err != nil {
		return fmt.Errorf("read identity_overrides: %w", err)
	}
	likeness, err := w.readLikeness(ctx)
	if err != nil {
		return fmt.Errorf("read similar accounts: %w", err)
	}
	result, standing := w.graph.Merge(w.decisions, likeness), w.graph.Standing(w.decisions, likeness)
	if w.spread != nil {
		standing.Spread = w.spread
	}
	if err := w.writeBack(ctx, result, standing); err != nil {
		return fmt.Errorf("write back: %w", err)
	}
	return nil
}

func writeAll(write Writer, tables []final) error {
	for _, one := range tables {
		if err := write(one.table, one.query, one.some); err != nil {
			return fmt.Errorf("write %s: %w", one.table, err)
		}
	}
	return nil
}

type work struct {
	session  *warehouse.Session
	config   Config
	rules    []Rule
	scopes   []string // by rule: within what a value counts
	kinds    map[string]uint8
	junk     map[string]bool   // kind, 0x1f, normalised value
	ids      []customerID      // by account number
	days     []int32           // by account number: the day it was first seen, since 1970-01-01
	channels []uint16          // by account number
	names    map[uint16]string // of channels
	graph    *Graph
	// decisions are those between two known accounts, decided their numbers in identity_work.decisions.
	decisions []Decision
	decided   []int64
	spread    spread // of all values, where the graph has those of some accounts
}

// exec runs statements, one after the other.
func (w *work) exec(ctx context.Context, statements ...string) error {
	for _, statement := range statements {
		if _, err := w.session.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// The scopes of rules. The others are columns of dataset.accounts: a value counts within what these say, and where they say nothing within its channel.
const (
	everywhere    = "global"
	withinChannel = "channel"
)

// scopeOf gives the SQL of what a kind's values count within, besides the channel.
func (w *work) scopeOf(kind string) string {
	rule, found := w.kinds[kind]
	if !found || w.scopes[rule] == everywhere || w.scopes[rule] == withinChannel {
		return "''"
	}
	name := w.scopes[rule]
	return "coalesce(" + warehouse.Quote(name+"=") + " || nullif(trim(" + warehouse.QuoteName(name) + "), ''), '')"
}

// evidenceQuery gives every value seen on every account once, with a line of the first export that shows it. Accounts and kinds are numbers by
// then, since grouping by text costs several times as much.
func evidenceQuery(kinds []string, scopeOf func(kind string) string) string {
	parts := make([]string, len(kinds))
	for i, kind := range kinds {
		name := warehouse.QuoteName(kind)
		parts[i] = fmt.Sprintf("select account, %d as kind_no, cast(%s as varchar) as value, %s as scope, exported_at, place from mentions where %s is not null", i, name, scopeOf(kind), name)
	}
	return `create table identity_work.evidence as
with mentions as materialized (
    select
        accounts.account, given.exported_at, coalesce(epoch_ms(given.exported_at), 0) || chr(31) || given.source_file || chr(31) || given.source_row as place,
        given.app_id, given.shop_id, given.brand, given.` + strings.Join(kinds, ", given.") + `
    from dataset.accounts as given
    inner join identity_work.accounts as accounts using (channel, account_id)
),
single_values as (
    ` + strings.Join(parts, "\n    union all ") + `
),
distinct_values as (
    select
        account, kind_no, value, scope,
        min(exported_at) as first_seen_at,
        max(exported_at) as last_seen_at,
        min(place) as place
    from single_values
    where value <> ''
    group by account, kind_no, value, scope
)
select
    cast(row_number() over (order by account, kind_no, value, scope) - 1 as uinteger) as number,
    account, kind_no, value, scope, first_seen_at, last_seen_at,
    ` + dayNumber("first_seen_at") + ` as first_day,
    ` + dayNumber("last_seen_at") + ` as last_day,
    split_part(place, chr(31), 2) as source_file,
    split_part(place, chr(31), 3)::bigint as source_row
from distinct_values`
}

// dayNumber is a time's day since 1970-01-01 in SQL; what has no time was always there.
func dayNumber(column string) string {
	return "cast(coalesce(date_diff('day', date '1970-01-01', cast(" + column + " as date)), 0) as integer)"
}

// overrideKind is the rule of decisions, and how a customer came to an account that a person gave to it.
const overrideKind = "override"

func (w *work) readRules(ctx context.Context) error {
	rows, err := w.session.Query(ctx, `select kind, trust, coalesce(scope, 'global'), coalesce(values_per_customer, 0), coalesce(accounts_per_value, 0),
		coalesce(accounts_per_channel, 0), coalesce(valid_days, 0) from seed.identity_rules order by trust, kind`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	w.kinds = map[string]uint8{}
	for rows.Next() {
		var rule Rule
		var scope string
		if err := rows.Scan(&rule.Kind, &rule.Trust, &scope, &rule.ValuesPerCustomer, &rule.AccountsPerValue, &rule.AccountsPerChannel, &rule.ValidDays); err != nil {
			return err
		}
		if !slices.Contains([]string{everywhere, withinChannel, "app_id", "shop_id", "brand"}, scope) {
			return fmt.Errorf("the scope of %s is %q: want global, channel, app_id, shop_id or brand", rule.Kind, scope)
		}
		w.kinds[rule.Kind] = uint8(len(w.rules))
		w.rules, w.scopes = append(w.rules, rule), append(w.scopes, scope)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	w.rules, w.scopes = append(w.rules, Rule{Kind: similarKind}, Rule{Kind: overrideKind}), append(w.scopes, everywhere, everywhere)
	if err := w.withRules(); err != nil {
		return err
	}
	return w.readJunk(ctx)
}

// withRules leaves out the kinds that have no rule: a brand's own rules may be older than a kind, and what they do not name is no evidence. A rule that
// names no kind is a slip of the pen, which would leave a kind out.
func (w *work) withRules() error {
	for _, kind := range slices.Sorted(maps.Keys(w.kinds)) {
		if kind != lentPhone && !slices.Contains(w.config.Kinds, kind) {
			return fmt.Errorf("no kind of identifier is called %q: want %s or %s", kind, strings.Join(w.config.Kinds, ", "), lentPhone)
		}
	}
	w.config.Kinds = slices.DeleteFunc(slices.Clone(w.config.Kinds), func(kind string) bool { _, found := w.kinds[kind]; return !found })
	if len(w.config.Kinds) == 0 {
		return errors.New("no kind of identifier has a rule: add lines to sql/seeds/identity_rules.csv")
	}
	return nil
}

func (w *work) readJunk(ctx context.Context) error {
	rows, err := w.session.Query(ctx, "select kind, value from seed.identity_junk")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	w.junk = map[string]bool{}
	for rows.Next() {
		var kind, value string
		if err := rows.Scan(&kind, &value); err != nil {
			return err
		}
		normal, _ := Normalise(kind, value, w.config.Region)
		w.junk[kind+"\x1f"+normal] = true
	}
	return rows.Err()
}

func (w *work) readAccounts(ctx context.Context) error {
	w.names = map[uint16]string{}
	query := "select channel, account_id, channel_no, " + dayNumber("first_seen_at") + " from identity_work.accounts order by account"
	return w.session.ReadArrow(ctx, query, func(reader array.RecordReader) error {
		for reader.Next() {
			batch := reader.RecordBatch()
			channels, accounts, numbers := batch.Column(0).(*array.String), batch.Column(1).(*array.String), batch.Column(2).(*array.Uint16)
			w.channels = append(w.channels, numbers.Uint16Values()...)
			w.days = append(w.days, batch.Column(3).(*array.Int32).Int32Values()...)
			start := len(w.ids)
			w.ids = append(w.ids, make([]customerID, batch.NumRows())...)
			share(int(batch.NumRows()), func(from, to int) {
				hasher := newHasher(w.config.Key)
				for row := from; row < to; row++ {
					w.ids[start+row] = hasher.accountID(channels.Value(row), accounts.Value(row))
				}
			})
			for row := range int(batch.NumRows()) {
				if _, known := w.names[numbers.Value(row)]; !known {
					w.names[numbers.Value(row)] = strings.Clone(channels.Value(row)) // the batch's memory is lent
				}
			}
		}
		return nil
	})
}

func (w *work) readEvidence(ctx context.Context) error {
	var edges int
	if err := w.session.QueryRow(ctx, "select count(*) from identity_work.evidence").Scan(&edges); err != nil {
		return err
	}
	if most := mostValues(len(w.rules)); edges > most {
		return fmt.Errorf("%d identifiers on accounts, more than the %d that can be numbered", edges, most)
	}
	w.graph = NewGraph(w.rules, w.channels, edges)
	const query = "select number, account, kind_no, value, scope, first_day, last_day from identity_work.evidence"
	err := w.session.ReadArrow(ctx, query, func(reader array.RecordReader) error {
		for reader.Next() {
			w.addBatch(reader.RecordBatch())
		}
		return nil
	})
	if err != nil {
		return err
	}
	return w.joinSpellings(ctx)
}

func (w *work) addBatch(batch arrow.RecordBatch) {
	edges, accounts := batch.Column(0).(*array.Uint32).Uint32Values(), batch.Column(1).(*array.Uint32).Uint32Values()
	kinds, texts := batch.Column(2).(*array.Int32), batch.Column(3).(*array.String)
	scopes, firstDays, lastDays := batch.Column(4).(*array.String), batch.Column(5).(*array.Int32), batch.Column(6).(*array.Int32)
	values, numbers := make([]Value, len(edges)), make([]uint32, len(edges))
	share(len(values), func(from, to int) {
		hasher := w.config.valueHasher()
		for row := from; row < to; row++ {
			values[row] = w.value(hasher, w.config.Kinds[kinds.Value(row)], texts.Value(row), scopes.Value(row), w.channels[accounts[row]])
		}
	})
	w.graph.Number(values, numbers)
	for row, edge := range edges {
		w.graph.Set(edge, accounts[row], numbers[row], firstDays.Value(row), lastDays.Value(row))
	}
}

// hands is how many goroutines normalise and hash: a keyed hash takes longer than all else that is done with a value.
const hands = 4

// share parts rows among the hands and waits for all.
func share(rows int, do func(from, to int)) {
	var all sync.WaitGroup
	for hand := range hands {
		all.Go(func() { do(rows*hand/hands, rows*(hand+1)/hands) })
	}
	all.Wait()
}

// value makes a value of what an export says.
func (w *work) value(hasher *hasher, kind, text, scope string, channel uint16) Value {
	normal, status := Normalise(kind, text, w.config.Region)
	if w.junk[kind+"\x1f"+normal] {
		status = Junk
	}
	rule := w.ruleOf(kind, normal)
	switch {
	case w.scopes[rule] == everywhere:
		scope = ""
	case scope == "":
		scope = w.names[channel]
	}
	return Value{Hash: hasher.sum(kind, scope, normal), Kind: rule, Status: status}
}

// lentPhone is the rule of phone numbers that a platform lends out. A brand whose own rules do not have it has those of phones.
const lentPhone = "privacy_phone"

func (w *work) ruleOf(kind, normal string) uint8 {
	if rule, found := w.kinds[lentPhone]; found && kind == "phone" && isLent(normal) {
		return rule
	}
	return w.kinds[kind]
}
