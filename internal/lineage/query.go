package lineage

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// query reads one node: a select, a union of selects, or a recursion.
func (r *reader) query(node map[string]any, outer *scope) result {
	s := &scope{parent: outer, ctes: map[string]result{}}
	r.readCTEs(node, s)
	switch kind := text(node, "type"); kind {
	case "SELECT_NODE":
		return r.selectNode(node, s)
	case "SET_OPERATION_NODE":
		return r.setOperation(node, s)
	case "RECURSIVE_CTE_NODE":
		return r.recursion(node, s)
	default:
		r.refuse("%s: a query of this kind cannot be followed", strings.ToLower(strings.ReplaceAll(kind, "_", " ")))
		return result{rows: sources{}}
	}
}

// statement reads a query that stands within something: its node is one level down.
func (r *reader) statement(wrapper map[string]any, outer *scope) result {
	return r.query(object(wrapper, "node"), outer)
}

// readCTEs gives the scope the with clause, in order: each may read those before it.
func (r *reader) readCTEs(node map[string]any, s *scope) {
	for _, entry := range objects(list(object(node, "cte_map"), "map")) {
		value := object(entry, "value")
		made := r.statement(object(value, "query"), s)
		made.columns = made.relation("", "", texts(list(value, "aliases"))).columns
		s.ctes[strings.ToLower(text(entry, "key"))] = made
	}
}

func (r *reader) selectNode(node map[string]any, s *scope) result {
	s.from = r.table(object(node, "from_table"), s)
	made := result{rows: sources{}}
	made.rows.add(s.from.rows)
	s.selecting = true
	items := objects(list(node, "select_list"))
	var keys []column // of group by all
	for _, item := range items {
		before := len(made.columns)
		r.selectItem(item, s, &made)
		s.aliases = made.columns
		if !r.aggregates(item) {
			keys = append(keys, made.columns[before:]...)
		}
	}
	s.selecting = false
	if text(node, "aggregate_handling") == "FORCE_AGGREGATES" {
		for _, key := range keys {
			made.rows.add(key.all())
		}
	}
	for _, group := range objects(list(node, "group_expressions")) {
		made.rows.add(r.target(group, s, made).all())
	}
	for _, clause := range []string{"where_clause", "having", "qualify"} {
		made.rows.add(r.expression(object(node, clause), s).all())
	}
	r.modifiers(node, s, &made)
	return made
}

// modifiers are distinct, order by and limit. The order matters only where it decides which rows are kept.
func (r *reader) modifiers(node map[string]any, s *scope, made *result) {
	order, cuts := sources{}, false
	for _, modifier := range objects(list(node, "modifiers")) {
		switch text(modifier, "type") {
		case "DISTINCT_MODIFIER":
			targets := objects(list(modifier, "distinct_on_targets"))
			if len(targets) == 0 {
				made.rows.add(made.everything())
				continue
			}
			cuts = true
			for _, target := range targets {
				made.rows.add(r.target(target, s, *made).all())
			}
		case "ORDER_MODIFIER":
			for _, one := range objects(list(modifier, "orders")) {
				order.add(r.target(object(one, "expression"), s, *made).all())
			}
		default:
			cuts = true
			made.rows.add(r.expression(object(modifier, "limit"), s).all(), r.expression(object(modifier, "offset"), s).all())
		}
	}
	if cuts {
		made.rows.add(order)
	}
}

// target is an expression of group by, order by or distinct on, where a number means a column by its place and all means all.
func (r *reader) target(node map[string]any, s *scope, made result) column {
	if text(node, "class") == "STAR" {
		whole := newColumn("")
		whole.values = made.everything()
		return whole
	}
	if place, ok := object(node, "value")["value"].(json.Number); ok && text(node, "class") == "CONSTANT" {
		if at, err := place.Int64(); err == nil && at >= 1 && int(at) <= len(made.columns) {
			return made.columns[at-1]
		}
	}
	return r.expression(node, s)
}

func (r *reader) setOperation(node map[string]any, s *scope) result {
	left, right := r.query(object(node, "left"), s), r.query(object(node, "right"), s)
	kind := text(node, "setop_type")
	made := combine(left, right, kind)
	if all, _ := node["setop_all"].(bool); !all {
		made.rows.add(left.everything(), right.everything())
	}
	if kind == "EXCEPT" || kind == "INTERSECT" {
		made.rows.add(left.everything(), right.everything())
	}
	s.aliases = made.columns
	r.modifiers(node, s, &made)
	return made
}

// combine lays the columns of two queries on one another. What is left of an except or an intersect is the left one's.
func combine(left, right result, kind string) result {
	made := result{columns: slices.Clone(left.columns), rows: sources{}, others: left.others}
	made.rows.add(left.rows, right.rows)
	if kind == "EXCEPT" || kind == "INTERSECT" {
		return made
	}
	if right.others != nil {
		made.open(*right.others)
	}
	for i, one := range right.columns {
		at := i
		if kind == "UNION_BY_NAME" {
			at = slices.IndexFunc(made.columns, func(other column) bool { return same(other.name, one.name) })
		}
		switch {
		case at >= 0 && at < len(made.columns):
			made.columns[at] = made.columns[at].merge(one)
		case kind == "UNION_BY_NAME":
			made.columns = append(made.columns, one)
		default:
			made.open(one)
		}
	}
	if made.others != nil && kind != "UNION_BY_NAME" {
		made.columns = blend(made.columns, *made.others)
	}
	return made
}

// blend adds what may stand at any place: next to columns of unknown number, no place is sure.
func blend(columns []column, others column) []column {
	blended := make([]column, len(columns))
	for i, column := range columns {
		blended[i] = column.merge(others)
	}
	return blended
}

// recursion reads the second part until it brings nothing new: the sources only grow, and there are finitely many.
func (r *reader) recursion(node map[string]any, s *scope) result {
	name, names := strings.ToLower(text(node, "cte_name")), texts(list(node, "aliases"))
	made := r.query(object(node, "left"), s)
	made.columns = made.relation("", "", names).columns
	for {
		s.ctes[name] = made
		next := combine(made, r.query(object(node, "right"), s), "UNION")
		if all, _ := node["union_all"].(bool); !all {
			next.rows.add(next.everything())
		}
		if maps.Equal(next.rows, made.rows) && maps.Equal(next.everything(), made.everything()) && alike(next.columns, made.columns) {
			return made
		}
		made = next
	}
}

func alike(a, b []column) bool {
	return slices.EqualFunc(a, b, func(one, other column) bool {
		return maps.Equal(one.values, other.values) && maps.Equal(one.filters, other.filters)
	})
}
