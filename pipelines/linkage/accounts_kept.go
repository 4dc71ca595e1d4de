package linkage

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"countinghouse/internal/linkage"
	"countinghouse/internal/warehouse"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// The tables that are kept for the next run.
const (
	// DescribedTable has a row for each record: keyed hashes of all that it says, of what its blocks hold, and of its values.
	DescribedTable = "identity.kept_descriptions"
	// pairsTable has the pairs that can decide on others: those that are not faint, and those that stand against a phone.
	pairsTable = "identity.kept_similar"
	// commonTable has what many had when the month began: blocks that are refused, by how many records they had, and values, with the probability that a stranger has it.
	commonTable = "identity.kept_common"
	// figuresTable has the figures that were learnt.
	figuresTable = "identity.kept_figures"
)

// Kept are the tables that are kept for the next run, where what was learnt stands still.
func Kept() map[string][]warehouse.Column {
	described := []warehouse.Column{{Name: "channel", Type: "VARCHAR"}, {Name: "account_id", Type: "VARCHAR"}, {Name: "content", Type: "UBIGINT"}}
	keyer := newKeyer(nil)
	for _, name := range keyer.columns() {
		described = append(described, warehouse.Column{Name: name, Type: "UBIGINT"})
	}
	return map[string][]warehouse.Column{
		DescribedTable: described,
		pairsTable: {
			{Name: "channel", Type: "VARCHAR"},
			{Name: "account_id", Type: "VARCHAR"},
			{Name: "other_channel", Type: "VARCHAR"},
			{Name: "other_account_id", Type: "VARCHAR"},
			{Name: "weight", Type: "DOUBLE"},
		},
		commonTable: {
			{Name: "place", Type: "VARCHAR"}, {Name: "hash", Type: "UBIGINT"}, {Name: "records", Type: "BIGINT"}, {Name: "frequency", Type: "DOUBLE"},
		},
		figuresTable: {
			{Name: "name", Type: "VARCHAR"}, {Name: "place", Type: "INTEGER"}, {Name: "level_no", Type: "INTEGER"}, {Name: "figure", Type: "DOUBLE"},
		},
	}
}

// describedNow gives the rows of DescribedTable for the records at hand.
func (a *accounts) describedNow() string {
	return "select channel, account_id, content, " + strings.Join(a.keyer.columns(), ", ") + " from linkage.keys inner join linkage.accounts using (account) where is_now"
}

func (a *accounts) writeKept(ctx context.Context, write Writer) error {
	loads := []func(context.Context) error{a.loadPairs, a.loadValues, a.loadFigures}
	for _, load := range loads {
		if err := load(ctx); err != nil {
			return err
		}
	}
	return errors.Join(
		write.Whole(DescribedTable, a.describedNow()), write.Whole(pairsTable, pairsQuery), write.Whole(commonTable, a.commonQuery()),
		write.Whole(figuresTable, "select name, place, level_no, figure from linkage.figures"),
	)
}

// pairsQuery gives the rows of pairsTable for the pairs at hand.
const pairsQuery = `select one.channel, one.account_id, other.channel as other_channel, other.account_id as other_account_id, weight
from linkage.pairs
inner join linkage.accounts as one on pairs.account = one.account
inner join linkage.accounts as other on pairs.other = other.account`

// loadPairs makes linkage.pairs of the edges that can decide on others.
func (a *accounts) loadPairs(ctx context.Context) error {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "account", Type: arrow.PrimitiveTypes.Int32}, {Name: "other", Type: arrow.PrimitiveTypes.Int32}, {Name: "weight", Type: arrow.PrimitiveTypes.Float64},
	}, nil)
	return a.session.LoadRows(ctx, schema, "linkage.pairs", len(a.linked.edges), func(builder *array.RecordBuilder, i int) {
		edge := a.linked.edges[i]
		if edge.Weight <= linkage.Faint && !a.standsAgainst(edge, a.linked.pairs[i]) {
			return
		}
		builder.Field(0).(*array.Int32Builder).Append(edge.A)
		builder.Field(1).(*array.Int32Builder).Append(edge.B)
		builder.Field(2).(*array.Float64Builder).Append(edge.Weight)
	})
}

