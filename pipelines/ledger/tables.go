package ledger

import (
	"countinghouse/internal/columnfile"

	"github.com/apache/arrow-go/v18/arrow"
)

// Type is a column's type.
type Type uint8

// The types that the ledger's tables use. Name is a text that recurs: rows next to each other have the same one, or one of a few.
const (
	Text Type = iota
	Name
	Integer
	Date
	Timestamp
	Bytes
)

// SQL is the type as DuckDB writes it.
func (t Type) SQL() string {
	switch t {
	case Integer:
		return "BIGINT"
	case Date:
		return "DATE"
	case Timestamp:
		return "TIMESTAMP"
	case Bytes:
		return "BLOB"
	default:
		return "VARCHAR"
	}
}

// Column is one column of a table.
type Column struct {
	Name string
	Type Type
}

// Table is one table that the ledger makes. The rows of an account come together, entries in the order of their numbers.
type Table struct {
	Name    string // with its schema: ledger.entries
	Columns []Column
}

// Schema is the Arrow schema of the table's batches.
func (t Table) Schema() *arrow.Schema {
	fields := make([]arrow.Field, len(t.Columns))
	for i, column := range t.Columns {
		fields[i] = arrow.Field{Name: column.Name, Type: column.Type.arrow(), Nullable: true}
	}
	return arrow.NewSchema(fields, nil)
}

func (t Type) arrow() arrow.DataType {
	switch t {
	case Name:
		return columnfile.Names()
	case Integer:
		return arrow.PrimitiveTypes.Int64
	case Date:
		return arrow.FixedWidthTypes.Date32
	case Timestamp:
		return &arrow.TimestampType{Unit: arrow.Microsecond}
	case Bytes:
		return arrow.BinaryTypes.Binary
	default:
		return arrow.BinaryTypes.String
	}
}

// The names of the ledger's tables.
const (
	EntriesTable     = "ledger.entries"
	LotsTable        = "ledger.lots"
	ConsumptionTable = "ledger.consumption"
	BalancesTable    = "ledger.balances"
	ExceptionsTable  = "ledger.exceptions"
)

// Tables are the tables that Run writes.
func Tables() []Table {
	return []Table{
		{EntriesTable, entryColumns()},
		{LotsTable, []Column{
			{"channel", Name},
			{"account_id", Name},
			{"lot_id", Text},
			{"issued_at", Timestamp},
			{"issued_on", Date},
			{"expires_on", Date},
			{"points_issued", Integer},
			{"points_redeemed", Integer},
			{"points_expired", Integer},
			{"points_clawed_back", Integer},
			{"points_adjusted", Integer},
			{"points_remaining", Integer},
			{"order_id", Text},
			{"source_file", Name},
			{"source_row", Integer},
			{"currency", Name},
			{"points_opening", Integer},
			{"points_transferred", Integer},
			{"points_reinstated", Integer},
			{"extended_from", Date},
			{"origin_account_id", Text},
			{"origin_lot_id", Text},
		}},
		{ConsumptionTable, []Column{
			{"channel", Name},
			{"account_id", Name},
			{"entry_no", Integer},
			{"txn_id", Text},
			{"lot_id", Text},
			{"kind", Name},
			{"points", Integer},
			{"occurred_on", Date},
			{"issued_on", Date},
			{"currency", Name},
		}},
		{BalancesTable, []Column{
			{"channel", Name}, {"account_id", Name}, {"lots_remaining", Integer}, {"arrears", Integer}, {"balance", Integer}, {"currency", Name},
		}},
		{ExceptionsTable, []Column{
			{"channel", Name},
			{"account_id", Name},
			{"txn_id", Text},
			{"occurred_at", Timestamp},
			{"kind", Name},
			{"points", Integer},
			{"code", Name},
			{"detail", Text},
			{"source_file", Name},
			{"source_row", Integer},
			{"currency", Name},
		}},
	}
}

func entryColumns() []Column {
	return []Column{
		{"channel", Name},
		{"account_id", Name},
		{"entry_no", Integer},
		{"occurred_at", Timestamp},
		{"occurred_on", Date},
		{"kind", Name},
		{"points", Integer},
		{"balance_after", Integer},
		{"txn_id", Text},
		{"order_id", Text},
		{"reason", Name},
		{"source_file", Name},
		{"source_row", Integer},
		{"currency", Name},
		{"counter_account_id", Name},
		{"counter_txn_id", Text},
	}
}
