package linkage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"countinghouse/internal/warehouse"

	"github.com/apache/arrow-go/v18/arrow/array"
)

// Past is what was made the last time, by the same rules, parameters and key and from the same accounts of when the month began.
type Past struct {
	// Tables are queries over those of Tables and Kept as they were made.
	Tables map[string]string
	// Changed is a query of channel and account_id: every account of which dataset.accounts has other rows than it had; empty if it has the same.
	Changed string
	// MostAccounts says with how many accounts to compare again it is better to compare all.
	MostAccounts int64
}

// again compares some of the accounts: by what was learnt when the month began, which stands still.
//
//   - The accounts that say something else than they did (changed), and those of blocks that are open or closed by now, and of crowds that have come or
//     gone (moved), are compared with all that share a block with them.
//   - An account's rows are decided by the accounts that likely pairs lead to, its component, and by the pairs that these have outside of it, which are
//     rivals. So all components are made again (replaced) that a moved account is in, or has or had a pair with. Of pairs outside of a component the weight
//     is enough, and of two accounts that have not moved it is kept: only accounts of one component are compared anew.
type again struct {
	session *warehouse.Session
	config  Config
	past    Past
	learnt  learnt
	keyer   keyer
}

// run is true if it has written every table; if not, nothing is written, and all accounts are to be compared.
func (g *again) run(ctx context.Context, write Writer) (enough bool, err error) {
	defer func() { err = errors.Join(err, g.end(ctx)) }()
	steps := []struct {
		what string
		do   func(context.Context) (bool, error)
	}{
		{"read what was learnt", g.begin},
		{"find the accounts that changed", g.findChanged},
		{"find what has moved", g.findMoved},
		{"compare the accounts that moved", g.compareMoved},
		{"find the accounts beside them", g.reach},
		{"compare them", g.compareReached},
	}
	for _, step := range steps {
		if enough, err := step.do(ctx); err != nil || !enough {
			if err != nil {
				err = fmt.Errorf("%s: %w", step.what, err)
			}
			return false, err
		}
	}
	return true, g.writeTables(write)
}

// fill puts queries over the tables of the past into a statement, where their names stand in braces.
func (g *again) fill(statement string) string {
	var pairs []string
	for table, query := range g.past.Tables {
		pairs = append(pairs, "{"+table+"}", "("+query+")")
	}
	return strings.NewReplacer(pairs...).Replace(statement)
}

func (g *again) exec(ctx context.Context, statements ...string) error {
	for _, statement := range statements {
		if _, err := g.session.Exec(ctx, g.fill(statement)); err != nil {
			return err
		}
	}
	return nil
}

// few counts the accounts of a table, and is false if they are too many to go on from.
func (g *again) few(ctx context.Context, table string) (bool, error) {
	var accounts int64
	err := g.session.QueryRow(ctx, "select count(*) from "+table).Scan(&accounts)
	return accounts <= g.past.MostAccounts, err
}

// begin makes a schema of its own, since each reading of accounts begins another linkage.
func (g *again) begin(ctx context.Context) (_ bool, err error) {
	if g.learnt, err = readFigures(ctx, g.session, g.past.Tables[figuresTable]); err != nil {
		return false, err
	}
	g.keyer = newKeyer(g.config.Key)
	return true, g.exec(ctx, "drop schema if exists linkage_again cascade", "create schema linkage_again")
}

func (g *again) end(ctx context.Context) error {
	_, err := g.session.Exec(context.WithoutCancel(ctx), "drop schema if exists linkage_again cascade")
	return err
}

// read brings some accounts, as they are now, into a matcher of their own, which numbers those of another query too.
func (g *again) read(ctx context.Context, some, beside string) (*accounts, error) {
	a := newAccounts(g.session, g.config)
	if _, err := a.readParameters(ctx); err != nil {
		return nil, err
	}
	a.learnt, a.beside = g.learnt, beside
	return a, a.readSome(ctx, some)
}

