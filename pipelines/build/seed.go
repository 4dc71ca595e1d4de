package build

import (
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"strings"

	"countinghouse/internal/model"
	"countinghouse/internal/suggest"
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

// seedRows gives each line of the CSV as a SQL row of texts, an empty cell being NULL. A column that the file does not have is empty: it may be a
// brand's, and older than the column.
func seedRows(seed *model.Seed) ([]string, error) {
	reader := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(seed.CSV), "\ufeff")))
	records, err := reader.ReadAll()
	if err != nil {
		return nil, err
	}
	if len(records) == 0 {
		return nil, fmt.Errorf("it has no header")
	}
	places, err := seedPlaces(seed, records[0])
	if err != nil {
		return nil, err
	}
	rows := make([]string, 0, len(records)-1)
	for row, record := range records[1:] {
		cells := make([]string, len(places))
		for i, place := range places {
			cells[i] = "null"
			switch {
			case place >= 0 && record[place] != "":
				cells[i] = warehouse.Quote(record[place])
			case seed.Columns[i].NotNull:
				return nil, fmt.Errorf("row %d: %s is empty", row+2, seed.Columns[i].Name)
			}
		}
		rows = append(rows, "("+strings.Join(cells, ", ")+")")
	}
	return rows, nil
}

// seedPlaces says where each of the seed's columns stands in the file, -1 if nowhere.
func seedPlaces(seed *model.Seed, header []string) ([]int, error) {
	found := map[string]int{}
	for i, name := range header {
		name = strings.TrimSpace(name)
		if _, twice := found[name]; twice {
			return nil, fmt.Errorf("column %q stands in it twice", name)
		}
		found[name] = i
	}
	places := make([]int, len(seed.Columns))
	names := make([]string, len(seed.Columns))
	for i, column := range seed.Columns {
		names[i], places[i] = column.Name, -1
		if place, has := found[column.Name]; has {
			places[i] = place
			delete(found, column.Name)
		} else if slices.Contains(seed.Header.Grain, column.Name) {
			return nil, fmt.Errorf("it has no column %q", column.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		return nil, fmt.Errorf("column %q is unknown%s", name, suggest.DidYouMean(name, names))
	}
	return places, nil
}