// loadValues makes linkage.common_values of the values that are told from rare ones.
func (a *accounts) loadValues(ctx context.Context) error {
	type value struct {
		field int
		code  int32
	}
	var values []value
	for field := range a.learnt.values {
		for code, known := range a.learnt.values[field] {
			if known.frequency != a.learnt.rare[field] || known.records*grown >= crowd {
				values = append(values, value{field, int32(code)}) //nolint:gosec // codes are int32
			}
		}
	}
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "place", Type: arrow.BinaryTypes.String},
		{Name: "hash", Type: arrow.PrimitiveTypes.Uint64},
		{Name: "records", Type: arrow.PrimitiveTypes.Int64},
		{Name: "frequency", Type: arrow.PrimitiveTypes.Float64},
	}, nil)
	return a.session.LoadRows(ctx, schema, "linkage.common_values", len(values), func(builder *array.RecordBuilder, i int) {
		one := values[i]
		known := a.learnt.values[one.field][one.code]
		builder.Field(0).(*array.StringBuilder).Append(valueColumn(one.field))
		builder.Field(1).(*array.Uint64Builder).Append(a.keyer.value(&a.table.Table, one.field, one.code))
		builder.Field(2).(*array.Int64Builder).Append(int64(known.records))
		builder.Field(3).(*array.Float64Builder).Append(known.frequency)
	})
}

func (a *accounts) commonQuery() string {
	queries := []string{"select place, hash, records, frequency from linkage.common_values"}
	for _, rule := range a.keyer.rules {
		if a.learnt.limits[rule.bit].Now < 2 {
			continue
		}
		queries = append(queries, fmt.Sprintf("select '%[1]s', %[1]s, count(*), null from linkage.keys where is_earlier and %[1]s is not null group by %[1]s having count(*) > %[2]d",
			blockColumn(rule.bit), a.learnt.limits[rule.bit].Earlier))
	}
	return strings.Join(queries, "\nunion all\n")
}

// figure is a row of figuresTable.
type figure struct {
	name         string
	place, level int
	figure       float64
}

func (l *learnt) figures() []figure {
	figures := []figure{
		{"accounts", 0, 0, float64(l.accounts)}, {"records", 0, 0, float64(l.records)}, {"match", 0, 0, l.model.Match}, {"household", 0, 0, l.model.Household},
	}
	for bit := range accountRules() {
		if limit, found := l.limits[bit]; found {
			figures = append(figures, figure{"limit", bit, 0, float64(limit.Earlier)}, figure{"limit", bit, 1, float64(limit.Now)})
		}
	}
	for field := range l.model.M {
		figures = append(figures, figure{"rare", field, 0, l.rare[field]}, figure{"share", field, 0, l.share[field]})
		for level := range l.model.M[field] {
			figures = append(figures, figure{"m", field, level, l.model.M[field][level]}, figure{"u", field, level, l.model.U[field][level]})
		}
	}
	return figures
}

func (a *accounts) loadFigures(ctx context.Context) error {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "name", Type: arrow.BinaryTypes.String},
		{Name: "place", Type: arrow.PrimitiveTypes.Int32},
		{Name: "level_no", Type: arrow.PrimitiveTypes.Int32},
		{Name: "figure", Type: arrow.PrimitiveTypes.Float64},
	}, nil)
	figures := a.learnt.figures()
	return a.session.LoadRows(ctx, schema, "linkage.figures", len(figures), func(builder *array.RecordBuilder, i int) {
		builder.Field(0).(*array.StringBuilder).Append(figures[i].name)
		builder.Field(1).(*array.Int32Builder).Append(int32(figures[i].place)) //nolint:gosec // there are less than a hundred
		builder.Field(2).(*array.Int32Builder).Append(int32(figures[i].level)) //nolint:gosec // there are less than a hundred
		builder.Field(3).(*array.Float64Builder).Append(figures[i].figure)
	})
}

// readFigures reads what loadFigures wrote.
func readFigures(ctx context.Context, session *warehouse.Session, query string) (l learnt, err error) {
	rows, err := session.Query(ctx, "select name, place, level_no, figure from ("+query+") order by name, place, level_no")
	if err != nil {
		return l, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	l.limits = map[int]limit{}
	for rows.Next() {
		var one figure
		if err := rows.Scan(&one.name, &one.place, &one.level, &one.figure); err != nil {
			return l, err
		}
		l.take(one)
	}
	return l, rows.Err()
}

// take notes a figure; those of a name come by place and level.
func (l *learnt) take(one figure) {
	level := func(list *[][]float64) {
		if one.level == 0 {
			*list = append(*list, nil)
		}
		(*list)[one.place] = append((*list)[one.place], one.figure)
	}
	switch one.name {
	case "accounts":
		l.accounts = int64(one.figure)
	case "records":
		l.records = int64(one.figure)
	case "match":
		l.model.Match = one.figure
	case "household":
		l.model.Household = one.figure
	case "limit":
		bound := l.limits[one.place]
		if one.level == 0 {
			bound.Earlier = int64(one.figure)
		} else {
			bound.Now = int64(one.figure)
		}
		l.limits[one.place] = bound
	case "rare":
		l.rare = append(l.rare, one.figure)
	case "share":
		l.share = append(l.share, one.figure)
	case "m":
		level(&l.model.M)
	case "u":
		level(&l.model.U)
	}
}