// findChanged makes linkage_again.changed, the accounts that say something else than they did, with what they said (was) and say (is), and
// linkage_again.now, what all accounts say.
func (g *again) findChanged(ctx context.Context) (bool, error) {
	changed := g.past.Changed
	if changed == "" {
		changed = "select null::varchar as channel, null::varchar as account_id where false"
	}
	asked := "create table linkage_again.asked as select distinct channel, account_id from (\n" + changed + "\n) where channel is not null and account_id is not null"
	if err := g.exec(ctx, asked); err != nil {
		return false, err
	}
	a, err := g.read(ctx, "from linkage_again.asked", "")
	if err != nil {
		return false, err
	}
	if err := g.exec(ctx, "create table linkage_again.is as "+a.describedNow(), changedSQL, g.nowSQL()); err != nil {
		return false, err
	}
	var records int64
	if err := g.session.QueryRow(ctx, "select count(*) from linkage_again.now").Scan(&records); err != nil || !g.learnt.enoughFor(records) {
		return false, err
	}
	return g.few(ctx, "linkage_again.changed")
}

const changedSQL = `create table linkage_again.was as
from {` + DescribedTable + `} semi join linkage_again.asked using (channel, account_id);
create table linkage_again.changed as
select distinct channel, account_id
from (
    (select channel, account_id, content from linkage_again.is except all select channel, account_id, content from linkage_again.was)
    union all
    (select channel, account_id, content from linkage_again.was except all select channel, account_id, content from linkage_again.is)
)`

func (g *again) nowSQL() string {
	columns := "channel, account_id, content, " + strings.Join(g.keyer.columns(), ", ")
	return "create view linkage_again.now as select " + columns + " from {" + DescribedTable + "} anti join linkage_again.changed using (channel, account_id)\nunion all\nselect " +
		columns + " from linkage_again.is semi join linkage_again.changed using (channel, account_id)"
}

// findMoved makes linkage_again.moved: the accounts that changed, and all that have a value or are in a block that is another thing by now, of how many it is.
func (g *again) findMoved(ctx context.Context) (bool, error) {
	if err := g.beginSizes(ctx); err != nil {
		return false, err
	}
	if err := g.countSizes(ctx, "(from linkage_again.is union all from linkage_again.was)", g.keyer.blocksAndValues()); err != nil {
		return false, err
	}
	var conditions []string
	for _, rule := range g.keyer.rules {
		if bound := g.learnt.limits[rule.bit]; bound.Now >= 2 {
			conditions = append(conditions, fmt.Sprintf("place = '%[1]s' and (before > %[2]d) <> (now > %[2]d) and earlier <= %[3]d", blockColumn(rule.bit), bound.Now, bound.Earlier))
		}
	}
	for _, field := range g.keyer.values {
		conditions = append(conditions, fmt.Sprintf("place = '%[1]s' and ((before > %[2]d) <> (now > %[2]d) or (before > %[3]d) <> (now > %[3]d) or %[4]s <> %[5]s)",
			valueColumn(field), mostShare, mostOfOne, crowdSQL("before"), crowdSQL("now")))
	}
	if err := g.exec(ctx, "create table linkage_again.other as select place, hash from linkage_again.sizes where "+strings.Join(conditions, "\nor ")); err != nil {
		return false, err
	}
	moved, err := g.movedWith(ctx)
	if err != nil {
		return false, err
	}
	if err := g.exec(ctx, "create table linkage_again.moved as select distinct channel, account_id from (\n"+moved+"\n)"); err != nil {
		return false, err
	}
	return g.few(ctx, "linkage_again.moved")
}

// movedWith gives the accounts that changed, and those with a value or in a block of linkage_again.other, of which there mostly is none.
func (g *again) movedWith(ctx context.Context) (_ string, err error) {
	rows, err := g.session.Query(ctx, "select distinct place from linkage_again.other order by place")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	queries := []string{"select channel, account_id from linkage_again.changed"}
	for rows.Next() {
		var place string
		if err := rows.Scan(&place); err != nil {
			return "", err
		}
		queries = append(queries, fmt.Sprintf("select channel, account_id from linkage_again.now where %[1]s in (select hash from linkage_again.other where place = '%[1]s')", place))
	}
	return strings.Join(queries, "\nunion all\n"), rows.Err()
}

// crowdSQL is crowdOf.
func crowdSQL(records string) string {
	return fmt.Sprintf("case when %[1]s < %[2]d or %[1]s < %[3]d * earlier then 0 else length(bin(%[1]s)) end", records, crowd, grown)
}

