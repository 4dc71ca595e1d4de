package linkage

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// widest is how many records behind it, at most, a record of a refused block is compared with.
const widest = 10

// makeNeighbours makes pairs in blocks that are too large for every pair: the block is sorted by what its records say, and each record compared with those
// that follow (the sorted neighbourhood method, Hernández and Stolfo 1995). It is sorted twice, by the names first and by the other values first, so that
// a slip at the beginning of one does not hide a pair. Of the budget that is left each record gets the same.
func (m *matcher) makeNeighbours(ctx context.Context, budget int64) error {
	records := int64(0)
	for _, block := range m.report.Blocks {
		records += block.RefusedRecords
	}
	width := int64(0)
	if records > 0 {
		width = min(widest, budget/(2*records))
	}
	if width == 0 || m.table.Records() <= smallFile {
		return nil
	}
	list := features(len(m.texts))
	backwards := slices.Clone(list)
	slices.Reverse(backwards)
	var queries []string
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
	m.neighbours = true
	_, err := m.session.Exec(ctx, "create table linkage.neighbours as select distinct one, other from (\n"+strings.Join(queries, "\nunion all\n")+")")
	return err
}

// bySounds puts what names sound like first, which slips change least.
func bySounds(list []string) []string {
	first := []string{"surname_sound", "given_sound", "names"}
	return append(first, slices.DeleteFunc(slices.Clone(list), func(name string) bool { return slices.Contains(first, name) })...)
}

// neighboursOf gives pairs of a rule's refused blocks, the lower record first.
func neighboursOf(block *Block, order []string, width int64) string {
	return fmt.Sprintf(`select least(l.id, r.id) as one, greatest(l.id, r.id) as other
from (
    select id, block, row_number() over (partition by block order by %[1]s, id) + unnest(range(1, %[2]d)) as place
    from (select id, k%[3]d as block from linkage.keys inner join (select k%[3]d from linkage.keys where k%[3]d is not null group by k%[3]d having count(*) > %[4]d) using (k%[3]d)) inner join linkage.records using (id)
) as l
inner join (
    select id, block, row_number() over (partition by block order by %[1]s, id) as place
    from (select id, k%[3]d as block from linkage.keys inner join (select k%[3]d from linkage.keys where k%[3]d is not null group by k%[3]d having count(*) > %[4]d) using (k%[3]d)) inner join linkage.records using (id)
) as r on l.block = r.block and l.place = r.place`, strings.Join(order, ", "), width+1, block.bit, max(block.Largest, 1))
}

// neighbourQuery gives the neighbours that no block has.
func (m *matcher) neighbourQuery(used []int, mask string) string {
	query := "select cast(l.id as integer), cast(r.id as integer), " + mask +
		" from linkage.neighbours as pairs inner join linkage.blocks as l on pairs.one = l.id inner join linkage.blocks as r on pairs.other = r.id where true"
	for _, bit := range used {
		query += fmt.Sprintf(" and (l.k%d = r.k%d) is not true", bit, bit)
	}
	return query
}
