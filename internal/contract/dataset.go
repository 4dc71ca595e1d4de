package contract

// A Dataset is one canonical dataset: what its rows are and the columns that every feed gives it.
type Dataset struct {
	Dataset string   `yaml:"dataset"`
	About   string   `yaml:"about"`
	Zh      string   `yaml:"zh"`
	Grain   []string `yaml:"grain"`
	// Mentions says that several feeds may describe one thing, each with what it knows: all their rows are kept, in place of the newest export's.
	Mentions bool `yaml:"mentions"`
	// Closed, of a dataset that no feed gives, is what its rows are of the last close of a period: a table as it was closed, or `files`.
	Closed string `yaml:"closed"`
	// Repeats, of a dataset that no feed gives, is the dataset of which it holds the rows that exports of one time tell more than once and not alike.
	Repeats string          `yaml:"repeats"`
	Columns []DatasetColumn `yaml:"columns"`
}

// IsDerived says that no feed gives the dataset.
func (d *Dataset) IsDerived() bool { return d.Closed != "" || d.Repeats != "" }

// A DatasetColumn is one column of a canonical dataset. Identifier names the kind of identifier that it holds, for
// merging accounts.
type DatasetColumn struct {
	Name       string `yaml:"name"`
	Type       string `yaml:"type"`
	Zh         string `yaml:"zh"`
	About      string `yaml:"about"`
	Unit       string `yaml:"unit"`
	Personal   bool   `yaml:"personal"`
	Identifier string `yaml:"identifier"`
}

// SQLType is the DuckDB type of the column: money is DECIMAL(18,2), a timestamp is the wall clock of the brand's zone.
// It is empty for an unknown type, which Load refuses.
func (c DatasetColumn) SQLType() string {
	switch c.Type {
	case "text":
		return "VARCHAR"
	case "integer":
		return "BIGINT"
	case "money":
		return "DECIMAL(18,2)"
	case "timestamp":
		return "TIMESTAMP"
	case "date":
		return "DATE"
	case "boolean":
		return "BOOLEAN"
	default:
		return ""
	}
}

// Column finds a column by its name.
func (d *Dataset) Column(name string) (DatasetColumn, bool) {
	for _, column := range d.Columns {
		if column.Name == name {
			return column, true
		}
	}
	return DatasetColumn{}, false
}
