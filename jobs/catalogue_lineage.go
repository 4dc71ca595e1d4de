package jobs

import (
	"slices"
	"strings"

	"countinghouse/internal/lineage"
	"countinghouse/pipelines/catalogue"
)

// addLineage tells of each column which others its values come from. A table whose columns cannot be followed is described without.
func addLineage(made *catalogue.Catalogue, graph *lineage.Graph) {
	for i := range made.Tables {
		followed, found := graph.Table(made.Tables[i].Name)
		if !found {
			continue
		}
		for j := range made.Tables[i].Columns {
			column := &made.Tables[i].Columns[j]
			if from, found := followed.Column(column.Name); found {
				column.Sources = sourcesOf(from.Values)
				for _, expression := range from.Expressions {
					if expression.From == "" { // those of the feeds stand on their own pages
						column.Expressions = append(column.Expressions, expression.SQL)
					}
				}
			}
		}
	}
}

// feedPrefix begins the name of a feed's rows among the tables of a lineage.
const feedPrefix = "feed." // as feedTable has it

func sourcesOf(values []lineage.Source) []catalogue.Source {
	var sources []catalogue.Source
	for _, value := range values {
		source := catalogue.Source{Table: value.Table, Column: value.Column}
		if feed, isFeed := strings.CutPrefix(value.Table, feedPrefix); isFeed {
			source = catalogue.Source{Feed: feed, Column: value.Column}
		} else if value.Table == lineage.ParameterTable {
			source = catalogue.Source{Parameter: value.Column}
		}
		if !slices.Contains(sources, source) {
			sources = append(sources, source)
		}
	}
	return sources
}
