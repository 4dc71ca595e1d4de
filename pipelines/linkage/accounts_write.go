package linkage

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"countinghouse/internal/linkage"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// leastOdds is the weight, in bits, from which on a pair is kept: even odds.
const leastOdds = 0.0

// similarQuery gives the pairs that were found, by the names of their accounts.
const similarQuery = `select one.channel, one.account_id, other.channel as other_channel, other.account_id as other_account_id, weight, outcome, evidence
from linkage.similar as pairs
inner join linkage.accounts as one on pairs.account = one.account
inner join linkage.accounts as other on pairs.other = other.account`

const modelQuery = "select field, level_no, level, m, u, weight, by_frequency from linkage.model"

// loadFound gives the session what was found and learnt.
func (a *accounts) loadFound(ctx context.Context) error {
	if err := a.loadSimilar(ctx); err != nil {
		return err
	}
	return a.loadModel(ctx)
}

// writeTables makes the tables of what was found, and of what is kept for the next run, if what was learnt stands still.
func (a *accounts) writeTables(ctx context.Context, write Writer) error {
	if err := errors.Join(write.Whole(similarTable, similarQuery), write.Whole(modelTable, modelQuery)); err != nil || !a.dated {
		return err
	}
	return a.writeKept(ctx, write)
}

// writeNothing makes empty tables: the model is off.
func (a *accounts) writeNothing(ctx context.Context, write Writer) error {
	if err := a.loadFound(ctx); err != nil {
		return err
	}
	if _, err := a.session.Exec(ctx, "create table linkage.accounts as select 0 as account, '' as channel, '' as account_id where false"); err != nil {
		return err
	}
	return a.writeTables(ctx, write)
}

func (a *accounts) loadSimilar(ctx context.Context) error {
	a.rivals = linkage.NewRivals(len(a.linked.clusters), append(slices.Clip(a.linked.edges), a.outside...))
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "account", Type: arrow.PrimitiveTypes.Int32},
		{Name: "other", Type: arrow.PrimitiveTypes.Int32},
		{Name: "weight", Type: arrow.PrimitiveTypes.Float64},
		{Name: "outcome", Type: arrow.BinaryTypes.String},
		{Name: "evidence", Type: arrow.BinaryTypes.String},
	}, nil)
	return a.session.LoadRows(ctx, schema, "linkage.similar", len(a.linked.edges), func(builder *array.RecordBuilder, i int) {
		weight, rivals, outcome := a.judgePair(i)
		if outcome == "" {
			return
		}
		edge := a.linked.edges[i]
		builder.Field(0).(*array.Int32Builder).Append(edge.A)
		builder.Field(1).(*array.Int32Builder).Append(edge.B)
		builder.Field(2).(*array.Float64Builder).Append(rounded(weight))
		builder.Field(3).(*array.StringBuilder).Append(outcome)
		builder.Field(4).(*array.StringBuilder).Append(a.evidence(a.linked.pairs[i], edge.Weight, rivals))
	})
}

// rounded to a thousandth of a bit: the last digits of a double are nobody's business.
func rounded(weight float64) float64 { return math.Round(weight*1000) / 1000 }

// fewestToContradict are the accounts from which on the model may speak against an identifier: fitted to fewer, it is what was believed before.
const fewestToContradict = 1000

func (c Config) fewestToContradict() int64 {
	if c.Fewest > 0 {
		return min(int64(c.Fewest), fewestToContradict)
	}
	return fewestToContradict
}

// judgePair gives an edge's weight less that of its rivals, and what comes of it; no outcome: nothing is to be said of it.
func (a *accounts) judgePair(i int) (weight, rivals float64, outcome string) {
	edge, pair := a.linked.edges[i], a.linked.pairs[i]
	if shared := a.sharedFields(pair.Pattern); len(shared) > 0 {
		if a.standsAgainst(edge, pair) && a.fewHave(pair.A, shared) {
			return edge.Weight, 0, Contradiction
		}
		return 0, 0, "" // a link by itself, which needs no likeness
	}
	if edge.Weight < leastOdds {
		return 0, 0, ""
	}
	rivals = a.rivals.Rivals(edge, a.samePerson, edge.Weight-leastOdds)
	weight = edge.Weight - rivals
	if weight < leastOdds {
		return 0, 0, ""
	}
	return weight, rivals, a.outcome(edge, weight)
}

// standsAgainst says whether a pair that shares a phone or an e-mail address is of two people, if few have it.
func (a *accounts) standsAgainst(edge linkage.Edge, pair linkage.Pair) bool {
	return a.learnt.accounts >= a.config.fewestToContradict() && edge.Weight <= -a.bits && a.contradicts(pair.Pattern)
}

// sharedFields are the phone or the e-mail address, where two records share them.
func (a *accounts) sharedFields(pattern linkage.Pattern) (shared []int) {
	for _, field := range a.owned {
		if pattern.Level(field) == 0 {
			shared = append(shared, field)
		}
	}
	return shared
}

