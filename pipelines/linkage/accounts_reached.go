package linkage

import (
	"context"
	"fmt"
	"strings"

	"countinghouse/internal/linkage"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// reach makes linkage_again.replaced, the accounts of which all rows are made again, and linkage_again.pairs, all pairs that can decide on others.
func (g *again) reach(ctx context.Context) (bool, error) {
	if err := g.exec(ctx, overSQL, pairsNowSQL, likelySQL, replacedSQL); err != nil {
		return false, err
	}
	for round := 1; ; round++ {
		if enough, err := g.few(ctx, "linkage_again.replaced"); err != nil || !enough {
			return false, err
		}
		more, err := g.session.Exec(ctx, strings.ReplaceAll(replacedMoreSQL, "{round}", fmt.Sprint(round)))
		if err != nil {
			return false, err
		}
		if more == 0 {
			return true, nil
		}
	}
}

const (
	// overSQL finds the pairs that moved accounts had.
	overSQL = `create table linkage_again.over as
select channel, account_id, other_channel, other_account_id from {` + pairsTable + `} semi join linkage_again.moved using (channel, account_id)
union
select channel, account_id, other_channel, other_account_id from {` + pairsTable + `}
where (other_channel, other_account_id) in (select (channel, account_id) from linkage_again.moved)`

	pairsNowSQL = `create view linkage_again.pairs as
select channel, account_id, other_channel, other_account_id, weight from {` + pairsTable + `}
where (channel, account_id) not in (select (channel, account_id) from linkage_again.moved)
    and (other_channel, other_account_id) not in (select (channel, account_id) from linkage_again.moved)
union all
from linkage_again.met`

	likelySQL = "create table linkage_again.likely as from linkage_again.pairs where weight >= 0"

	replacedSQL = `create table linkage_again.replaced as
select channel, account_id, 0 as round
from (
    from linkage_again.moved
    union all
    select unnest([channel, other_channel]), unnest([account_id, other_account_id]) from linkage_again.over
    union all
    select unnest([channel, other_channel]), unnest([account_id, other_account_id]) from linkage_again.met
)
group by channel, account_id`

	// replacedMoreSQL adds the accounts that likely pairs lead to from those of the round before.
	replacedMoreSQL = `insert into linkage_again.replaced
with last as (select channel, account_id from linkage_again.replaced where round = {round} - 1)
select distinct channel, account_id, {round} from (
    select other_channel as channel, other_account_id as account_id from linkage_again.likely semi join last using (channel, account_id)
    union all
    select likely.channel, likely.account_id from linkage_again.likely inner join last on likely.other_channel = last.channel and likely.other_account_id = last.account_id
)
anti join linkage_again.replaced using (channel, account_id)`

	// joinedSQL finds those of the accounts to be replaced that are in a component with others: the rest has no rows but contradictions.
	joinedSQL = `create table linkage_again.joined as
select channel, account_id from linkage_again.replaced
semi join (select unnest([channel, other_channel]) as channel, unnest([account_id, other_account_id]) as account_id from linkage_again.likely) using (channel, account_id)`

	// aroundSQL finds the pairs that these have, in their component and outside.
	aroundSQL = `create table linkage_again.around as
select * from linkage_again.pairs
where (channel, account_id) in (select (channel, account_id) from linkage_again.joined)
    or (other_channel, other_account_id) in (select (channel, account_id) from linkage_again.joined)`

	besideSQL = "select unnest([channel, other_channel]) as channel, unnest([account_id, other_account_id]) as account_id from linkage_again.around"
)

// compareReached compares the accounts of each component that is made again, and gives the session what was found.
func (g *again) compareReached(ctx context.Context) (bool, error) {
	if err := g.exec(ctx, joinedSQL, aroundSQL); err != nil {
		return false, err
	}
	a, err := g.read(ctx, "from linkage_again.joined", besideSQL)
	if err != nil {
		return false, err
	}
	if err := a.readAround(ctx); err != nil {
		return false, err
	}
	if err := g.compare(ctx, a, g.keyer.blocksAndValues()...); err != nil {
		return false, err
	}
	return true, a.loadSimilar(ctx)
}

// readAround reads the pairs that the accounts at hand have, and makes linkage.components of those that likely ones lead to. The others are rivals from outside.
func (a *accounts) readAround(ctx context.Context) error {
	const query = `select cast(one.account as integer), cast(other.account as integer), weight
from linkage_again.around as pairs
inner join linkage.accounts as one using (channel, account_id)
inner join linkage.accounts as other on pairs.other_channel = other.channel and pairs.other_account_id = other.account_id`
	var edges []linkage.Edge
	err := a.session.ReadArrow(ctx, query, func(reader array.RecordReader) error {
		for reader.Next() {
			batch := reader.RecordBatch()
			one, other, weights := batch.Column(0).(*array.Int32), batch.Column(1).(*array.Int32), batch.Column(2).(*array.Float64)
			for row := range int(batch.NumRows()) {
				edges = append(edges, linkage.Edge{A: one.Value(row), B: other.Value(row), Weight: weights.Value(row)})
				a.numbered = max(a.numbered, int(one.Value(row))+1, int(other.Value(row))+1)
			}
		}
		return reader.Err()
	})
	if err != nil {
		return err
	}
	components := componentsOf(a.numbered, edges)
	for _, edge := range edges {
		if components[edge.A] != components[edge.B] {
			a.outside = append(a.outside, edge)
		}
	}
	schema := arrow.NewSchema([]arrow.Field{{Name: "account", Type: arrow.PrimitiveTypes.Int32}, {Name: "component", Type: arrow.PrimitiveTypes.Int32}}, nil)
	return a.session.LoadRows(ctx, schema, "linkage.components", len(components), func(builder *array.RecordBuilder, account int) {
		builder.Field(0).(*array.Int32Builder).Append(int32(account)) //nolint:gosec // accounts are numbered by int32
		builder.Field(1).(*array.Int32Builder).Append(components[account])
	})
}

// componentsOf names, for each of so many accounts, one account of all those that likely pairs lead to.
func componentsOf(accounts int, edges []linkage.Edge) []int32 {
	first := make([]int32, accounts)
	for account := range first {
		first[account] = int32(account) //nolint:gosec // accounts are numbered by int32
	}
	root := func(account int32) int32 {
		for first[account] != account {
			first[account] = first[first[account]]
			account = first[account]
		}
		return account
	}
	for _, edge := range edges {
		if edge.Weight >= joinWeight {
			first[root(edge.A)] = root(edge.B)
		}
	}
	for account := range first {
		first[account] = root(first[account])
	}
	return first
}

// similarAgainSQL gives the rows of the accounts that are replaced: of their components, and those of two accounts of one phone that are two people, which are
// as they were where neither has moved.
const similarAgainSQL = `select * from (
    select * from (` + similarQuery + `) where outcome <> '` + Contradiction + `'
    union all
    from linkage_again.against
    union all
    select channel, account_id, other_channel, other_account_id, weight, outcome, evidence from {` + similarTable + `}
    where outcome = '` + Contradiction + `'
        and (channel, account_id) not in (select (channel, account_id) from linkage_again.moved)
        and (other_channel, other_account_id) not in (select (channel, account_id) from linkage_again.moved)
)
semi join linkage_again.replaced using (channel, account_id)`

const (
	// rewritten are the accounts of which kept pairs came or went.
	rewritten     = "select channel, account_id from linkage_again.over union select channel, account_id from linkage_again.met"
	pairsAgainSQL = "select * from linkage_again.pairs where (channel, account_id) in (select (channel, account_id) from (" + rewritten + "))"
)

func (g *again) writeTables(write Writer) error {
	for _, table := range []string{modelTable, commonTable, figuresTable} {
		if err := write.Keep(table); err != nil {
			return err
		}
	}
	if err := write.Part(similarTable, g.fill(similarAgainSQL), "select channel, account_id from linkage_again.replaced"); err != nil {
		return err
	}
	if err := write.Part(pairsTable, pairsAgainSQL, rewritten); err != nil {
		return err
	}
	return write.Part(DescribedTable, "select * from linkage_again.is semi join linkage_again.changed using (channel, account_id)", "from linkage_again.changed")
}
