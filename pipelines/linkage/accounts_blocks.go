package linkage

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"countinghouse/internal/person"

	"github.com/apache/arrow-go/v18/arrow/array"
)

// accountRules are the rules by which accounts meet: those of every file, and two for what masks leave of a phone, which stay small in a brand of any size. No
// account has a number of an authority.
func accountRules() []rule {
	list := slices.DeleteFunc(rules(nil), func(rule rule) bool {
		return slices.ContainsFunc(person.IDRoles(), func(role person.Role) bool { return string(role) == rule.expressions[0] })
	})
	behind := 1 + slices.IndexFunc(list, func(rule rule) bool { return rule.name == "both names" })
	return slices.Insert(list, behind,
		rule{name: "sounds of both names, last digits of the phone", expressions: []string{"given_sound", "surname_sound", "phone4"}, held: []string{"given name", "surname", "phone"}},
		rule{name: "surname, both ends of the phone", expressions: []string{"surname_sound", "phone3", "phone4"}, held: []string{"surname", "phone"}},
	)
}

// accountFeatures are what the rules of accounts speak of.
func accountFeatures() []string { return append(features(0), "phone3") }

// accountFeaturesOf gives the texts of a record in their order.
func accountFeaturesOf(p person.Person) []string {
	three := ""
	if len(p.Phone) >= 7 && !strings.Contains(p.Phone[:3], "*") {
		three = p.Phone[:3]
	}
	return append(featuresOf(p, 0), three)
}

// limit says which blocks of a rule are open: those that had no more than Earlier records when the month began, and have no more than Now.
type limit struct{ Earlier, Now int64 }

const (
	// roomToGrow is how many times larger than the largest open block of when the month began one may be by now.
	roomToGrow = 2
	// leastLimit is that largest block, where no block of a rule was refused, at least.
	leastLimit = 10
)

// blocksOfAll finds how large the blocks of each rule may be, by those of when the month began, and makes linkage.blocks of all accounts.
func (a *accounts) blocksOfAll(ctx context.Context) error {
	all := accountRules()
	left := a.options.Budget * 4 / 5 // the rest is for what is to come
	a.learnt.limits = map[int]limit{}
	for _, key := range a.keyer.rules {
		rule := all[key.bit]
		block := Block{Rule: rule.name, SQL: ruleSQL(rule), bit: key.bit, held: rule.held, own: rule.own}
		if err := a.estimate(ctx, "(select * from linkage.keys where is_earlier) as keys", &block, max(0, min(left, a.options.Budget/3))); err != nil {
			return err
		}
		left -= block.Pairs
		a.report.Blocks = append(a.report.Blocks, block)
		a.learnt.limits[key.bit] = a.limitOf(block)
	}
	return a.openBlocks(ctx, func(rule int) string {
		return fmt.Sprintf("select k%[1]d, count(*) filter (where is_now) as records, count(*) filter (where is_earlier) as earlier from linkage.keys where k%[1]d is not null group by k%[1]d", rule)
	})
}

func (a *accounts) limitOf(block Block) limit {
	switch {
	case !a.dated:
		return limit{block.Largest, block.Largest}
	case block.RefusedBlocks > 0:
		return limit{block.Largest, roomToGrow * block.Largest}
	}
	largest := max(block.Largest, leastLimit)
	return limit{largest, roomToGrow * largest}
}

// openBlocks makes linkage.blocks of linkage.keys, without the blocks that are closed. sizes gives for each rule a query of how many records blocks have
// now (records), and had when the month began (earlier). A block that has become too large since is open to the records of then, for what is learnt.
func (a *accounts) openBlocks(ctx context.Context, sizes func(rule int) string) error {
	columns, closed := []string{"keys.id"}, []string{"0"}
	var joins strings.Builder
	for _, rule := range a.keyer.rules {
		bound := a.learnt.limits[rule.bit]
		if bound.Now < 2 {
			continue
		}
		a.used = append(a.used, rule.bit)
		columns = append(columns, fmt.Sprintf("case when s%[1]d.is_open or s%[1]d.was_open and is_earlier then keys.k%[1]d end as k%[1]d", rule.bit))
		closed = append(closed, fmt.Sprintf("case when s%[1]d.is_open is false and is_earlier then %[2]d else 0 end", rule.bit, int64(1)<<rule.bit))
		fmt.Fprintf(&joins, `
left join (
    select * from (
        select k%[1]d, records between 2 and %[2]d and earlier <= %[3]d as is_open, earlier between 2 and %[3]d as was_open from (%[4]s)
    ) where is_open or was_open
) as s%[1]d on keys.k%[1]d = s%[1]d.k%[1]d`, rule.bit, bound.Now, bound.Earlier, sizes(rule.bit))
	}
	columns = append(columns, strings.Join(closed, " + ")+" as closed")
	if a.within = a.beside != ""; a.within {
		columns = append(columns, "component")
		joins.WriteString("\ninner join linkage.components using (account)")
	}
	if _, err := a.session.Exec(ctx, "create table linkage.blocks as select "+strings.Join(columns, ", ")+" from linkage.keys as keys"+joins.String()); err != nil {
		return err
	}
	a.everyPair = !a.dated && a.table.Records() <= smallFile
	return a.readClosed(ctx)
}

// readClosed reads of which records blocks are open for what is learnt only.
func (a *accounts) readClosed(ctx context.Context) error {
	return a.session.ReadArrow(ctx, "select id, cast(closed as bigint) from linkage.blocks where closed <> 0", func(reader array.RecordReader) error {
		for reader.Next() {
			batch := reader.RecordBatch()
			for row := range int(batch.NumRows()) {
				a.closed[batch.Column(0).(*array.Int32).Value(row)] = batch.Column(1).(*array.Int64).Value(row)
			}
		}
		return reader.Err()
	})
}
