// Package contract holds what a feed's YAML file says: which files it takes, how their cells become typed
// columns, and which canonical datasets those columns give. docs/FEEDS.md is its specification.
//
// The package is pure: it reads YAML, checks it, and writes SQL text. It opens no file of a channel and runs no
// SQL. The texts that it writes are deterministic, since models are stored under fingerprints of them.
package contract

// A Contract is one feed: one kind of export file. It is immutable once loaded.
type Contract struct {
	Feed    string   `json:"feed"              yaml:"feed"`
	About   string   `json:"about,omitempty"   yaml:"about"`
	Zh      string   `json:"zh,omitempty"      yaml:"zh"`
	Channel string   `json:"channel,omitempty" yaml:"channel"`
	Files   Files    `json:"files"             yaml:"files"`
	Key     []string `json:"key,omitempty"     yaml:"key"`
	Grain   []string `json:"grain,omitempty"   yaml:"grain"`
	Rejects Rejects  `json:"rejects"           yaml:"rejects"`
	// Expected is how often an export comes: daily, weekly or monthly; empty: there is no rhythm. Grace is how many days it may be late.
	Expected string          `json:"-"                 yaml:"expected"`
	Grace    *int            `json:"-"                 yaml:"grace"`
	Columns  []Column        `json:"columns"           yaml:"columns"`
	Split    *Split          `json:"split,omitempty"   yaml:"split"`
	Gives    map[string]Give `json:"gives"             yaml:"gives"`
	Example  Example         `json:"-"                 yaml:"example"`
}

// Files says which files a feed takes and how their bytes become records.
type Files struct {
	Names      []string    `json:"-"                     yaml:"names"`
	Container  string      `json:"container"             yaml:"container"`
	Encoding   string      `json:"encoding,omitempty"    yaml:"encoding"`
	Header     string      `json:"header,omitempty"      yaml:"header"`
	Delimiter  string      `json:"delimiter,omitempty"   yaml:"delimiter"`
	Decimal    string      `json:"decimal,omitempty"     yaml:"decimal"`
	Sheet      string      `json:"sheet,omitempty"       yaml:"sheet"`
	Records    string      `json:"records,omitempty"     yaml:"records"`
	Preamble   int         `json:"preamble,omitempty"    yaml:"preamble"`
	Loose      bool        `json:"loose,omitempty"       yaml:"loose"`
	Drop       []string    `json:"drop,omitempty"        yaml:"drop"`
	End        string      `json:"end,omitempty"         yaml:"end"`
	ExportedAt *ExportedAt `json:"exported_at,omitempty" yaml:"exported_at"`
}

// Containers that a feed may name.
const (
	CSV   = "csv"
	XLSX  = "xlsx"
	JSON  = "json"
	JSONL = "jsonl"
)

// Encodings that a feed may name.
const (
	UTF8    = "utf-8"
	GB18030 = "gb18030"
	UTF16LE = "utf-16le"
	UTF16BE = "utf-16be"
	// AnyEncoding is told by the bytes: a byte order mark, or the zero bytes of UTF-16; else UTF-8 if the first characters that are not ASCII
	// are, else GB18030.
	AnyEncoding = "any"
)

// NoHeader is the value of Files.Header for files without a header line: a column's place is its place among the columns with a cell.
const NoHeader = "none"

// Blanks is the value of Files.Delimiter for fields that stand apart by any number of blanks and TABs.
const Blanks = "blanks"

// DecimalComma is the value of Files.Decimal for numbers such as 1.234,56: a comma before the decimals, points, apostrophes or no-break spaces
// between thousands.
const DecimalComma = "comma"

// HasHeader says that columns are found by the names in a header, and not by their places.
func (f Files) HasHeader() bool { return f.Header != NoHeader }

// ExportedAt says where the time at which the channel made the file is written: in its name, in a line before its header, or in what the
// container itself tells. They are tried in this order.
type ExportedAt struct {
	FileName string `json:"file_name,omitempty" yaml:"file_name"`
	Preamble string `json:"preamble,omitempty"  yaml:"preamble"`
	Metadata bool   `json:"metadata,omitempty"  yaml:"metadata"`
	Layout   string `json:"layout"              yaml:"layout"`
}

// Rejects is how many refused rows a file may have before it is quarantined as a whole: it is when it has more
// than MaxRows or more than MaxShare (0 to 1) of its rows.
type Rejects struct {
	MaxRows  *int64   `json:"max_rows,omitempty"  yaml:"max_rows"`
	MaxShare *float64 `json:"max_share,omitempty" yaml:"max_share"`
}

