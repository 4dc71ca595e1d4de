package lineage

import (
	"fmt"
	"slices"
	"strings"
)

// table reads what stands after from. s is where its expressions look names up: a lateral one may name what stands left of it.
func (r *reader) table(node map[string]any, s *scope) *from {
	switch kind := text(node, "type"); kind {
	case "", "EMPTY":
		return &from{rows: sources{}}
	case "BASE_TABLE":
		return r.baseTable(node, s)
	case "SUBQUERY":
		made := r.statement(object(node, "subquery"), s)
		return made.relation("", text(node, "alias"), texts(list(node, "column_name_alias"))).alone(made.rows)
	case "JOIN":
		return r.join(node, s)
	case "TABLE_FUNCTION":
		return r.tableFunction(node, s)
	case "EXPRESSION_LIST":
		return r.values(node, s)
	case "PIVOT":
		return r.pivot(node, s)
	default:
		r.refuse("from %s: this cannot be followed", strings.ToLower(strings.ReplaceAll(kind, "_", " ")))
		return &from{rows: sources{}}
	}
}

func (r *reader) baseTable(node map[string]any, s *scope) *from {
	schema, name, alias, names := text(node, "schema_name"), text(node, "table_name"), text(node, "alias"), texts(list(node, "column_name_alias"))
	if alias == "" {
		alias = name
	}
	if schema == "" {
		if made, found := s.cte(name); found {
			return made.relation("", alias, names).alone(made.rows)
		}
	}
	table := strings.ToLower(schema + "." + name)
	known := r.columns(table)
	if known == nil {
		r.refuse("table %s: its columns are not known", table)
	}
	made := result{rows: sources{{table, Rows}: true}}
	for _, name := range known {
		column := newColumn(name)
		column.values[Source{table, name}] = true
		made.columns = append(made.columns, column)
	}
	if alias != name {
		schema = "" // an alias hides the table's own name
	}
	return made.relation(schema, alias, names).alone(made.rows)
}

func (r *reader) join(node map[string]any, s *scope) *from {
	left := r.table(object(node, "left"), s)
	right := r.table(object(node, "right"), &scope{parent: s, from: left})
	kind := text(node, "join_type")
	joined := &from{relations: slices.Concat(left.relations, right.relations), rows: sources{}}
	joined.rows.add(left.rows, right.rows)
	r.joinColumns(joined, left, right, r.using(node, left, right), kind)
	condition := r.expression(object(node, "condition"), &scope{parent: s, from: joined})
	joined.rows.add(condition.all())
	if kind == "SEMI" || kind == "ANTI" { // the right side is seen by the condition only
		joined.relations, joined.columns, joined.others = left.relations, left.columns, left.others
	}
	return joined
}

// using are the columns that both sides share by name.
func (r *reader) using(node map[string]any, left, right *from) []string {
	if text(node, "ref_type") != "NATURAL" {
		return texts(list(node, "using_columns"))
	}
	var shared []string
	for _, column := range left.columns {
		if _, found := byName(right.columns, column.name); found {
			shared = append(shared, column.name)
		}
	}
	return shared
}

// joinColumns lays out the star: a shared column stands once, on the left, and is the right one's where the left may have no row.
func (r *reader) joinColumns(joined, left, right *from, shared []string, kind string) {
	joined.columns = slices.Clone(left.columns)
	for _, one := range right.columns {
		at := slices.IndexFunc(joined.columns, func(other column) bool { return same(other.name, one.name) })
		if at < 0 || !slices.ContainsFunc(shared, func(name string) bool { return same(name, one.name) }) {
			joined.columns = append(joined.columns, one)
			continue
		}
		joined.rows.add(joined.columns[at].all(), one.all())
		if kind == "RIGHT" || kind == "FULL" {
			joined.columns[at] = joined.columns[at].merge(one)
		}
		joined.columns[at].shared = true
	}
	joined.others = left.others
	if right.others != nil {
		both := result{others: left.others}
		both.open(*right.others)
		joined.others = both.others
	}
	if joined.others != nil && len(shared) > 0 {
		joined.rows.add(joined.others.all())
	}
}

