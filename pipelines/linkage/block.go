package linkage

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"countinghouse/internal/linkage"

	"github.com/apache/arrow-go/v18/arrow/array"
)

// Block is what became of one blocking rule.
type Block struct {
	Rule string `json:"rule"`
	SQL  string `json:"sql"`
	// Pairs are those of the blocks that are compared, pairs of earlier rules among them; Largest is the largest such block.
	Pairs   int64 `json:"pairs"`
	Largest int64 `json:"largest_block"`
	// Refused blocks are so large that the rule would go over its share of the budget.
	RefusedBlocks  int64 `json:"refused_blocks"`
	RefusedRecords int64 `json:"refused_records"`
	RefusedPairs   int64 `json:"refused_pairs"`
	// Neighbours are pairs made in the refused blocks all the same, of records that stand near each other when the block is sorted.
	Neighbours int64 `json:"neighbour_pairs"`
	bit        int
	held       []string
	// own: what its blocks agree on is one person's.
	own bool
	// words: its pairs are among those of linkage.near, and no column of linkage.blocks is its.
	words bool
}

// blocks makes linkage.blocks, one column per rule that makes pairs, without the blocks that are too large.
func (m *matcher) makeBlocks(ctx context.Context) error {
	all := rules(m.texts)
	columns := make([]string, len(all))
	for i, rule := range all {
		known := strings.Join(rule.expressions, " is not null and ") + " is not null"
		columns[i] = fmt.Sprintf("case when %s then hash(%s) end as k%d", known, strings.Join(rule.expressions, ", "), i)
	}
	if _, err := m.session.Exec(ctx, "create table linkage.keys as select id, "+strings.Join(columns, ", ")+" from linkage.records"); err != nil {
		return err
	}
	left := m.options.Budget * 4 / 5 // the rest is for refused blocks
	var kept []string
	var joins strings.Builder
	for i, rule := range all {
		block := Block{Rule: rule.name, SQL: ruleSQL(rule), bit: i, held: rule.held, own: rule.own}
		if err := m.estimate(ctx, "linkage.keys", &block, max(0, min(left, m.options.Budget/3))); err != nil {
			return err
		}
		if block.Pairs+block.RefusedPairs == 0 {
			continue
		}
		left -= block.Pairs
		m.report.Blocks = append(m.report.Blocks, block)
		if block.Pairs == 0 {
			continue
		}
		kept = append(kept, fmt.Sprintf("s%d.k%d", i, i))
		fmt.Fprintf(&joins, " left join (select k%d from linkage.keys where k%d is not null group by k%d having count(*) between 2 and %d) as s%d on keys.k%d = s%d.k%d",
			i, i, i, block.Largest, i, i, i, i)
	}
	statement := "create table linkage.blocks as select " + strings.Join(append([]string{"keys.id"}, kept...), ", ") + " from linkage.keys as keys" + joins.String()
	if _, err := m.session.Exec(ctx, statement); err != nil {
		return err
	}
	for _, block := range m.report.Blocks {
		if block.Pairs > 0 {
			m.used = append(m.used, block.bit)
		}
	}
	return m.makeNear(ctx, left+m.options.Budget/5)
}

// mostOfOne is how many records may have a number or an address of one person: of more it is a crowd's, a till's, or what somebody typed to get past a
// form, whose pairs are many and tell nothing.
const mostOfOne = 200

func ruleSQL(rule rule) string {
	parts := make([]string, len(rule.expressions))
	for i, expression := range rule.expressions {
		parts[i] = "l." + expression + " = r." + expression
	}
	return strings.Join(parts, " and ")
}

// estimate counts pairs before any is made: blocks by size, smallest first, as long as they stay within the share.
func (m *matcher) estimate(ctx context.Context, keys string, block *Block, share int64) error {
	query := fmt.Sprintf(`select size, count(*) from (select count(*) as size from %[1]s where k%[2]d is not null group by k%[2]d) where size > 1
		group by size order by size`, keys, block.bit)
	rows, err := m.session.Query(ctx, query)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var size, count int64
		if err := rows.Scan(&size, &count); err != nil {
			return err
		}
		pairs := count * (size * (size - 1) / 2)
		if block.RefusedBlocks > 0 || block.Pairs+pairs > share || block.own && size > mostOfOne {
			block.RefusedBlocks += count
			block.RefusedRecords += count * size
			block.RefusedPairs += pairs
			continue
		}
		block.Pairs += pairs
		block.Largest = size
	}
	return rows.Err()
}

