package ledger

import "github.com/apache/arrow-go/v18/arrow"

// Type is a column's type, as DuckDB writes it.
type Type string

// The types that the ledger's tables use.
const (
	Text      Type = "VARCHAR"
	Integer   Type = "BIGINT"
	Date      Type = "DATE"
	Timestamp Type = "TIMESTAMP"
	Bytes     Type = "BLOB"
)

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
			{"channel", Text},
			{"account_id", Text},
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
			{"source_file", Text},
			{"source_row", Integer},
			{"currency", Text},
			{"points_opening", Integer},
			{"points_transferred", Integer},
			{"points_reinstated", Integer},
			{"extended_from", Date},
		}},
		{ConsumptionTable, []Column{
			{"channel", Text},
			{"account_id", Text},
			{"entry_no", Integer},
			{"txn_id", Text},
			{"lot_id", Text},
			{"kind", Text},
			{"points", Integer},
			{"occurred_on", Date},
			{"issued_on", Date},
			{"currency", Text},
		}},
		{BalancesTable, []Column{
			{"channel", Text}, {"account_id", Text}, {"lots_remaining", Integer}, {"arrears", Integer}, {"balance", Integer}, {"currency", Text},
		}},
		{ExceptionsTable, []Column{
			{"channel", Text},
			{"account_id", Text},
			{"txn_id", Text},
			{"occurred_at", Timestamp},
			{"kind", Text},
			{"points", Integer},
			{"code", Text},
			{"detail", Text},
			{"source_file", Text},
			{"source_row", Integer},
			{"currency", Text},
		}},
	}
}

func entryColumns() []Column {
	return []Column{
		{"channel", Text},
		{"account_id", Text},
		{"entry_no", Integer},
		{"occurred_at", Timestamp},
		{"occurred_on", Date},
		{"kind", Text},
		{"points", Integer},
		{"balance_after", Integer},
		{"txn_id", Text},
		{"order_id", Text},
		{"reason", Text},
		{"source_file", Text},
		{"source_row", Integer},
		{"currency", Text},
		{"counter_account_id", Text},
		{"counter_txn_id", Text},
	}
}
