package model

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Facts are what the parsed SQL of one query says of it, without binding it to any table.
type Facts struct {
	// Inputs are the tables read, as schema.name, sorted.
	Inputs []string
	// Parameters are the names given to getvariable, sorted.
	Parameters []string
	// Hash is of the parsed SQL: spaces, comments and the case of words do not change it; a changed literal does.
	Hash string
}

// Serializer gives DuckDB's syntax tree of a SQL text as JSON.
type Serializer func(text string) ([]byte, error)

// Analyse parses one select statement and refuses what a model must not do: read files, the clock or chance, or
// depend on the order in which rows happen to arrive.
func Analyse(serialize Serializer, query string) (Facts, error) {
	raw, err := serialize(query)
	if err != nil {
		return Facts{}, fmt.Errorf("parse: %w", err)
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
		return Facts{}, fmt.Errorf("parse: %w", err)
	}
	if tree.Error {
		return Facts{}, fmt.Errorf("%s%s", position(query, tree.Position), tree.Message)
	}
	if len(tree.Statements) != 1 {
		return Facts{}, fmt.Errorf("want one select statement, got %d", len(tree.Statements))
	}
	walk := walker{ctes: map[string]bool{}, inputs: map[string]bool{}, parameters: map[string]bool{}}
	walk.collectCTEs(tree.Statements[0])
	walk.visit(tree.Statements[0])
	if err := errors.Join(walk.errors...); err != nil {
		return Facts{}, err
	}
	canonical, err := json.Marshal(normalise(tree.Statements[0]))
	if err != nil {
		return Facts{}, fmt.Errorf("parse: %w", err)
	}
	sum := sha256.Sum256(canonical)
	return Facts{Inputs: sorted(walk.inputs), Parameters: sorted(walk.parameters), Hash: hex.EncodeToString(sum[:])}, nil
}

// position turns the parser's byte offset into "line N: ".
func position(query, offset string) string {
	at := 0
	if _, err := fmt.Sscan(offset, &at); err != nil || at > len(query) {
		return ""
	}
	return fmt.Sprintf("line %d: ", 1+strings.Count(query[:at], "\n"))
}

type walker struct {
	ctes, inputs, parameters map[string]bool
	errors                   []error
}

func (w *walker) refuse(format string, args ...any) {
	w.errors = append(w.errors, fmt.Errorf(format, args...))
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
		w.refuse("table %s.%s.%s: a model reads the tables of this project only: write schema.name", text(object, "catalog_name"), schema, name)
	case schema != "":
		w.inputs[schema+"."+name] = true
	case !w.ctes[name]:
		w.refuse("table %q: write it with its schema, such as core.%s", name, name)
	}
}

// makesRows says whether a table function makes rows from its arguments; every other one reads something.
func makesRows(name string) bool {
	return name == "unnest" || name == "range" || name == "generate_series"
}

func (w *walker) tableFunction(object map[string]any) {
	call, _ := object["function"].(map[string]any)
	if name := strings.ToLower(text(call, "function_name")); !makesRows(name) {
		w.refuse("table function %s: a model reads tables only, not files or the session", name)
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
		w.refuse("function %s: a table must come out the same whenever it is built; use getvariable('as_of') for the day", name)
	case dependsOnOrder(name) && !hasOrder(object):
		w.refuse("aggregate %s: its result depends on the order of rows: use min or max, or give it an order by", name)
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
			w.parameters[name] = true
			return
		}
	}
	w.refuse("getvariable: name the parameter as a literal, such as getvariable('as_of')")
}

// column refuses the words that look like columns and read the clock or the session.
func (w *walker) column(object map[string]any) {
	names, _ := object["column_names"].([]any)
	if len(names) != 1 {
		return
	}
	if name, _ := names[0].(string); readsSession(strings.ToLower(name)) {
		w.refuse("%s: a table must come out the same whenever it is built; use getvariable('as_of') for the day", name)
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
		literal := n["class"] == "CONSTANT"
		clean := make(map[string]any, len(n))
		for key, child := range n {
			if key == "query_location" {
				continue
			}
			if literal && key == "value" {
				clean[key] = child
				continue
			}
			clean[key] = normalise(child)
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

func text(object map[string]any, key string) string {
	value, _ := object[key].(string)
	return value
}

func sorted(set map[string]bool) []string {
	names := make([]string, 0, len(set))
	for name := range set {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
