package estimate

import (
	"fmt"

	"countinghouse/internal/warehouse"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// The tables that Run writes.
const (
	RatesTable    = "estimate.rates"
	VintagesTable = "estimate.vintages"
)

// Tables are the tables that Run writes.
func Tables() map[string][]warehouse.Column {
	return map[string][]warehouse.Column{RatesTable: rateColumns(), VintagesTable: vintageColumns()}
}

func rateColumns() []warehouse.Column {
	return []warehouse.Column{
		{Name: "valued_on", Type: "DATE"},
		{Name: "month", Type: "DATE"},
		{Name: "currency", Type: "VARCHAR"},
		{Name: "scope_kind", Type: "VARCHAR"},
		{Name: "scope", Type: "VARCHAR"},
		{Name: "months_of_issue", Type: "BIGINT"},
		{Name: "points_issued", Type: "BIGINT"},
		{Name: "points_redeemed", Type: "BIGINT"},
		{Name: "chain_ladder_rate", Type: "DOUBLE"},
		{Name: "chain_ladder_reserve", Type: "DOUBLE"},
		{Name: "chain_ladder_error", Type: "DOUBLE"},
		{Name: "additive_rate", Type: "DOUBLE"},
		{Name: "additive_reserve", Type: "DOUBLE"},
		{Name: "additive_error", Type: "DOUBLE"},
		{Name: "has_run_off", Type: "BOOLEAN"},
		{Name: "is_credible", Type: "BOOLEAN"},
		{Name: "estimated_rate", Type: "DOUBLE"},
		{Name: "low_rate", Type: "DOUBLE"},
		{Name: "high_rate", Type: "DOUBLE"},
		{Name: "hand_set_rate", Type: "DOUBLE"},
		{Name: "used_rate", Type: "DOUBLE"},
		{Name: "basis", Type: "VARCHAR"},
		{Name: "rate_without_hand", Type: "DOUBLE"},
	}
}

func vintageColumns() []warehouse.Column {
	return []warehouse.Column{
		{Name: "valued_on", Type: "DATE"},
		{Name: "month", Type: "DATE"},
		{Name: "currency", Type: "VARCHAR"},
		{Name: "channel", Type: "VARCHAR"},
		{Name: "with_sale", Type: "BOOLEAN"},
		{Name: "issue_month", Type: "DATE"},
		{Name: "last_month", Type: "DATE"},
		{Name: "points_issued", Type: "BIGINT"},
		{Name: "points_withdrawn", Type: "BIGINT"},
		{Name: "points_redeemed", Type: "BIGINT"},
		{Name: "points_remaining", Type: "BIGINT"},
		{Name: "expected_points", Type: "BIGINT"},
		{Name: "expected_within_year", Type: "BIGINT"},
	}
}

func writeRates(write Writer, rates []*rate) error {
	var rows [][]any
	for _, r := range rates {
		estimated := func(share float64) any { return given(share, r.hasRunOff) }
		rows = append(rows, []any{
			r.day, r.month.firstDay(), r.currency, r.kind, r.scope, int64(r.months), r.issued, r.redeemed,
			r.chainLadder.rate, r.chainLadder.reserve, r.chainLadder.reserveError, r.additive.rate, r.additive.reserve, r.additive.reserveError,
			r.hasRunOff, r.credible, estimated(r.estimated), estimated(r.low), estimated(r.high),
			given(r.handSet, r.hasHandSet), r.used, r.basis, r.otherwise,
		})
	}
	return writeTable(write, RatesTable, rateColumns(), rows)
}

func writeVintages(write Writer, expectations []expectation) error {
	var rows [][]any
	for _, e := range expectations {
		var last any
		if e.end != never {
			last = e.end.firstDay()
		}
		rows = append(rows, []any{
			e.day, e.month.firstDay(), e.currency, e.channel, e.withSale, e.issued.firstDay(), last,
			e.points, e.withdrawn, e.redeemed, e.remaining, e.total, e.withinAYear,
		})
	}
	return writeTable(write, VintagesTable, vintageColumns(), rows)
}

// given is a value, or none.
func given(value float64, is bool) any {
	if !is {
		return nil
	}
	return value
}

func writeTable(write Writer, table string, columns []warehouse.Column, rows [][]any) error {
	schema := schemaOf(columns)
	writer := write(table, schema)
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer builder.Release()
	for _, row := range rows {
		for i, value := range row {
			add(builder.Field(i), value)
		}
	}
	if len(rows) > 0 {
		batch := builder.NewRecordBatch()
		defer batch.Release()
		if err := writer.Write(batch); err != nil {
			_, closing := writer.Close()
			return fmt.Errorf("write %s: %w", table, closing)
		}
	}
	if _, err := writer.Close(); err != nil {
		return fmt.Errorf("write %s: %w", table, err)
	}
	return nil
}

func schemaOf(columns []warehouse.Column) *arrow.Schema {
	types := map[string]arrow.DataType{
		"VARCHAR": arrow.BinaryTypes.String, "BIGINT": arrow.PrimitiveTypes.Int64, "DOUBLE": arrow.PrimitiveTypes.Float64,
		"DATE": arrow.FixedWidthTypes.Date32, "BOOLEAN": arrow.FixedWidthTypes.Boolean,
	}
	fields := make([]arrow.Field, len(columns))
	for i, column := range columns {
		fields[i] = arrow.Field{Name: column.Name, Type: types[column.Type], Nullable: true}
	}
	return arrow.NewSchema(fields, nil)
}

func add(field array.Builder, value any) {
	switch value := value.(type) {
	case string:
		field.(*array.StringBuilder).Append(value)
	case int64:
		field.(*array.Int64Builder).Append(value)
	case float64:
		field.(*array.Float64Builder).Append(value)
	case bool:
		field.(*array.BooleanBuilder).Append(value)
	case day:
		field.(*array.Date32Builder).Append(arrow.Date32(value))
	default:
		field.AppendNull()
	}
}