// contradicts tells that two records share a phone or an e-mail address, and nothing of their names.
func (a *accounts) contradicts(pattern linkage.Pattern) bool {
	swap := a.table.Swap
	return pattern.Level(swap.Given) == len(a.table.Fields[swap.Given].Levels)-1 &&
		pattern.Level(swap.Surname) == len(a.table.Fields[swap.Surname].Levels)-1 && len(a.sharedFields(pattern)) > 0
}

// mostShare a value for it to be told that they are two people: of a value of a crowd each pair would be, and it joins nobody in any case.
const mostShare = 20

func (a *accounts) fewHave(record int32, fields []int) bool {
	return !slices.ContainsFunc(fields, func(field int) bool { return a.now[field][a.table.Codes[field][record]] > mostShare })
}

// samePerson tells that two accounts are taken for one person in any case, so that they are no rivals. Two of one channel must be likely by themselves:
// that both are like a third account is what makes them rivals, since most people have one account of a channel.
func (a *accounts) samePerson(one, other int32) bool {
	if weight, known := a.linked.graph.Weight(one, other); known && weight >= joinWeight {
		return true
	}
	return a.linked.clusters[one] == a.linked.clusters[other] && a.channelOf(one) != a.channelOf(other)
}

func (a *accounts) channelOf(account int32) int32 {
	record, _ := a.table.RecordsOf(account)
	return a.table.Codes[a.channel][record]
}

func (a *accounts) outcome(edge linkage.Edge, weight float64) string {
	switch {
	case linkage.Conflicts(a.table.single.values, edge.A, edge.B):
		return Conflict
	case weight < a.bits:
		return Candidate
	case a.linked.clusters[edge.A] != a.linked.clusters[edge.B]:
		return Incoherent
	}
	return Accepted
}

// evidence is what a weight is made of, field by field in bits, without a value: given name: equal +9.21; … The share of pairs that are of one person
// is where it begins; what a household shares, and other accounts that each of the two could be with, is taken off.
func (a *accounts) evidence(pair linkage.Pair, weight, rivals float64) string {
	parts, bits := a.linked.scorer.Waterfall(pair)
	begin := math.Log2(a.linked.model.Match)
	text := []string{fmt.Sprintf("before: any pair %+.2f", begin)}
	rest := weight - begin
	for i, part := range parts {
		rest -= bits[i]
		text = append(text, fmt.Sprintf("%s %+.2f", part, bits[i]))
	}
	if math.Abs(rest) >= .005 {
		text = append(text, fmt.Sprintf("household: shared %+.2f", rest))
	}
	if rivals >= .005 {
		text = append(text, fmt.Sprintf("rivals: others fit too %+.2f", -rivals))
	}
	return strings.Join(text, "; ")
}

func (a *accounts) loadModel(ctx context.Context) error {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "field", Type: arrow.BinaryTypes.String},
		{Name: "level_no", Type: arrow.PrimitiveTypes.Int32},
		{Name: "level", Type: arrow.BinaryTypes.String},
		{Name: "m", Type: arrow.PrimitiveTypes.Float64},
		{Name: "u", Type: arrow.PrimitiveTypes.Float64},
		{Name: "weight", Type: arrow.PrimitiveTypes.Float64},
		{Name: "by_frequency", Type: arrow.FixedWidthTypes.Boolean},
	}, nil)
	rows := a.modelRows()
	return a.session.LoadRows(ctx, schema, "linkage.model", len(rows), func(builder *array.RecordBuilder, i int) {
		row := rows[i]
		builder.Field(0).(*array.StringBuilder).Append(row.field)
		builder.Field(1).(*array.Int32Builder).Append(row.number)
		builder.Field(2).(*array.StringBuilder).Append(row.level)
		builder.Field(3).(*array.Float64Builder).Append(row.m)
		builder.Field(4).(*array.Float64Builder).Append(row.u)
		builder.Field(5).(*array.Float64Builder).Append(rounded(math.Log2(row.m / row.u)))
		builder.Field(6).(*array.BooleanBuilder).Append(row.byFrequency)
	})
}

type modelRow struct {
	field       string
	number      int32
	level       string
	m, u        float64
	byFrequency bool
}

// modelRows are the shares of pairs and then the levels of each field that had values to learn from; none while the model is off.
func (a *accounts) modelRows() []modelRow {
	model := a.learnt.model
	if model.M == nil {
		return nil
	}
	rows := []modelRow{
		{field: "any pair", number: 0, level: "of one person", m: model.Match, u: 1 - model.Match},
		{field: "any pair", number: 1, level: "of one household", m: model.Household, u: 1 - model.Household},
	}
	for i, field := range a.table.Fields {
		if !a.learnt.has[i] {
			continue
		}
		for j, level := range field.Levels {
			rows = append(rows, modelRow{field.Name, int32(j), level.Name, model.M[i][j], model.U[i][j], field.Frequency && j == 0})
		}
	}
	return rows
}
