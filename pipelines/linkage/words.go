package linkage

import (
	"context"
	"fmt"
)

const (
	// rareWords of a text, the rarest that another record has too, are those by which records meet.
	rareWords = 8
	// pairsByWords are made at most per record and text.
	pairsByWords = 50
)

// makeWords finds for each text the words by which records meet, the rarest first, and gives a query of the pairs for each.
func (m *matcher) makeWords(ctx context.Context, budget int64) (queries []string, blocks []Block, err error) {
	first := len(rules(m.texts))
	for place, text := range m.texts {
		if !text.words {
			continue
		}
		column := textColumn(place)
		block := Block{Rule: "words of " + text.name, SQL: "a rare word of l." + column + " = a rare word of r." + column, bit: first + place, held: []string{text.name}, words: true}
		statement := fmt.Sprintf(`create table linkage.words%[1]d as select id, hash(word) as k%[1]d from (
    select id, word, count(*) over (partition by word) as records
    from (select distinct id, unnest(string_split(%[2]s, ' ')) as word from linkage.records where %[2]s is not null)
    qualify records > 1
) qualify row_number() over (partition by id order by records, word) <= %[3]d`, block.bit, column, rareWords)
		if _, err := m.session.Exec(ctx, statement); err != nil {
			return nil, nil, err
		}
		share := min(pairsByWords*int64(m.table.Records()), budget/mostBlocking)
		if err := m.estimate(ctx, fmt.Sprintf("linkage.words%d", block.bit), &block, share); err != nil {
			return nil, nil, err
		}
		if block.Pairs > 0 {
			queries = append(queries, fmt.Sprintf(`select l.id as one, r.id as other, %[3]d as rules
from linkage.words%[1]d as l inner join linkage.words%[1]d as r on l.k%[1]d = r.k%[1]d and l.id < r.id
where l.k%[1]d in (select k%[1]d from linkage.words%[1]d group by k%[1]d having count(*) <= %[2]d)`, block.bit, block.Largest, int64(1)<<block.bit))
		}
		blocks = append(blocks, block)
	}
	return queries, blocks, nil
}
