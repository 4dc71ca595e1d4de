package model

import "strings"

// unstableRows refuses the parts of a query that take rows by chance or by the order in which they happen to arrive, and those that tell of
// the session.
func (w *walker) unstableRows(object map[string]any) {
	if sample, ok := object["sample"].(map[string]any); ok {
		w.refuseAt(firstPlace(sample), "sample: which rows it takes is chance, and a table must come out the same whenever it is built: use a condition, such as hash(order_id) %% 10 = 0")
	}
	switch {
	case object["type"] == "SHOW_REF":
		w.refuse(object, "describe, show and summarize: a model reads tables only, not files or the session")
	case object["ref_type"] == "POSITIONAL":
		w.refuse(object, "positional join: its result depends on the order of rows: join on a column")
	case object["class"] == "WINDOW" && numbersRows(text(object, "function_name")) && !isOrdered(object):
		w.refuse(object, "window function %s: its result depends on the order of rows: give it an order by", strings.ToLower(text(object, "function_name")))
	}
	w.unorderedModifiers(object)
}

// numbersRows knows the window functions that are about a row's place among the others.
func numbersRows(name string) bool {
	switch strings.ToLower(name) {
	case "row_number", "ntile", "lag", "lead", "first", "first_value", "last", "last_value", "nth_value":
		return true
	}
	return false
}

// isOrdered says whether the window has an order, of its rows or of its argument.
func isOrdered(window map[string]any) bool {
	rows, _ := window["orders"].([]any)
	argument, _ := window["arg_orders"].([]any)
	return len(rows)+len(argument) > 0
}

// unorderedModifiers refuses `limit` and `distinct on` without an `order by`.
func (w *walker) unorderedModifiers(object map[string]any) {
	modifiers, _ := object["modifiers"].([]any)
	taking, at := "", 0
	for _, modifier := range modifiers {
		fields, _ := modifier.(map[string]any)
		targets, _ := fields["distinct_on_targets"].([]any)
		switch kind := text(fields, "type"); {
		case kind == "ORDER_MODIFIER":
			return
		case strings.HasPrefix(kind, "LIMIT"):
			taking, at = "limit", firstPlace(fields)
		case len(targets) > 0:
			taking, at = "distinct on", firstPlace(fields)
		}
	}
	if taking != "" {
		w.refuseAt(at, "%s: which rows it takes depends on their order: give the query an order by", taking)
	}
}
