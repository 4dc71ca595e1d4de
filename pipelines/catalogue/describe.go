package catalogue

import (
	"bytes"
	"cmp"
	_ "embed" // the texts of steps.yaml
	"encoding/csv"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"countinghouse/internal/contract"
	"countinghouse/internal/model"
	"countinghouse/internal/warehouse"

	"github.com/goccy/go-yaml"
)

// Definitions are a project's files as they are written: what New describes.
type Definitions struct {
	Library  *model.Library
	Registry *contract.Registry
	Steps    []Step
	Values   map[string]any // of the parameters
	// Dir is the project's folder; it is cut off from the names of files.
	Dir string
}

// Step is work in Go that makes tables.
type Step struct {
	Name       string
	Inputs     []string
	Parameters []string
	Tables     map[string][]warehouse.Column
}

// New describes a project before anything is built: brand, environment, what is stored and what was received are the caller's to add. The error
// is about the texts of the steps, which are part of the program.
func New(d Definitions) (Catalogue, error) {
	made := Catalogue{Format: Format}
	steps, err := stepTables(d.Steps)
	if err != nil {
		return made, err
	}
	made.Tables = steps
	for _, seed := range d.Library.Seeds {
		made.Tables = append(made.Tables, d.seed(seed))
	}
	for _, dataset := range d.Registry.Datasets() {
		made.Tables = append(made.Tables, datasetTable(d.Registry, dataset))
	}
	for _, one := range d.Library.Models {
		made.Tables = append(made.Tables, d.model(one))
	}
	slices.SortFunc(made.Tables, func(a, b Table) int { return cmp.Compare(a.Name, b.Name) })
	made.link()
	for _, feed := range d.Registry.Feeds() {
		made.Feeds = append(made.Feeds, describeFeed(d.Registry, feed))
	}
	made.Parameters = d.parameters(made.Tables)
	return made, nil
}

// link gives each table its readers.
func (c *Catalogue) link() {
	readers := map[string][]string{}
	for _, table := range c.Tables {
		for _, input := range table.Inputs {
			readers[input] = append(readers[input], table.Name)
		}
	}
	for i := range c.Tables {
		c.Tables[i].Readers = readers[c.Tables[i].Name]
	}
}

func (d Definitions) model(m *model.Model) Table {
	parameters := append(slices.Clone(m.Parameters), m.AuditParameters...)
	slices.Sort(parameters)
	return Table{
		Name: m.Name, Kind: cmp.Or(m.Header.Kind, model.KindTable), About: m.Header.About, Chinese: m.Header.Chinese, Owner: m.Header.Owner, Tags: m.Header.Tags, Grain: m.Header.Grain,
		Month: m.Header.Month, Reads: reads(m.Header.Reads), File: d.file(m.File), Columns: modelColumns(m.Columns), SQL: m.Query, Audits: audits(m.Audits, m.Columns), Inputs: m.Inputs, Parameters: slices.Compact(parameters),
	}
}

func reads(inputs map[string]model.Read) []Read {
	var made []Read
	for _, input := range slices.Sorted(maps.Keys(inputs)) {
		made = append(made, Read{Table: input, By: inputs[input].By, Back: inputs[input].Back})
	}
	return made
}

// file is a file's name as seen from the project: where the folder lies on this machine is nobody's business.
func (d Definitions) file(name string) string {
	return strings.TrimPrefix(strings.TrimPrefix(name, d.Dir), "/")
}

func modelColumns(columns []model.Column) []Column {
	made := make([]Column, len(columns))
	for i, column := range columns {
		made[i] = Column{Name: column.Name, Type: column.Type, Chinese: column.Chinese, About: column.About, Unit: column.Unit}
	}
	return made
}

func audits(all []model.Audit, columns []model.Column) []Audit {
	made := make([]Audit, len(all))
	for i, audit := range all {
		made[i] = Audit{Name: audit.Name, About: audit.About, Query: audit.Query, Severity: cmp.Or(audit.Severity, SeverityError), State: AuditOpen}
		for _, column := range columns {
			if strings.HasPrefix(audit.Name, column.Name+".") { // a promise of the column's own
				made[i].Column = column.Name
			}
		}
	}
	return made
}

// seedRows is how many rows of a seed are shown.
const seedRows = 200

