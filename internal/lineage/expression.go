package lineage

import (
	"maps"
	"slices"
	"strings"
)

// expression gives what an expression comes from; nil comes from nothing.
func (r *reader) expression(node map[string]any, s *scope) column {
	switch text(node, "class") {
	case "COLUMN_REF":
		return r.resolve(texts(list(node, "column_names")), s)
	case "CONSTANT":
		return newColumn("")
	case "SUBQUERY":
		return r.subquery(node, s)
	case "WINDOW":
		return r.window(node, s)
	case "FUNCTION":
		return r.function(node, s)
	case "LAMBDA":
		return r.expression(object(node, "expr"), &scope{parent: s, names: lambdaNames(object(node, "lhs"))})
	case "STAR":
		return r.starred(s)
	case "POSITIONAL_REFERENCE":
		return r.place(node, s)
	default:
		return r.parts(node, s)
	}
}

// parts takes every expression within a node for a value, whatever the node is.
func (r *reader) parts(node map[string]any, s *scope) column {
	whole := newColumn("")
	for _, key := range slices.Sorted(maps.Keys(node)) {
		switch value := node[key].(type) {
		case map[string]any:
			whole = whole.merge(r.expression(value, s))
		case []any:
			for _, part := range objects(value) {
				whole = whole.merge(r.expression(part, s))
			}
		}
	}
	return whole
}

// several reads a list of expressions.
func (r *reader) several(nodes []any, s *scope) column {
	whole := newColumn("")
	for _, node := range objects(nodes) {
		whole = whole.merge(r.expression(node, s))
	}
	return whole
}

// decides adds expressions that do not flow into a column but decide about it.
func (r *reader) decides(about column, s *scope, nodes ...any) column {
	for _, node := range objects(nodes) {
		about.filters.add(r.expression(node, s).all())
	}
	return about
}

func orders(nodes []any) []any {
	var expressions []any
	for _, node := range objects(nodes) {
		expressions = append(expressions, node["expression"])
	}
	return expressions
}

func (r *reader) function(node map[string]any, s *scope) column {
	name, children := strings.ToLower(text(node, "function_name")), list(node, "children")
	if name == "getvariable" {
		return parameter(children)
	}
	var made column
	switch {
	case name == "count_star":
		made = newColumn("")
		made.values = s.countable()
	case picksBy(name) && len(children) > 1:
		made = r.decides(r.several(children[:1], s), s, children[1:]...)
	default:
		made = r.several(children, s)
	}
	made = r.decides(made, s, node["filter"])
	return r.decides(made, s, orders(list(object(node, "order_bys"), "orders"))...)
}

// picksBy knows the aggregates whose second argument only says which row is taken.
func picksBy(name string) bool {
	switch name {
	case "min_by", "max_by", "arg_min", "arg_max", "argmin", "argmax", "arg_min_null", "arg_max_null":
		return true
	}
	return false
}

// countable are the rows that count(*) counts.
func (s *scope) countable() sources {
	for at := s; at != nil; at = at.parent {
		if at.from != nil {
			return at.from.rows.rowsOnly()
		}
	}
	return sources{}
}

func parameter(children []any) column {
	read := newColumn("")
	for _, child := range objects(children) {
		if name := text(object(child, "value"), "value"); name != "" {
			read.values[Source{ParameterTable, name}] = true
		}
	}
	return read
}

func (r *reader) window(node map[string]any, s *scope) column {
	made := r.several(list(node, "children"), s)
	if name := text(node, "function_name"); strings.EqualFold(name, "count_star") || strings.EqualFold(name, "count") && len(list(node, "children")) == 0 {
		made.values.add(s.countable())
	}
	made = made.merge(r.expression(object(node, "default_expr"), s))
	made = r.decides(made, s, list(node, "partitions")...)
	made = r.decides(made, s, orders(list(node, "orders"))...)
	made = r.decides(made, s, orders(list(node, "arg_orders"))...)
	return r.decides(made, s, node["filter_expr"], node["start_expr"], node["end_expr"], node["offset_expr"])
}

// subquery within an expression: its columns are values, its rows decide. exists asks for the rows only.
func (r *reader) subquery(node map[string]any, s *scope) column {
	found := r.statement(object(node, "subquery"), s)
	made := r.expression(object(node, "child"), s)
	made.filters = maps.Clone(made.filters)
	made.filters.add(found.rows)
	if kind := text(node, "subquery_type"); kind == "EXISTS" || kind == "NOT_EXISTS" {
		made.values = maps.Clone(made.values)
		made.values.add(found.rows.rowsOnly())
		return made
	}
	for _, column := range found.columns {
		made = made.merge(column)
	}
	if found.others != nil {
		made = made.merge(*found.others)
	}
	return made
}

// lambdaNames are the parameters: one column, or several in a row.
func lambdaNames(node map[string]any) []string {
	names := texts(list(node, "column_names"))
	for _, child := range objects(list(node, "children")) {
		names = append(names, texts(list(child, "column_names"))...)
	}
	return names
}

func (r *reader) starred(s *scope) column {
	for at := s; at != nil; at = at.parent {
		if at.star != nil {
			return *at.star
		}
	}
	r.refuse("a star stands where columns cannot be listed")
	return newColumn("")
}

func (r *reader) place(node map[string]any, s *scope) column {
	place, ok := node["index"].(interface{ Int64() (int64, error) })
	if ok && s.from != nil {
		if at, err := place.Int64(); err == nil && at >= 1 && int(at) <= len(s.from.columns) {
			return s.from.columns[at-1]
		}
	}
	r.refuse("a column by its place (#%v): there is none there", node["index"])
	return newColumn("")
}

// aggregates says whether an expression surely holds an aggregate, and so is no key of group by all. One that this list does not know counts
// as a key, which names a source too many and none too few.
func (r *reader) aggregates(node any) bool {
	switch value := node.(type) {
	case map[string]any:
		class := text(value, "class")
		if class == "WINDOW" || class == "SUBQUERY" {
			return false
		}
		if class == "FUNCTION" && isAggregate(strings.ToLower(text(value, "function_name"))) {
			return true
		}
		for _, child := range value {
			if r.aggregates(child) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(value, r.aggregates)
	}
	return false
}

func isAggregate(name string) bool {
	switch name {
	case "count", "count_star", "count_if", "sum", "avg", "mean", "min", "max", "bool_and", "bool_or", "median", "mode", "product", "list", "array_agg",
		"string_agg", "first", "last", "any_value", "quantile", "quantile_cont", "quantile_disc", "stddev", "stddev_pop", "stddev_samp",
		"variance", "var_pop", "var_samp", "corr", "approx_count_distinct", "histogram":
		return true
	}
	return picksBy(name)
}
