package openlineage

import (
	"strings"

	"countinghouse/internal/lineage"
)

// output describes a table that was made: its columns, where they come from, where it lies, how many rows it has.
func (r Run) output(built Built) dataset {
	statistics := map[string]any{"_producer": producer, "_schemaURL": newFacet("1-0-2", "OutputStatisticsOutputDatasetFacet").SchemaURL}
	if built.Rows >= 0 {
		statistics["rowCount"] = built.Rows
	}
	if built.Bytes > 0 {
		statistics["size"] = built.Bytes
	}
	made := dataset{
		Namespace: r.Namespace, Name: built.Table.Name,
		Facets: map[string]any{
			"schema": schemaOf(built),
			"dataSource": struct {
				facet
				Name string `json:"name"`
				URI  string `json:"uri"`
			}{newFacet("1-0-1", "DatasourceDatasetFacet"), r.Namespace, strings.TrimSuffix(r.Store, "/") + "/tables/" + strings.ReplaceAll(built.Table.Name, ".", "/")},
		},
		OutputFacets: map[string]any{"outputStatistics": statistics},
	}
	if built.Table.Problem == "" {
		made.Facets["columnLineage"] = r.columnLineage(built.Table)
	}
	return made
}

type field struct {
	Name string `json:"name"`
	Type string `json:"type,omitempty"`
}

func schemaOf(built Built) any {
	fields := []field{}
	for _, column := range built.Columns {
		fields = append(fields, field{column.Name, column.Type})
	}
	if built.Columns == nil {
		for _, name := range built.Table.ColumnNames() {
			fields = append(fields, field{Name: name})
		}
	}
	return struct {
		facet
		Fields []field `json:"fields"`
	}{newFacet("1-1-1", "SchemaDatasetFacet"), fields}
}

// inputField is a source. Its transformation is DIRECT where the value flows and INDIRECT where it decides.
type inputField struct {
	Namespace       string           `json:"namespace"`
	Name            string           `json:"name"`
	Field           string           `json:"field"`
	Transformations []transformation `json:"transformations"`
}

type transformation struct {
	Type    string `json:"type"`
	Subtype string `json:"subtype,omitempty"`
}

type outputField struct {
	InputFields []inputField `json:"inputFields"`
}

// columnLineage names the sources of each column, and once, as the specification has it, those that decide about all: which rows there are.
func (r Run) columnLineage(table lineage.Table) any {
	fields := map[string]outputField{}
	for _, column := range table.Columns {
		direct := transformation{"DIRECT", "TRANSFORMATION"}
		if len(column.Expressions) == 0 && len(column.Values) == 1 {
			direct.Subtype = "IDENTITY"
		}
		inputs := r.inputFields(column.Values, direct)
		fields[column.Name] = outputField{append(inputs, r.inputFields(column.Filters, transformation{Type: "INDIRECT"})...)}
	}
	return struct {
		facet
		Fields  map[string]outputField `json:"fields"`
		Dataset []inputField           `json:"dataset"`
	}{newFacet("1-2-0", "ColumnLineageDatasetFacet"), fields, r.inputFields(table.Rows, transformation{Type: "INDIRECT"})}
}

// inputFields leaves out parameters and the rows of whole tables, for which the specification has no word.
func (r Run) inputFields(sources []lineage.Source, how transformation) []inputField {
	fields := []inputField{}
	for _, source := range sources {
		if source.Column != lineage.Rows && source.Table != lineage.ParameterTable {
			fields = append(fields, inputField{r.Namespace, source.Table, source.Column, []transformation{how}})
		}
	}
	return fields
}