// pairQueries give each pair once, with the rules that it meets as bits.
func (m *matcher) pairQueries() []string {
	bits := []string{"0"}
	for _, bit := range m.used {
		bits = append(bits, fmt.Sprintf("case when l.k%d = r.k%d then %d else 0 end", bit, bit, int64(1)<<bit))
	}
	mask := "cast(" + strings.Join(bits, " + ") + " as bigint)"
	if m.everyPair {
		query, join := "select cast(l.id as integer), cast(r.id as integer), "+mask, " from linkage.blocks as l inner join linkage.blocks as r on l.id < r.id"
		if m.near {
			query, join = query+" | coalesce(near.rules, 0)", join+" left join linkage.near as near on l.id = near.one and r.id = near.other"
		}
		return []string{query + join}
	}
	var queries []string
	for i, bit := range m.used {
		query := fmt.Sprintf("select cast(l.id as integer), cast(r.id as integer), %s from linkage.blocks as l inner join linkage.blocks as r on l.k%d = r.k%d and l.id < r.id where true", mask, bit, bit)
		if m.fresh {
			query = fmt.Sprintf(`select cast(least(l.id, r.id) as integer), cast(greatest(l.id, r.id) as integer), %s
from (from linkage.blocks semi join linkage.fresh using (id)) as l inner join linkage.blocks as r on l.k%d = r.k%d and l.id <> r.id
where (l.id < r.id or r.id not in (from linkage.fresh))`, mask, bit, bit)
		}
		if m.within {
			query += " and l.component = r.component"
		}
		for _, earlier := range m.used[:i] {
			query += fmt.Sprintf(" and (l.k%d = r.k%d) is not true", earlier, earlier)
		}
		queries = append(queries, query)
	}
	if m.near {
		queries = append(queries, m.nearQuery(m.used, mask))
	}
	return queries
}

// chunk is pairs on their way to a worker.
type chunk struct {
	a, b  []int32
	rules []int64
}

// found is what a worker made of its pairs.
type found struct {
	counts linkage.Counter
	pairs  []linkage.Pair
	// learnt are pairs that are not to be scored, and yet count for what is learnt.
	learnt []linkage.Pair
	all    int64
}

// compare gives the patterns of all pairs, counted, and the pairs that may be one person.
func (m *matcher) compare(ctx context.Context) (found, error) {
	chunks := make(chan chunk, 4)
	results := make([]found, m.options.Threads)
	var group sync.WaitGroup
	for worker := range results {
		group.Add(1)
		go func() {
			defer group.Done()
			results[worker] = m.work(chunks)
		}()
	}
	var err error
	for _, query := range m.pairQueries() {
		if err = m.session.ReadArrow(ctx, query, func(reader array.RecordReader) error { return send(reader, chunks) }); err != nil {
			break
		}
	}
	close(chunks)
	group.Wait()
	total := found{counts: linkage.Counter{}}
	for _, result := range results {
		total.counts.Merge(result.counts)
		total.all += result.all
	}
	total.pairs = m.gathered(results, func(result *found) *[]linkage.Pair { return &result.pairs })
	total.learnt = m.gathered(results, func(result *found) *[]linkage.Pair { return &result.learnt })
	return total, err
}

// gathered gives pairs of all workers in one order: by owner, so that those of two owners lie together, then by record. What it takes it lets go.
func (m *matcher) gathered(results []found, of func(*found) *[]linkage.Pair) []linkage.Pair {
	count := 0
	for i := range results {
		count += len(*of(&results[i]))
	}
	pairs := make([]linkage.Pair, 0, count)
	for i := range results {
		pairs = append(pairs, *of(&results[i])...)
		*of(&results[i]) = nil
	}
	slices.SortFunc(pairs, m.compareOwners)
	return pairs
}

func (m *matcher) compareOwners(x, y linkage.Pair) int {
	a, b := m.edgeOf(x), m.edgeOf(y)
	return cmp.Or(cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B), cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B))
}

// edgeOf is a pair of records as a pair of owners, without a weight.
func (m *matcher) edgeOf(pair linkage.Pair) linkage.Edge {
	a, b := m.table.OwnerOf(pair.A), m.table.OwnerOf(pair.B)
	return linkage.Edge{A: min(a, b), B: max(a, b)}
}

func send(reader array.RecordReader, chunks chan<- chunk) error {
	for reader.Next() {
		batch := reader.RecordBatch()
		chunks <- chunk{
			a: slices.Clone(batch.Column(0).(*array.Int32).Int32Values()), b: slices.Clone(batch.Column(1).(*array.Int32).Int32Values()),
			rules: slices.Clone(batch.Column(2).(*array.Int64).Int64Values()),
		}
	}
	return nil
}

// plausible is the weight by the figures believed before, without the share of matches, from which on a pair is kept.
const plausible = 4

func (m *matcher) work(chunks <-chan chunk) found {
	result := found{counts: linkage.Counter{}}
	comparer := linkage.NewComparer(&m.table.Table)
	for chunk := range chunks {
		for i := range chunk.a {
			m.comparePair(comparer, &result, chunk.a[i], chunk.b[i], chunk.rules[i])
		}
	}
	return result
}

func (m *matcher) comparePair(comparer *linkage.Comparer, result *found, one, other int32, rules int64) {
	if m.table.OwnerOf(one) == m.table.OwnerOf(other) {
		return
	}
	counts, own := true, true
	if m.uses != nil {
		if counts, own = m.uses(one, other, rules); !counts && !own {
			return
		}
	}
	pattern := comparer.Pattern(one, other)
	result.all++
	if counts {
		result.counts.Add(pattern, uint32(rules))
	}
	pair := linkage.Pair{A: one, B: other, Pattern: pattern}
	switch {
	case own && m.promising(pair, isNow):
		result.pairs = append(result.pairs, pair)
	case m.uses != nil && counts && m.promising(pair, isEarlier):
		result.learnt = append(result.learnt, pair)
	}
}

// promising tells of a pair that it is kept, to be scored or to be learnt from.
func (m *matcher) promising(pair linkage.Pair, when uint8) bool {
	if m.keep != nil {
		return m.keep(pair, when)
	}
	return linkage.Believed(m.table.Fields, pair.Pattern) >= plausible
}
