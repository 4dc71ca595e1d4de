package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"countinghouse/internal/contract"
	"countinghouse/internal/lineage"
	"countinghouse/internal/model"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/build"
	"countinghouse/pipelines/ledger"
)

// Lineage says what every column of every table comes from, from the headers of exports to the marts. It reads the project's contracts
// and models and builds nothing. A model whose columns cannot be followed says why, and has the columns of its header.
func (w *Workshop) Lineage(ctx context.Context) (*lineage.Graph, error) {
	files, err := w.feedFiles(ctx)
	if err != nil {
		return nil, err
	}
	tracer := &tracer{ctx: ctx, session: w.Session, tables: map[string]*lineage.Table{}, models: map[string]*model.Model{}}
	for _, feed := range w.Registry.Feeds() {
		tracer.add(tracer.feed(feed, len(files[feed.Feed])))
	}
	for _, dataset := range w.Registry.Datasets() {
		tracer.add(tracer.dataset(w.Registry, dataset))
	}
	for _, seed := range w.Library.Seeds {
		tracer.add(seedTable(seed))
	}
	for _, step := range Steps(StepOptions{Identity: w.identity(), AsOf: ledger.DayOf(w.AsOf)}) {
		for _, table := range tracer.step(step) {
			tracer.add(table)
		}
	}
	for _, made := range w.Library.Models {
		tracer.models[made.Name] = made
	}
	for _, made := range w.Library.Models {
		tracer.model(made)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return lineage.NewGraph(slices.Collect(func(yield func(lineage.Table) bool) {
		for _, table := range tracer.tables {
			if !yield(*table) {
				return
			}
		}
	})), nil
}

// tracer follows the columns of one project.
type tracer struct {
	ctx     context.Context
	session *warehouse.Session
	tables  map[string]*lineage.Table
	models  map[string]*model.Model
	// under are the models that are being followed: one that is met again reads itself.
	under []string
}

func (t *tracer) add(table lineage.Table) { t.tables[table.Name] = &table }

// columns are a table's, as far as they are known; a model is followed first.
func (t *tracer) columns(table string) []string {
	if made := t.models[table]; made != nil && t.tables[table] == nil && !slices.Contains(t.under, table) {
		t.model(made)
	}
	if found := t.tables[table]; found != nil {
		return found.ColumnNames()
	}
	return nil
}

func (t *tracer) model(made *model.Model) {
	if t.tables[made.Name] != nil {
		return
	}
	t.under = append(t.under, made.Name)
	table := lineage.Table{Name: made.Name, Kind: lineage.Model, Inputs: made.Inputs}
	found, err := t.follow(made.Query, t.columns)
	if err != nil {
		table.Problem = err.Error()
		for _, column := range made.Columns {
			table.Columns = append(table.Columns, lineage.TableColumn{Name: column.Name})
		}
	} else {
		table.Columns, table.Rows = t.tableColumns(named(found, made.Columns)), found.Rows
	}
	t.add(table)
	t.under = t.under[:len(t.under)-1]
}

// follow gives what a query's columns come from.
func (t *tracer) follow(query string, columns func(table string) []string) (lineage.Query, error) {
	tree, err := t.session.Serialize(t.ctx, query)
	if err != nil {
		return lineage.Query{}, err
	}
	return lineage.Of(tree, columns)
}

// named gives the columns that DuckDB names the names that the header has for them.
func named(found lineage.Query, declared []model.Column) []lineage.Column {
	columns := slices.Clone(found.Columns)
	for i := range columns {
		if columns[i].Name == "" && found.Others == nil && len(declared) == len(columns) {
			columns[i].Name = declared[i].Name
		}
	}
	if found.Others == nil {
		return columns
	}
	for _, column := range declared {
		if !slices.ContainsFunc(columns, func(one lineage.Column) bool { return strings.EqualFold(one.Name, column.Name) }) {
			other := *found.Others
			other.Name = column.Name
			columns = append(columns, other)
		}
	}
	return columns
}

// tableColumns adds the SQL of the columns' expressions.
func (t *tracer) tableColumns(columns []lineage.Column) []lineage.TableColumn {
	var trees []json.RawMessage
	for _, column := range columns {
		trees = append(trees, column.Expressions...)
	}
	texts := t.texts(trees)
	made := make([]lineage.TableColumn, len(columns))
	for i, column := range columns {
		made[i] = lineage.TableColumn{Name: column.Name, Values: column.Values, Filters: column.Filters}
		for range column.Expressions {
			if len(texts) > 0 {
				made[i].Expressions, texts = append(made[i].Expressions, lineage.Expression{SQL: texts[0]}), texts[1:]
			}
		}
	}
	return made
}

// texts writes syntax trees as SQL, all in one go. What DuckDB cannot write back is left out: it is for reading only.
func (t *tracer) texts(trees []json.RawMessage) []string {
	statements := make([]string, len(trees))
	for i, tree := range trees {
		statements[i] = `{"error":false,"statements":[{"node":{"type":"SELECT_NODE","modifiers":[],"cte_map":{"map":[]},"select_list":[` + string(tree) +
			`],"from_table":{"type":"EMPTY","alias":"","sample":null},"where_clause":null,"group_expressions":[],"group_sets":[],` +
			`"aggregate_handling":"STANDARD_HANDLING","having":null,"sample":null,"qualify":null}}]}`
	}
	list, err := json.Marshal(statements)
	if err != nil {
		return nil
	}
	rows, err := t.session.Query(t.ctx, `select json_deserialize_sql(statement::json) from (
		select unnest(list) as statement, generate_subscripts(list, 1) as place from (select from_json(?::json, '["VARCHAR"]') as list)
	) order by place`, string(list))
	if err != nil {
		return nil
	}
	defer func() { _ = rows.Close() }()
	var texts []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil
		}
		texts = append(texts, strings.TrimPrefix(text, "SELECT "))
	}
	return texts
}