// tableFunction makes rows from its arguments: unnest, range, generate_series.
func (r *reader) tableFunction(node map[string]any, s *scope) *from {
	call := object(node, "function")
	made := result{rows: sources{}}
	column := r.expression(call, s)
	column.name, column.expressions = text(call, "function_name"), nil
	made.columns = append(made.columns, column)
	made.rows.add(column.all())
	if text(node, "with_ordinality") == "WITH_ORDINALITY" {
		made.columns = append(made.columns, newColumn("ordinality"))
	}
	name := text(node, "alias")
	if name == "" {
		name = column.name
	}
	if len(list(call, "children")) > 1 && column.name == "unnest" { // recursive: it may take structs apart
		made.open(column)
	}
	return made.relation("", name, texts(list(node, "column_name_alias"))).alone(made.rows)
}

// values are rows written out.
func (r *reader) values(node map[string]any, s *scope) *from {
	made := result{rows: sources{}}
	for _, row := range list(node, "values") {
		cells, _ := row.([]any)
		for i, cell := range objects(cells) {
			column := r.expression(cell, s)
			if i == len(made.columns) {
				made.columns = append(made.columns, newColumn(fmt.Sprintf("col%d", i)))
			}
			made.columns[i] = made.columns[i].merge(column)
		}
	}
	return made.relation("", text(node, "alias"), texts(list(node, "column_name_alias"))).alone(made.rows)
}

// pivot reads pivot and unpivot. The columns that a pivot makes are named by DuckDB; each may come from every aggregate.
func (r *reader) pivot(node map[string]any, s *scope) *from {
	source := r.table(object(node, "source"), s)
	inner := &scope{parent: s, from: source}
	made := result{rows: sources{}, others: source.others}
	made.rows.add(source.rows)
	name, names := text(node, "alias"), texts(list(node, "column_name_alias"))
	if values := texts(list(node, "unpivot_names")); len(values) > 0 {
		r.unpivot(node, source, values, &made)
		return made.relation("", name, names).alone(made.rows)
	}
	pivoted, used := newColumn(""), sources{}
	for _, aggregate := range objects(list(node, "aggregates")) {
		pivoted = pivoted.merge(r.expression(aggregate, inner))
	}
	for _, pivot := range objects(list(node, "pivots")) {
		for _, expression := range objects(list(pivot, "pivot_expressions")) {
			pivoted.filters.add(r.expression(expression, inner).all())
		}
	}
	used.add(pivoted.values, pivoted.filters)
	for _, column := range r.pivotGroups(node, source, used) {
		made.columns = append(made.columns, column)
		made.rows.add(column.all())
	}
	pivoted.expressions = nil
	made.open(pivoted)
	return made.relation("", name, names).alone(made.rows)
}

// pivotGroups are the columns that a pivot groups by: those named, or else all that it uses for nothing else.
func (r *reader) pivotGroups(node map[string]any, source *from, used sources) []column {
	var groups []column
	if named := texts(list(node, "groups")); len(named) > 0 {
		for _, name := range named {
			groups = append(groups, r.resolve([]string{name}, &scope{from: source}))
			groups[len(groups)-1].name = name
		}
		return groups
	}
	for _, column := range source.columns {
		isUsed := false
		for value := range column.values {
			isUsed = isUsed || used[value]
		}
		if !isUsed || len(column.values) == 0 {
			groups = append(groups, column)
		}
	}
	return groups
}

// unpivot turns columns into rows: the value columns hold any of them, the name column holds their names.
func (r *reader) unpivot(node map[string]any, source *from, values []string, made *result) {
	turned := map[string]bool{}
	merged := make([]column, len(values))
	for i, name := range values {
		merged[i] = newColumn(name)
	}
	var labels []column
	for _, pivot := range objects(list(node, "pivots")) {
		for _, name := range texts(list(pivot, "unpivot_names")) {
			labels = append(labels, newColumn(name))
		}
		for _, entry := range objects(list(pivot, "entries")) {
			for i, value := range objects(list(entry, "values")) {
				name := text(value, "value")
				turned[strings.ToLower(name)] = true
				column := r.resolve([]string{name}, &scope{from: source})
				made.rows.add(column.all())
				merged[i%len(merged)] = merged[i%len(merged)].merge(column)
			}
		}
	}
	for _, column := range source.columns {
		if !turned[strings.ToLower(column.name)] {
			made.columns = append(made.columns, column)
		}
	}
	made.columns = slices.Concat(made.columns, labels, merged)
}
