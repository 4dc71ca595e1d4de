package model

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"countinghouse/internal/suggest"
)

// Facts are what the parsed SQL of one query says of it, without binding it to any table.
type Facts struct {
	// Inputs are the tables read, as schema.name, sorted.
	Inputs []string
	// Parameters are the names given to getvariable, sorted.
	Parameters []string
	// Hash is of the parsed SQL: spaces, comments and the case of words do not change it; a changed literal does.
	Hash string
	// InputLines and ParameterLines are where each is first named: lines of the query for Analyse, of the file for a Model.
	InputLines, ParameterLines map[string]int

	positions map[string]int // of the inputs: how far into the query each is first named, in bytes
}

// Serializer gives DuckDB's syntax tree of a SQL text as JSON.
type Serializer func(text string) ([]byte, error)

// Analyse parses one select statement and refuses what a model must not do: read files, the clock or chance, or
// depend on the order in which rows happen to arrive. The error is every Problem found, joined.
func Analyse(serialize Serializer, query string) (Facts, error) {
	facts, problems := analyse(serialize, query)
	return facts, joined(problems)
}

func analyse(serialize Serializer, query string) (Facts, []Problem) {
	statement, problem := parse(serialize, query)
	if problem != nil {
		return Facts{}, []Problem{*problem}
	}
	walk := walker{query: query, ctes: map[string]bool{}, inputs: map[string]int{}, parameters: map[string]int{}}
	walk.collectCTEs(statement)
	walk.visit(statement)
	if len(walk.problems) > 0 {
		return Facts{}, walk.problems
	}
	canonical, err := json.Marshal(normalise(statement))
	if err != nil {
		return Facts{}, []Problem{{Message: "parse: " + err.Error()}}
	}
	sum := sha256.Sum256(canonical)
	return Facts{
		Inputs: slices.Sorted(maps.Keys(walk.inputs)), Parameters: slices.Sorted(maps.Keys(walk.parameters)), Hash: hex.EncodeToString(sum[:]),
		InputLines: walk.lines(walk.inputs), ParameterLines: walk.lines(walk.parameters), positions: walk.inputs,
	}, nil
}

