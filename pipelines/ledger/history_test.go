package ledger_test

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"countinghouse/pipelines/ledger"
)

// history is a ledger's input as text.
type history struct {
	movements []map[string]string // by column; an empty or absent value is NULL
	programme []map[string]string
	pools     []ledger.Membership
	asOf      string
}

var programmeColumns = []ledger.Column{
	{Name: "valid_from", Type: ledger.Date},
	{Name: "validity", Type: ledger.Text},
	{Name: "validity_days", Type: ledger.Integer},
	{Name: "currency", Type: ledger.Text},
	{Name: "grace_days", Type: ledger.Integer},
	{Name: "pending_days", Type: ledger.Integer},
	{Name: "burn_order", Type: ledger.Text},
	{Name: "negative_balance", Type: ledger.Text},
	{Name: "recredit_to", Type: ledger.Text},
	{Name: "transfer_expiry", Type: ledger.Text},
}

// tables is what a sink was given: per table its rows by column.
type tables map[string][]map[string]string

// Write keeps a batch's rows as text.
func (t tables) Write(table string, batch arrow.RecordBatch) error {
	for i := range int(batch.NumRows()) {
		row := map[string]string{}
		for c, column := range batch.Columns() {
			if !column.IsNull(i) {
				row[batch.ColumnName(c)] = cell(column, i)
			}
		}
		t[table] = append(t[table], row)
	}
	return nil
}

func cell(column arrow.Array, i int) string {
	if at, ok := column.(*array.Timestamp); ok {
		return at.Value(i).ToTime(arrow.Microsecond).Format(time.DateTime)
	}
	return column.ValueStr(i)
}

// table gives the named columns of a table, with a header as its first row.
func (t tables) table(name string, columns []string) [][]string {
	rows := [][]string{columns}
	for _, row := range t[name] {
		values := make([]string, len(columns))
		for i, column := range columns {
			values[i] = row[column]
		}
		rows = append(rows, values)
	}
	return rows
}

func (h history) run(t *testing.T) tables {
	t.Helper()
	got, err := h.try(t)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (h history) try(t *testing.T) (tables, error) {
	t.Helper()
	allocator := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer allocator.AssertSize(t, 0)
	rules := batches(t, allocator, programmeColumns, h.programme)
	defer rules.Release()
	programme, err := ledger.ReadProgramme(rules)
	if err != nil {
		return nil, err
	}
	got := tables{}
	return got, ledger.Run(context.Background(), h.given(t), programme, h.pools, h.day(t), got)
}

// given are the movements as the ledger has them.
func (h history) given(t *testing.T) []ledger.Given {
	t.Helper()
	var all []ledger.Given
	for _, row := range h.rows() {
		all = append(all, ledger.Given{
			Place: uint64(integer(t, row["place"])), Channel: row["channel"], Account: row["account_id"], Currency: row["currency"], Movement: movementOf(t, row),
		})
	}
	return all
}

func movementOf(t *testing.T, row map[string]string) ledger.Movement {
	t.Helper()
	m := ledger.Movement{
		TxnID: row["txn_id"], Kind: ledger.ParseKind(row["kind"]), KindName: row["kind"], OrderID: row["order_id"], Reason: row["reason"],
		SourceFile: row["source_file"], SourceRow: integer(t, row["source_row"]), CounterAccount: row["counter_account_id"], CounterTxn: row["counter_txn_id"],
	}
	if row["occurred_at"] == "" {
		m.Lacks |= ledger.LacksTime
	} else if at, err := time.Parse(time.DateTime, row["occurred_at"]); err != nil {
		t.Fatal(err)
	} else {
		m.OccurredAt = ledger.Instant(at.UnixMicro())
	}
	if row["points"] == "" {
		m.Lacks |= ledger.LacksPoints
	} else {
		m.Points = integer(t, row["points"])
	}
	if row["expires_on"] == "" {
		m.Lacks |= ledger.LacksExpiry
	} else {
		m.ExpiresOn = day(t, row["expires_on"])
	}
	return m
}

func integer(t *testing.T, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// rows fills in what a case leaves out: one account, and lines of one file. Where points are transferred or shared, all accounts are booked together.
func (h history) rows() []map[string]string {
	transfers := len(h.pools) > 0 || slices.ContainsFunc(h.movements, func(row map[string]string) bool { return row["kind"] == "transfer" })
	var all []map[string]string
	places := map[[2]string]string{}
	for i, movement := range h.movements {
		row := map[string]string{"channel": "shop", "account_id": "A", "currency": "points", "source_file": "points.csv", "source_row": itoa(i + 2)}
		maps.Copy(row, movement)
		if at := row["occurred_at"]; len(at) == len("2026-01-31") {
			row["occurred_at"] = at + " 00:00:00"
		}
		account := [2]string{row["channel"], row["account_id"]}
		if places[account] == "" {
			places[account] = itoa(len(places) + 1)
		}
		if row["place"] == "" && transfers {
			row["place"] = "1"
		} else if row["place"] == "" {
			row["place"] = places[account]
		}
		all = append(all, row)
	}
	return all
}

// batches gives rows as batches of one row.
func batches(t *testing.T, allocator memory.Allocator, columns []ledger.Column, rows []map[string]string) array.RecordReader {
	t.Helper()
	schema := ledger.Table{Columns: columns}.Schema()
	var all []arrow.RecordBatch
	for _, row := range rows {
		batch := newBatch(t, allocator, schema, row)
		defer batch.Release()
		all = append(all, batch)
	}
	reader, err := array.NewRecordReader(schema, all)
	if err != nil {
		t.Fatal(err)
	}
	return reader
}

func newBatch(t *testing.T, allocator memory.Allocator, schema *arrow.Schema, row map[string]string) arrow.RecordBatch {
	t.Helper()
	builder := array.NewRecordBuilder(allocator, schema)
	defer builder.Release()
	for i, field := range schema.Fields() {
		if row[field.Name] == "" {
			builder.Field(i).AppendNull()
		} else if err := builder.Field(i).AppendValueFromString(row[field.Name]); err != nil {
			t.Fatal(err)
		}
	}
	return builder.NewRecordBatch()
}
