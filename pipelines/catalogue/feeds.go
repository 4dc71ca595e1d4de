package catalogue

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"countinghouse/internal/contract"
)

func describeFeed(registry *contract.Registry, c *contract.Contract) Feed {
	feed := Feed{
		Name: c.Feed, About: c.About, Chinese: c.Zh, Channel: c.Channel, Names: c.Files.Names, Container: c.Files.Container,
		Encoding: cmp.Or(c.Files.Encoding, contract.UTF8), Grain: c.Grain, Gives: []Give{}, Example: describeExample(registry, c),
	}
	if c.Files.Container == contract.XLSX {
		feed.Encoding = ""
	}
	for _, column := range c.Columns {
		feed.Columns = append(feed.Columns, FeedColumn{
			Name: column.Name, Headers: column.Header, Type: string(column.Type), Chinese: column.Zh, About: column.About, Unit: column.Unit,
			Required: column.Required, NotEmpty: column.RefusesEmpty(), Personal: column.Personal, Value: column.Value,
		})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Gives)) {
		feed.Gives = append(feed.Gives, describeGive(registry, name, c.Gives[name]))
	}
	return feed
}

func describeGive(registry *contract.Registry, name string, given contract.Give) Give {
	give := Give{Dataset: name, Rows: given.Rows, GroupBy: given.GroupBy}
	for _, column := range orderOf(registry, name, given.Columns) {
		give.Columns = append(give.Columns, GiveColumn{Column: column, Expression: given.Columns[column]})
	}
	return give
}

// orderOf gives the names of a map in the order of a dataset's columns.
func orderOf[V any](registry *contract.Registry, name string, named map[string]V) []string {
	dataset, found := registry.Dataset(name)
	if !found {
		return slices.Sorted(maps.Keys(named))
	}
	var order []string
	for _, column := range dataset.Columns {
		if _, has := named[column.Name]; has {
			order = append(order, column.Name)
		}
	}
	return order
}

// describeExample is nil for a contract without one.
func describeExample(registry *contract.Registry, c *contract.Contract) *Example {
	if c.Example.File == "" {
		return nil
	}
	example := &Example{
		Name: c.Example.Name, File: c.Example.File, Accepted: c.Example.Accepted, Rejected: c.Example.Rejected, Dropped: c.Example.Dropped, Gives: []Given{},
	}
	for _, name := range slices.Sorted(maps.Keys(c.Example.Gives)) {
		example.Gives = append(example.Gives, describeGiven(registry, name, c.Example.Gives[name]))
	}
	return example
}

func describeGiven(registry *contract.Registry, name string, rows []map[string]any) Given {
	named := map[string]bool{}
	for _, row := range rows {
		for column := range row {
			named[column] = true
		}
	}
	given := Given{Dataset: name, Rows: Rows{Columns: orderOf(registry, name, named), Rows: [][]string{}}}
	for _, row := range rows {
		cells := make([]string, len(given.Columns))
		for i, column := range given.Columns {
			if value := row[column]; value != nil {
				cells[i] = fmt.Sprint(value)
			}
		}
		given.Rows.Rows = append(given.Rows.Rows, cells)
	}
	return given
}