// parse gives the tree of the one select statement that the text is.
func parse(serialize Serializer, query string) (statement any, problem *Problem) {
	raw, err := serialize(query)
	if err != nil {
		return nil, &Problem{Message: "parse: " + err.Error()}
	}
	var tree struct {
		Error      bool   `json:"error"`
		Message    string `json:"error_message"`
		Position   string `json:"position"`
		Statements []any  `json:"statements"`
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber() // a literal of 18 digits is not the next float
	if err := decoder.Decode(&tree); err != nil {
		return nil, &Problem{Message: "parse: " + err.Error()}
	}
	switch {
	case strings.HasPrefix(tree.Message, "Only SELECT"): // DuckDB's word for a statement that it does not take apart
		return nil, &Problem{Line: 1, Message: "want one select statement that reads; a pivot says its values: pivot … on … in ('a', 'b') using …"}
	case tree.Error:
		return nil, &Problem{Line: lineOfCharacter(query, tree.Position), Message: firstLine(tree.Message)}
	case len(tree.Statements) == 0:
		return nil, &Problem{Line: 1, Message: "want one select statement, got none"}
	case len(tree.Statements) > 1:
		second := lineOfByte(query, firstPlace(tree.Statements[1]))
		return nil, &Problem{Line: second, Message: fmt.Sprintf("want one select statement, got %d; the second is here", len(tree.Statements))}
	}
	return tree.Statements[0], nil
}

// lineOfCharacter is the line of a place that the parser's errors name; they count characters. 0 if they name none.
func lineOfCharacter(query, offset string) int {
	characters := 0
	if _, err := fmt.Sscan(offset, &characters); err != nil {
		return 0
	}
	line := 1
	for _, character := range query {
		if characters == 0 {
			break
		}
		if character == '\n' {
			line++
		}
		characters--
	}
	return line
}

// lineOfByte is the line of a place in the tree, which counts bytes.
func lineOfByte(query string, offset int) int {
	return 1 + strings.Count(query[:min(offset, len(query))], "\n")
}

// place is how far into the query a node begins, in bytes; 0 for a node without a place.
func place(object map[string]any) int {
	number, _ := object["query_location"].(json.Number)
	offset, err := strconv.Atoi(number.String())
	if err != nil { // none is written as the largest unsigned number
		return 0
	}
	return offset
}

// firstPlace is that of the node that begins first.
func firstPlace(node any) int {
	object, _ := node.(map[string]any)
	first := place(object)
	eachChild(node, func(child any) {
		if at := firstPlace(child); at > 0 && (first == 0 || at < first) {
			first = at
		}
	})
	return first
}

type walker struct {
	query              string
	ctes               map[string]bool
	inputs, parameters map[string]int // name: where it is first
	problems           []Problem
}

func (w *walker) refuse(at map[string]any, format string, args ...any) {
	w.refuseAt(place(at), format, args...)
}

// refuseAt names a place in bytes; 0 is the query as a whole.
func (w *walker) refuseAt(offset int, format string, args ...any) {
	w.problems = append(w.problems, Problem{Line: lineOfByte(w.query, offset), Message: fmt.Sprintf(format, args...)})
}

func (w *walker) lines(places map[string]int) map[string]int {
	lines := make(map[string]int, len(places))
	for name, offset := range places {
		lines[name] = lineOfByte(w.query, offset)
	}
	return lines
}

// note keeps the first place of a name.
func note(places map[string]int, name string, offset int) {
	if known, found := places[name]; !found || offset < known {
		places[name] = offset
	}
}

// collectCTEs finds every name that a with clause makes, anywhere in the query.
func (w *walker) collectCTEs(node any) {
	eachChild(node, w.collectCTEs)
	object, _ := node.(map[string]any)
	ctes, _ := object["cte_map"].(map[string]any)
	entries, _ := ctes["map"].([]any)
	for _, entry := range entries {
		if item, ok := entry.(map[string]any); ok {
			w.ctes[strings.ToLower(text(item, "key"))] = true
		}
	}
}

func (w *walker) visit(node any) {
	object, _ := node.(map[string]any)
	w.unstableRows(object)
	switch {
	case object["type"] == "BASE_TABLE":
		w.table(object)
	case object["type"] == "TABLE_FUNCTION":
		w.tableFunction(object)
	case isSortedList(object):
		// DuckDB writes list(x order by x) this way: the inner list has an order after all.
		eachChild(object, func(child any) { eachChild(child, func(grandchild any) { eachChild(grandchild, w.visit) }) })
		return
	case object["class"] == "FUNCTION":
		w.function(object)
	case object["class"] == "COLUMN_REF":
		w.column(object)
	}
	eachChild(node, w.visit)
}

func isSortedList(object map[string]any) bool {
	name := strings.ToLower(text(object, "function_name"))
	if name != "list_sort" && name != "list_reverse_sort" {
		return false
	}
	children, _ := object["children"].([]any)
	if len(children) == 0 {
		return false
	}
	inner, _ := children[0].(map[string]any)
	return slices.Contains([]string{"list", "array_agg"}, strings.ToLower(text(inner, "function_name")))
}

func (w *walker) table(object map[string]any) {
	schema, name := strings.ToLower(text(object, "schema_name")), strings.ToLower(text(object, "table_name"))
	switch {
	case text(object, "catalog_name") != "":
		w.refuse(object, "table %s.%s.%s: a model reads the tables of this project only: write schema.name", text(object, "catalog_name"), schema, name)
	case schema != "":
		note(w.inputs, schema+"."+name, place(object))
	case w.ctes[name]:
	case !isName(name):
		w.refuse(object, "table %q: a model reads tables only, not files: a table is written with its schema, such as core.orders", name)
	default:
		w.refuse(object, "table %q: write it with its schema, such as core.%s%s", name, name, suggest.DidYouMean(name, slices.Collect(maps.Keys(w.ctes))))
	}
}

// makesRows says whether a table function makes rows from its arguments; every other one reads something.
func makesRows(name string) bool {
	return name == "unnest" || name == "range" || name == "generate_series"
}

func (w *walker) tableFunction(object map[string]any) {
	call, _ := object["function"].(map[string]any)
	if name := strings.ToLower(text(call, "function_name")); !makesRows(name) {
		w.refuse(object, "table function %s: a model reads tables only, not files or the session", name)
	}
}

// isUnstable knows the functions that DuckDB itself does not call consistent (a test holds the list against duckdb_functions()), and the
// words that read the clock or the session without a call.
func isUnstable(name string) bool {
	switch name {
	case "current_date", "current_time", "current_timestamp", "get_current_time", "get_current_timestamp", "localtime", "localtimestamp",
		"now", "sleep_ms", "today", "transaction_timestamp",
		"gen_random_uuid", "random", "setseed", "uuid", "uuidv4", "uuidv7",
		"current_connection_id", "current_database", "current_query", "current_query_id", "current_role", "current_schema", "current_schemas",
		"current_setting", "current_transaction_id", "current_user", "in_search_path", "session_user", "txid_current", "user",
		"currval", "nextval", "stats", "write_log",
		"getenv", "query", "query_table", "read_blob", "read_text":
		return true
	}
	return false
}

// readsSession knows the words that DuckDB takes for a call when they stand alone, though they look like columns.
func readsSession(name string) bool {
	return isUnstable(name) && (strings.HasPrefix(name, "current_") || strings.HasPrefix(name, "local"))
}

// dependsOnOrder knows the aggregates that give another result when rows arrive in another order, unless they say which.
func dependsOnOrder(name string) bool {
	switch name {
	case "first", "last", "any_value", "arbitrary", "list", "array_agg", "string_agg", "group_concat", "listagg", "mode":
		return true
	}
	return false
}

func (w *walker) function(object map[string]any) {
	name := strings.ToLower(text(object, "function_name"))
	switch {
	case name == "getvariable":
		w.parameter(object)
	case isUnstable(name), name == "age" && len(object["children"].([]any)) == 1: // age of one day is counted from today
		w.refuse(object, "function %s: a table must come out the same whenever it is built; use getvariable('as_of') for the day", name)
	case dependsOnOrder(name) && !hasOrder(object):
		w.refuse(object, "aggregate %s: its result depends on the order of rows: use min or max, or give it an order by", name)
	}
}

func hasOrder(object map[string]any) bool {
	modifier, _ := object["order_bys"].(map[string]any)
	orders, _ := modifier["orders"].([]any)
	return len(orders) > 0
}

func (w *walker) parameter(object map[string]any) {
	children, _ := object["children"].([]any)
	if len(children) == 1 {
		constant, _ := children[0].(map[string]any)
		value, _ := constant["value"].(map[string]any)
		if name, ok := value["value"].(string); ok {
			note(w.parameters, name, place(object))
			return
		}
	}
	w.refuse(object, "getvariable: name the parameter as a literal, such as getvariable('as_of')")
}

// column refuses the words that look like columns and read the clock or the session.
func (w *walker) column(object map[string]any) {
	names, _ := object["column_names"].([]any)
	if len(names) != 1 {
		return
	}
	if name, _ := names[0].(string); readsSession(strings.ToLower(name)) {
		w.refuse(object, "%s: a table must come out the same whenever it is built; use getvariable('as_of') for the day", name)
	}
}

func eachChild(node any, visit func(any)) {
	switch n := node.(type) {
	case map[string]any:
		for _, child := range n {
			visit(child)
		}
	case []any:
		for _, child := range n {
			visit(child)
		}
	}
}

// normalise drops positions and the case of names, but never touches a literal.
func normalise(node any) any {
	switch n := node.(type) {
	case map[string]any:
		literal := literalKey(n)
		clean := make(map[string]any, len(n))
		for key, child := range n {
			switch key {
			case "query_location":
			case literal:
				clean[key] = child
			default:
				clean[key] = normalise(child)
			}
		}
		return clean
	case []any:
		clean := make([]any, len(n))
		for i, child := range n {
			clean[i] = normalise(child)
		}
		return clean
	case string:
		return strings.ToLower(n)
	default:
		return n
	}
}

// literalKey is where an object holds what becomes a value of the result; empty: nowhere.
func literalKey(object map[string]any) string {
	_, isValue := object["is_null"] // those of an enum, and what a pivot turns into columns
	_, isEntry := object["star_expr"]
	switch {
	case object["class"] == "CONSTANT", isValue:
		return "value"
	case isEntry: // unpivot (… in (x as 'X'))
		return "alias"
	default:
		return ""
	}
}

func text(object map[string]any, key string) string {
	value, _ := object[key].(string)
	return value
}