// Limits gives the two limits with their defaults, 1000 rows and a share of 0.05.
func (r Rejects) Limits() (rows int64, share float64) {
	rows, share = 1000, 0.05
	if r.MaxRows != nil {
		rows = *r.MaxRows
	}
	if r.MaxShare != nil {
		share = *r.MaxShare
	}
	return rows, share
}

// A Column is one typed column of a feed. It is read from the first of its Header names that the file has (from its place, where files
// have no header), or computed by Value, an SQL expression over the columns above it.
type Column struct {
	Name     string            `json:"name"               yaml:"name"`
	Header   []string          `json:"header,omitempty"   yaml:"header"`
	Type     Type              `json:"type"               yaml:"type"`
	Zh       string            `json:"-"                  yaml:"zh"`
	About    string            `json:"-"                  yaml:"about"`
	Required bool              `json:"required,omitempty" yaml:"required"`
	Empty    string            `json:"empty,omitempty"    yaml:"empty"`
	Nulls    []string          `json:"nulls,omitempty"    yaml:"nulls"`
	Scale    int               `json:"scale,omitempty"    yaml:"scale"`
	Unit     string            `json:"unit,omitempty"     yaml:"unit"`
	Layouts  []string          `json:"layouts,omitempty"  yaml:"layouts"`
	Zone     string            `json:"zone,omitempty"     yaml:"zone"`
	Year     string            `json:"year,omitempty"     yaml:"year"`
	Values   map[string]string `json:"values,omitempty"   yaml:"values"`
	Other    *string           `json:"other,omitempty"    yaml:"other"`
	Personal bool              `json:"personal,omitempty" yaml:"personal"`
	Value    string            `json:"value,omitempty"    yaml:"value"`
}

// RefusesEmpty says that a row without a value in this column is a reject.
func (c Column) RefusesEmpty() bool { return c.Empty == "refuse" }

// Computed says that the column has no cell of its own.
func (c Column) Computed() bool { return c.Value != "" }

// A Type is what a cell is read as; docs/FEEDS.md lists what each one accepts.
type Type string

// The types of a feed's columns.
const (
	Text      Type = "text"
	ID        Type = "id"
	Integer   Type = "integer"
	Count     Type = "count"
	Money     Type = "money"
	Decimal   Type = "decimal"
	Percent   Type = "percent"
	Boolean   Type = "boolean"
	Date      Type = "date"
	Timestamp Type = "timestamp"
	Enum      Type = "enum"
	Phone     Type = "phone"
	Email     Type = "email"
)

// SQLType is the DuckDB type of a conformed column.
func (c Column) SQLType() string {
	switch c.Type {
	case Integer, Count:
		return "BIGINT"
	case Money:
		return "DECIMAL(18,2)"
	case Decimal:
		return decimalType(c.Scale)
	case Percent:
		return "DOUBLE"
	case Boolean:
		return "BOOLEAN"
	case Date:
		return "DATE"
	case Timestamp:
		return "TIMESTAMP"
	default:
		return "VARCHAR"
	}
}

// DefaultLayouts are the strptime layouts of a date or timestamp column that names none.
func DefaultLayouts(t Type) []string {
	if t == Date {
		return []string{"%Y-%m-%d", "%Y/%m/%d", "%Y%m%d"}
	}
	return []string{"%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S"}
}

// A Give says how a feed's rows become rows of one canonical dataset. Columns maps the dataset's columns to SQL
// expressions over the feed's; with GroupBy they are aggregates.
type Give struct {
	Rows    string            `json:"rows,omitempty"     yaml:"rows"`
	GroupBy []string          `json:"group_by,omitempty" yaml:"group_by"`
	Split   bool              `json:"split,omitempty"    yaml:"split"` // of the parts of each row, as Contract.Split has them
	Columns map[string]string `json:"columns"            yaml:"columns"`
}

// ExampleZone is the zone of the brand whose file an example is: what it gives must not depend on the project that runs it.
const ExampleZone = "Asia/Shanghai"

// An Example is a made-up file and what must come of it; it is run as the contract's test.
type Example struct {
	Name     string                      `yaml:"name"`
	File     string                      `yaml:"file"`
	Accepted int64                       `yaml:"accepted"`
	Rejected int64                       `yaml:"rejected"`
	Dropped  int64                       `yaml:"dropped"`
	Reasons  []string                    `yaml:"reasons"`
	Gives    map[string][]map[string]any `yaml:"gives"`
}

// Column finds a column by its name.
func (c *Contract) Column(name string) (Column, bool) {
	for _, column := range c.Columns {
		if column.Name == name {
			return column, true
		}
	}
	return Column{}, false
}
