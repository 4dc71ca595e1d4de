package lineage

import (
	"regexp"
	"slices"
	"strings"
)

// selectItem reads one item of a select list, which may stand for several columns.
func (r *reader) selectItem(item map[string]any, s *scope, made *result) {
	star := findStar(item)
	switch {
	case star == nil:
		r.plainItem(item, s, made)
	case isBareStar(item):
		r.bareStar(star, s, made)
	default:
		r.starExpression(item, star, s, made)
	}
}

func (r *reader) plainItem(item map[string]any, s *scope, made *result) {
	column := r.expression(item, s)
	alias := text(item, "alias")
	if isUnnest(item) && alias == "" { // of a list it is one column, of a struct as many as it has fields
		column.expressions = []any{item}
		made.open(column)
		return
	}
	names := texts(list(item, "column_names"))
	if len(names) == 0 {
		column.expressions = []any{unaliased(item)}
	}
	column.name = alias
	if alias == "" && len(names) > 0 {
		column.name = names[len(names)-1]
	}
	made.columns = append(made.columns, column)
}

func isUnnest(item map[string]any) bool {
	return text(item, "class") == "FUNCTION" && strings.EqualFold(text(item, "function_name"), "unnest")
}

func unaliased(item map[string]any) map[string]any {
	bare := make(map[string]any, len(item))
	for key, value := range item {
		bare[key] = value
	}
	bare["alias"] = ""
	return bare
}

// findStar gives the star within an expression, but not one of a subquery, which has its own columns.
func findStar(node any) map[string]any {
	switch value := node.(type) {
	case map[string]any:
		if text(value, "class") == "STAR" {
			return value
		}
		if text(value, "class") == "SUBQUERY" {
			return nil
		}
		for _, child := range value {
			if found := findStar(child); found != nil {
				return found
			}
		}
	case []any:
		for _, child := range value {
			if found := findStar(child); found != nil {
				return found
			}
		}
	}
	return nil
}

// isBareStar is true for * and t.*, with or without exclude and the like, and for columns(…) alone.
func isBareStar(item map[string]any) bool { return text(item, "class") == "STAR" }

// bareStar lists the columns of the from clause, or of one relation.
func (r *reader) bareStar(star map[string]any, s *scope, made *result) {
	columns, others, known := r.starColumns(star, s)
	if !known { // which of them are meant hangs on their names, in a way that only DuckDB knows
		for _, column := range columns {
			made.open(column)
		}
	} else {
		made.columns = append(made.columns, columns...)
	}
	if others != nil {
		made.open(*others)
	}
}

// starExpression reads an expression over a star, such as max(columns(*)): once for each column.
func (r *reader) starExpression(item, star map[string]any, s *scope, made *result) {
	columns, others, known := r.starColumns(star, s)
	if isColumns, _ := star["columns"].(bool); !isColumns {
		known = false // * like 'a%'
	}
	for _, column := range columns {
		one := r.expression(item, &scope{parent: s, star: &column})
		one.name = column.name
		if alias := text(item, "alias"); alias != "" {
			one.name = alias
		}
		if !known {
			made.open(one)
			continue
		}
		made.columns = append(made.columns, one)
	}
	if others != nil {
		made.open(r.expression(item, &scope{parent: s, star: others}))
	}
}

// starColumns are the columns that a star stands for; known is false where its pattern cannot be read, and they are the most that it can be.
func (r *reader) starColumns(star map[string]any, s *scope) (columns []column, others *column, known bool) {
	columns, others = r.starSource(text(star, "relation_name"), s)
	columns = slices.Clone(columns)
	columns = slices.DeleteFunc(columns, func(one column) bool { return r.excluded(star, one) })
	for _, replacement := range objects(list(star, "replace_list")) {
		r.replace(columns, replacement, s)
	}
	for _, renaming := range objects(list(star, "rename_list")) {
		from := object(renaming, "key")
		for i := range columns {
			if same(columns[i].name, text(from, "column")) && fitsTable(columns[i], text(from, "table")) {
				columns[i].name = text(renaming, "value")
			}
		}
	}
	pattern := object(star, "expr")
	if pattern == nil {
		return columns, others, true
	}
	if names, ok := namedColumns(pattern); ok {
		return only(columns, func(name string) bool {
			return slices.ContainsFunc(names, func(wanted string) bool { return same(wanted, name) })
		}), others, true
	}
	expression, err := regexp.Compile(text(object(pattern, "value"), "value"))
	if text(pattern, "class") != "CONSTANT" || err != nil {
		return columns, others, false
	}
	return only(columns, expression.MatchString), others, true
}

func only(columns []column, fits func(name string) bool) []column {
	return slices.DeleteFunc(columns, func(one column) bool { return one.name != "" && !fits(one.name) })
}

// namedColumns reads columns(['a', 'b']).
func namedColumns(pattern map[string]any) ([]string, bool) {
	if text(pattern, "function_name") != "list_value" {
		return nil, false
	}
	var names []string
	for _, child := range objects(list(pattern, "children")) {
		name := text(object(child, "value"), "value")
		if text(child, "class") != "CONSTANT" || name == "" {
			return nil, false
		}
		names = append(names, name)
	}
	return names, true
}

// starSource is what a star looks at: everything, one relation, or the fields of a struct.
func (r *reader) starSource(name string, s *scope) ([]column, *column) {
	if name == "" {
		return s.from.columns, s.from.others
	}
	for at := s; at != nil; at = at.parent {
		if at.from == nil {
			continue
		}
		for _, relation := range at.from.relations {
			if same(relation.name, name) {
				return relation.columns, relation.others
			}
		}
	}
	fields := r.resolve([]string{name}, s)
	return nil, &fields
}

func (r *reader) excluded(star map[string]any, one column) bool {
	for _, name := range texts(list(star, "exclude_list")) {
		if same(name, one.name) {
			return true
		}
	}
	for _, name := range objects(list(star, "qualified_exclude_list")) {
		if !same(text(name, "column"), one.name) || !fitsTable(one, text(name, "table")) {
			continue
		}
		if one.shared { // DuckDB then shows it where the other table's columns stand
			r.refuse("exclude (%s.%s): the join shares this column; write exclude (%[2]s)", text(name, "table"), one.name)
		}
		return true
	}
	return false
}

func fitsTable(one column, table string) bool { return table == "" || same(one.of, table) }

func (r *reader) replace(columns []column, replacement map[string]any, s *scope) {
	value := object(replacement, "value")
	made := r.expression(value, s)
	made.expressions = []any{unaliased(value)}
	for i := range columns {
		if same(columns[i].name, text(replacement, "key")) {
			made.name, made.of = columns[i].name, columns[i].of
			columns[i] = made
		}
	}
}