// compareMoved makes linkage_again.met, the pairs that moved accounts have now, and linkage_again.against, the rows of those that are two people though they
// share a phone: these hang on the two alone.
func (g *again) compareMoved(ctx context.Context) (bool, error) {
	if err := g.exec(ctx, "create table linkage_again.touched as from linkage_again.now semi join linkage_again.moved using (channel, account_id)"); err != nil {
		return false, err
	}
	if err := g.countSizes(ctx, "linkage_again.touched", g.keyer.blocksAndValues()); err != nil {
		return false, err
	}
	if err := g.chooseMates(ctx); err != nil {
		return false, err
	}
	a, err := g.read(ctx, "from linkage_again.mates", "")
	if err != nil {
		return false, err
	}
	a.fresh = true
	if err := g.exec(ctx, "create table linkage.fresh as select id from linkage.keys inner join linkage.accounts using (account) semi join linkage_again.moved using (channel, account_id)"); err != nil {
		return false, err
	}
	// Of values that are not equal the frequency of names counts, which may be exchanged.
	if err := g.compare(ctx, a, valueColumn(a.table.Swap.Given), valueColumn(a.table.Swap.Surname)); err != nil {
		return false, err
	}
	if err := errors.Join(a.loadPairs(ctx), a.loadSimilar(ctx)); err != nil {
		return false, err
	}
	return true, g.exec(ctx, "create table linkage_again.met as "+pairsQuery, "create table linkage_again.against as select * from ("+similarQuery+") where outcome = '"+Contradiction+"'")
}

// compare finds and weighs the pairs of accounts that were read, of which some columns are to be counted.
func (g *again) compare(ctx context.Context, a *accounts, columns ...string) error {
	if err := g.countSizes(ctx, "linkage.keys", columns); err != nil {
		return err
	}
	if err := a.openBlocks(ctx, sizesOf); err != nil {
		return err
	}
	if err := g.readValues(ctx, a); err != nil {
		return err
	}
	found, err := a.compare(ctx)
	if err != nil {
		return err
	}
	a.score(found.pairs)
	return nil
}

// readValues tells a matcher what was learnt of the values that it has, and how large crowds are now.
func (g *again) readValues(ctx context.Context, a *accounts) error {
	a.learnt.values, a.now = make([][]known, len(a.table.Fields)), make([][]int32, len(a.table.Fields))
	for field := range a.table.Fields {
		a.learnt.values[field] = slices.Repeat([]known{{frequency: g.learnt.rare[field]}}, len(a.table.Words[field]))
		a.now[field] = make([]int32, len(a.table.Words[field]))
	}
	for _, field := range g.keyer.values {
		codes := map[uint64]int32{}
		for code := range a.table.Words[field] {
			codes[a.keyer.value(&a.table.Table, field, int32(code))] = int32(code) //nolint:gosec // codes are int32
		}
		column := valueColumn(field)
		common := fmt.Sprintf("select hash, records, frequency from {%s} where place = '%[2]s' and hash in (select %[2]s from linkage.keys)", commonTable, column)
		crowds := fmt.Sprintf("select hash, now, 0.0::double from linkage_again.sizes where place = '%[1]s' and now >= %[2]d and hash in (select %[1]s from linkage.keys)", column, crowd)
		err := g.readHashes(ctx, common, func(hash uint64, records int32, frequency float64) {
			a.learnt.values[field][codes[hash]] = known{frequency, records}
		})
		if err != nil {
			return err
		}
		err = g.readHashes(ctx, crowds, func(hash uint64, records int32, _ float64) { a.now[field][codes[hash]] = records })
		if err != nil {
			return err
		}
	}
	return nil
}

func (g *again) readHashes(ctx context.Context, query string, use func(hash uint64, records int32, frequency float64)) error {
	return g.session.ReadArrow(ctx, g.fill(query), func(reader array.RecordReader) error {
		for reader.Next() {
			batch := reader.RecordBatch()
			hashes, records, frequencies := batch.Column(0).(*array.Uint64), batch.Column(1).(*array.Int64), batch.Column(2).(*array.Float64)
			for row := range int(batch.NumRows()) {
				use(hashes.Value(row), int32(records.Value(row)), frequencies.Value(row)) //nolint:gosec // records are numbered by int32
			}
		}
		return reader.Err()
	})
}