func (d Definitions) seed(seed *model.Seed) Table {
	return Table{
		Name: seed.Name, Kind: KindSeed, About: seed.Header.About, Chinese: seed.Header.Chinese, Owner: seed.Header.Owner, Tags: seed.Header.Tags,
		Grain: seed.Header.Grain, File: d.file(seed.File), Columns: modelColumns(seed.Columns), Audits: audits(seed.Audits, seed.Columns), Sample: seedSample(seed),
	}
}

// seedSample is nil for a CSV that cannot be read: the build says what is wrong with it.
func seedSample(seed *model.Seed) *Rows {
	lines, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(seed.CSV, []byte("\ufeff")))).ReadAll()
	if err != nil || len(lines) == 0 {
		return nil
	}
	rows := &Rows{Columns: lines[0], Rows: lines[1:]}
	if len(rows.Rows) > seedRows {
		rows.Rows, rows.More = rows.Rows[:seedRows], len(rows.Rows)-seedRows
	}
	return rows
}

func datasetTable(registry *contract.Registry, dataset *contract.Dataset) Table {
	table := Table{
		Name: "dataset." + dataset.Dataset, Kind: KindDataset, About: dataset.About, Chinese: dataset.Zh, Grain: dataset.Grain,
		File: path.Join("schemas/datasets", dataset.Dataset+".yaml"),
	}
	for _, column := range dataset.Columns {
		table.Columns = append(table.Columns, Column{
			Name: column.Name, Type: column.SQLType(), Chinese: column.Zh, About: column.About, Unit: column.Unit, Personal: column.Personal,
		})
	}
	table.Columns = append(table.Columns,
		Column{Name: "feed", Type: "VARCHAR", Chinese: "数据源", About: "The feed that gives the row"},
		Column{Name: "source_file", Type: "VARCHAR", Chinese: "来源文件", About: "The export that it stands in"},
		Column{Name: "source_row", Type: "BIGINT", Chinese: "来源行号", About: "The line of that file"},
		Column{Name: "exported_at", Type: "TIMESTAMP", Chinese: "导出时间", About: "When the channel made the file"},
	)
	for _, feed := range registry.Giving(dataset.Dataset) {
		table.Feeds = append(table.Feeds, feed.Feed)
	}
	return table
}

//go:embed steps.yaml
var stepTexts []byte

// stepText is what steps.yaml says of one table.
type stepText struct {
	About   string   `yaml:"about"`
	Chinese string   `yaml:"zh"`
	Grain   []string `yaml:"grain"`
	Columns map[string]struct {
		Chinese string `yaml:"zh"`
		About   string `yaml:"about"`
		Unit    string `yaml:"unit"`
	} `yaml:"columns"`
}

func stepTables(steps []Step) ([]Table, error) {
	texts := map[string]stepText{}
	if err := yaml.UnmarshalWithOptions(stepTexts, &texts, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("texts of the steps: %s", yaml.FormatError(err, false, false))
	}
	var tables []Table
	for _, step := range steps {
		for _, name := range slices.Sorted(maps.Keys(step.Tables)) {
			text := texts[name]
			table := Table{
				Name: name, Kind: KindStep, Step: step.Name, About: strings.TrimSpace(text.About), Chinese: text.Chinese, Grain: text.Grain,
				Inputs: slices.Sorted(slices.Values(step.Inputs)), Parameters: step.Parameters,
			}
			for _, column := range step.Tables[name] {
				said := text.Columns[column.Name]
				table.Columns = append(table.Columns, Column{Name: column.Name, Type: column.Type, Chinese: said.Chinese, About: said.About, Unit: said.Unit})
			}
			tables = append(tables, table)
		}
	}
	return tables, nil
}

func (d Definitions) parameters(tables []Table) []Parameter {
	readers := map[string][]string{}
	for _, table := range tables {
		for _, name := range table.Parameters {
			readers[name] = append(readers[name], table.Name)
		}
	}
	parameters := make([]Parameter, 0, len(d.Library.Parameters))
	for _, name := range slices.Sorted(maps.Keys(d.Library.Parameters)) {
		declared := d.Library.Parameters[name]
		parameters = append(parameters, Parameter{
			Name: name, Type: declared.Type, Value: warehouse.Literal(d.Values[name]), Default: warehouse.Literal(declared.Default), Chinese: declared.Chinese,
			About: declared.About, Readers: readers[name],
		})
	}
	return parameters
}
