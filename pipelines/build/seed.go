package build

import (
	"encoding/csv"
	"fmt"
	"strings"

	"countinghouse/internal/model"
	"countinghouse/internal/warehouse"
)

// seedQuery makes a seed's rows a query of their own, so that a seed is built, fingerprinted and read like any table. A CSV that
// is broken becomes a query that fails with the reason.
func seedQuery(seed *model.Seed) string {
	rows, err := seedRows(seed)
	if err != nil {
		return "select error(" + warehouse.Quote(seed.File+": "+err.Error()) + ")"
	}
	columns := make([]string, len(seed.Columns))
	for i, column := range seed.Columns {
		columns[i] = fmt.Sprintf("cast(column%d as %s) as %s", i, column.Type, warehouse.QuoteName(column.Name))
	}
	selected := "select " + strings.Join(columns, ", ")
	if len(rows) == 0 {
		return selected + " from (values (" + strings.TrimSuffix(strings.Repeat("null, ", len(columns)), ", ") + ")) as empty(" + columnNames(len(columns)) + ") where false"
	}
	return selected + " from (values\n" + strings.Join(rows, ",\n") + "\n) as lines(" + columnNames(len(columns)) + ")"
}

func columnNames(count int) string {
	names := make([]string, count)
	for i := range names {
		names[i] = fmt.Sprintf("column%d", i)
	}
	return strings.Join(names, ", ")
}

// seedRows gives each line of the CSV as a SQL row of texts, an empty cell being NULL.
func seedRows(seed *model.Seed) ([]string, error) {
	reader := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(seed.CSV), "\ufeff")))
	reader.FieldsPerRecord = len(seed.Columns)
	records, err := reader.ReadAll()
	if err != nil {
		return nil, err
	}
	if len(records) == 0 {
		return nil, fmt.Errorf("it has no header")
	}
	for i, column := range seed.Columns {
		if strings.TrimSpace(records[0][i]) != column.Name {
			return nil, fmt.Errorf("column %d is %q, its header file says %q", i+1, records[0][i], column.Name)
		}
	}
	rows := make([]string, 0, len(records)-1)
	for _, record := range records[1:] {
		cells := make([]string, len(record))
		for i, cell := range record {
			cells[i] = "null"
			if cell != "" {
				cells[i] = warehouse.Quote(cell)
			}
		}
		rows = append(rows, "("+strings.Join(cells, ", ")+")")
	}
	return rows, nil
}
