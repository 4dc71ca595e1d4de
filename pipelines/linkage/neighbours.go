package linkage

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// widest is how many records behind it, at most, a record of a refused block is compared with.
const widest = 10

// makeNear makes linkage.near, pairs beside those of the blocks: of records that have a rare word of a text in common, and of neighbours in the blocks
// that are too large. rules are as bits.
func (m *matcher) makeNear(ctx context.Context, budget int64) error {
	queries, blocks, err := m.makeWords(ctx, budget/2)
	if err != nil {
		return err
	}
	if m.table.Records() > smallFile {
		for _, block := range blocks {
			budget -= block.Pairs
		}
		queries = append(queries, m.neighbourQueries(budget)...)
	}
	m.report.Blocks = append(m.report.Blocks, blocks...)
	if m.near = len(queries) > 0; !m.near {
		return nil
	}
	_, err = m.session.Exec(ctx, "create table linkage.near as select one, other, bit_or(rules) as rules from (\n"+strings.Join(queries, "\nunion all\n")+"\n) group by one, other")
	return err
}

// neighbourQueries give pairs in blocks that are too large for every pair: the block is sorted by what its records say, and each record compared with those
// that follow (the sorted neighbourhood method, Hernández and Stolfo 1995). It is sorted twice, by the names first and by the other values first, so that
// a slip at the beginning of one does not hide a pair. Of the budget that is left each record gets the same.
func (m *matcher) neighbourQueries(budget int64) (queries []string) {
	records := int64(0)
	for _, block := range m.report.Blocks {
		records += block.RefusedRecords
	}
	width := int64(0)
	if records > 0 {
		width = min(widest, budget/(2*records))
	}
	if width == 0 {
		return nil
	}
	list := features(len(m.texts))
	backwards := slices.Clone(list)
	slices.Reverse(backwards)
	for i := range m.report.Blocks {
		block := &m.report.Blocks[i]
		if block.RefusedBlocks == 0 {
			continue
		}
		block.Neighbours = 2 * width * block.RefusedRecords
		for _, order := range [][]string{bySounds(list), backwards} {
			queries = append(queries, neighboursOf(block, order, width))
		}
	}
	return queries
}

// bySounds puts what names sound like first, which slips change least.
func bySounds(list []string) []string {
	first := []string{"surname_sound", "given_sound", "names"}
	return append(first, slices.DeleteFunc(slices.Clone(list), func(name string) bool { return slices.Contains(first, name) })...)
}

// neighboursOf gives pairs of a rule's refused blocks, the lower record first.
func neighboursOf(block *Block, order []string, width int64) string {
	return fmt.Sprintf(`select least(l.id, r.id) as one, greatest(l.id, r.id) as other, 0 as rules
from (
    select id, block, row_number() over (partition by block order by %[1]s, id) + unnest(range(1, %[2]d)) as place
    from (select id, k%[3]d as block from linkage.keys inner join (select k%[3]d from linkage.keys where k%[3]d is not null group by k%[3]d having count(*) > %[4]d) using (k%[3]d)) inner join linkage.records using (id)
) as l
inner join (
    select id, block, row_number() over (partition by block order by %[1]s, id) as place
    from (select id, k%[3]d as block from linkage.keys inner join (select k%[3]d from linkage.keys where k%[3]d is not null group by k%[3]d having count(*) > %[4]d) using (k%[3]d)) inner join linkage.records using (id)
) as r on l.block = r.block and l.place = r.place`, strings.Join(order, ", "), width+1, block.bit, max(block.Largest, 1))
}

// nearQuery gives the near pairs that no block has.
func (m *matcher) nearQuery(used []int, mask string) string {
	query := "select cast(l.id as integer), cast(r.id as integer), " + mask + " | pairs.rules" +
		" from linkage.near as pairs inner join linkage.blocks as l on pairs.one = l.id inner join linkage.blocks as r on pairs.other = r.id where true"
	for _, bit := range used {
		query += fmt.Sprintf(" and (l.k%d = r.k%d) is not true", bit, bit)
	}
	return query
}