func seedTable(seed *model.Seed) lineage.Table {
	table := lineage.Table{Name: seed.Name, Kind: lineage.Seed}
	for _, column := range seed.Columns {
		table.Columns = append(table.Columns, lineage.TableColumn{Name: column.Name})
	}
	return table
}

// feedTable is the name of a feed's rows among the tables.
func feedTable(feed *contract.Contract) string { return "feed." + feed.Feed }

// origin are the columns that every row of a feed has besides the contract's.
func origin() []string { return []string{"source_row", "source_file", "exported_at", "file_no"} }

// feed has a column for each header of the export. The newest export of a key wins, so key, file and grain decide which rows there are.
func (t *tracer) feed(feed *contract.Contract, files int) lineage.Table {
	table := lineage.Table{Name: feedTable(feed), Kind: lineage.Feed, Files: files}
	for _, name := range origin() {
		table.Columns = append(table.Columns, lineage.TableColumn{Name: name})
	}
	for _, name := range slices.Concat(feed.Key, feed.Grain, []string{"exported_at", "file_no"}) {
		if source := (lineage.Source{Table: table.Name, Column: name}); !slices.Contains(table.Rows, source) {
			table.Rows = append(table.Rows, source)
		}
	}
	for _, column := range feed.Columns {
		made := lineage.TableColumn{Name: column.Name, Headers: column.Header}
		if column.Computed() {
			found, err := t.follow("select ("+column.Value+"\n) from (select *, '' as "+contract.BrandZone+" from "+table.Name+")", func(string) []string { return table.ColumnNames() })
			if err != nil {
				table.Problem = fmt.Sprintf("column %s: %v", column.Name, err)
			} else {
				made.Values, made.Expressions = found.Columns[0].Values, []lineage.Expression{{SQL: column.Value}}
			}
		}
		table.Columns = append(table.Columns, made)
	}
	return table
}

// dataset lays the feeds on one another. Of rows of one grain the newest export's counts.
func (t *tracer) dataset(registry *contract.Registry, dataset *contract.Dataset) lineage.Table {
	table := lineage.Table{Name: "dataset." + dataset.Dataset, Kind: lineage.Dataset}
	names := []string{"feed", "source_file", "source_row", "exported_at"}
	for i, column := range dataset.Columns {
		names = slices.Insert(names, i, column.Name)
	}
	columns := map[string]*lineage.TableColumn{}
	table.Columns = make([]lineage.TableColumn, len(names))
	for i, name := range names {
		table.Columns[i].Name = name
		columns[name] = &table.Columns[i]
	}
	for _, feed := range registry.Giving(dataset.Dataset) {
		found, err := t.follow(feed.GiveSQL(dataset, feedTable(feed)), t.columns)
		if err != nil {
			table.Problem = fmt.Sprintf("feed %s: %v", feed.Feed, err)
			continue
		}
		table.Inputs, table.Rows = append(table.Inputs, feedTable(feed)), append(table.Rows, found.Rows...)
		for _, column := range found.Columns {
			one := columns[column.Name]
			one.Values, one.Filters = append(one.Values, column.Values...), append(one.Filters, column.Filters...)
			if given := feed.Gives[dataset.Dataset].Columns[column.Name]; given != "" && given != column.Name {
				one.Expressions = append(one.Expressions, lineage.Expression{From: feedTable(feed), SQL: given})
			}
		}
	}
	for _, name := range append(slices.Clone(dataset.Grain), "exported_at", "source_file", "source_row") {
		table.Rows = append(table.Rows, columns[name].Values...)
	}
	table.Rows = distinct(table.Rows)
	return table
}

func distinct(sources []lineage.Source) []lineage.Source {
	seen := map[lineage.Source]bool{}
	return slices.DeleteFunc(sources, func(source lineage.Source) bool {
		again := seen[source]
		seen[source] = true
		return again
	})
}

// step has what it declares of its columns; all that it reads decides about each.
func (t *tracer) step(step build.Step) []lineage.Table {
	declared := declaredColumns(step.Name)
	reads, problem := t.reads(declared.queries)
	var tables []lineage.Table
	for _, name := range slices.Sorted(maps.Keys(step.Tables)) {
		table := lineage.Table{Name: name, Kind: lineage.Step, Step: step.Name, Inputs: step.Inputs, Rows: slices.Clone(reads), Problem: problem}
		if len(reads) == 0 {
			for _, input := range step.Inputs {
				table.Rows = append(table.Rows, lineage.Source{Table: input, Column: lineage.Rows})
			}
		}
		for _, column := range step.Tables[name] {
			table.Columns = append(table.Columns, lineage.TableColumn{Name: column.Name, Values: declared.of(column.Name)})
		}
		tables = append(tables, table)
	}
	return tables
}

// reads are the columns that a step's queries read, for whatever.
func (t *tracer) reads(queries []string) (all []lineage.Source, problem string) {
	for _, query := range queries {
		found, err := t.follow(query, t.columns)
		if err != nil {
			return nil, err.Error()
		}
		all = append(all, found.Rows...)
		for _, column := range found.Columns {
			all = append(append(all, column.Values...), column.Filters...)
		}
	}
	return distinct(all), ""
}
