package contract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"countinghouse/internal/model"
)

// A Database parses SQL and binds it; a warehouse session is one.
type Database interface {
	Serialize(ctx context.Context, text string) ([]byte, error)
	Exec(ctx context.Context, statement string, args ...any) (int64, error)
}

// Check refuses expressions that are not one expression each, that look anywhere but at the row or the group that
// they are given (subqueries, files, the clock, chance, parameters), or that do not bind to the feed's columns. The registry
// must hold the feed and the datasets that it gives; every problem is reported with its place in the contract.
func (r *Registry) Check(ctx context.Context, c *Contract, db Database) error {
	found := c.checkAll(ctx, db, c.columnChecks(), nil)
	for _, name := range slices.Sorted(maps.Keys(c.Gives)) {
		whole := c.giveCheck(r.datasets[name], "", c.Gives[name])
		found = append(found, c.checkAll(ctx, db, c.giveChecks(r.datasets[name]), &whole)...)
	}
	if err := ctx.Err(); err != nil {
		return err // what was found then says nothing of the contract
	}
	if len(found) == 0 {
		return nil
	}
	return expressionError{errors.Join(r.feeds[c.Feed].read().place.errors(found)...)}
}

// ErrExpressions says that a contract's expressions are wrong, and no file of the feed was read by it.
var ErrExpressions = errors.New("a contract's expressions are wrong")

type expressionError struct{ error }

func (e expressionError) Unwrap() error        { return e.error }
func (e expressionError) Is(target error) bool { return target == ErrExpressions }

// checkAll parses every expression, and only when nothing is wrong with any lets DuckDB see them: first all at once in whole, if there is one,
// which is much cheaper than one by one, and one by one if that does not bind.
func (c *Contract) checkAll(ctx context.Context, db Database, checks []expressionCheck, whole *expressionCheck) []problem {
	found := each(checks, func(check expressionCheck) error { return check.parse(ctx, db) })
	if len(found) > 0 {
		return found
	}
	if whole != nil {
		if err := whole.bind(ctx, db); err == nil {
			return each(checks, func(check expressionCheck) error { return check.bindType(ctx, db) })
		}
	}
	found = each(checks, func(check expressionCheck) error {
		if err := check.bind(ctx, db); err != nil {
			return err
		}
		return check.bindType(ctx, db)
	})
	if len(found) == 0 && whole != nil { // the parts bind, but not together
		return each([]expressionCheck{*whole}, func(check expressionCheck) error { return check.bind(ctx, db) })
	}
	return found
}

func each(checks []expressionCheck, run func(expressionCheck) error) []problem {
	var found problems
	for _, check := range checks {
		if err := run(check); err != nil {
			found.add("$."+check.path, "%s: %v", check.place, err)
		}
	}
	return found
}

// An expressionCheck parses one expression and then binds a query that uses it.
type expressionCheck struct {
	path       string // in the contract's YAML
	place      string // the same for people
	expression string
	windows    bool
	keyless    bool // no hash with the brand's key: the key is no part of what names a conformed file
	query      string
	typed      string // optional: a query that binds only where the expression has the type that it must have
}

func (c *Contract) columnChecks() []expressionCheck {
	var checks []expressionCheck
	for i, column := range c.Columns {
		if !column.Computed() {
			continue
		}
		above := Contract{Columns: c.Columns[:i]}
		checks = append(checks, expressionCheck{
			keyless: true, path: fmt.Sprintf("columns[%d].value", i), place: "columns." + column.Name + ".value", expression: column.Value,
			query: fmt.Sprintf("select source_row, cast((%s\n) as %s) from (select *, 'UTC' as %s from (%s))", column.Value, column.SQLType(), BrandZone, above.FeedSQL(nil)),
		})
	}
	return checks
}

func (c *Contract) giveChecks(dataset *Dataset) []expressionCheck {
	give := c.Gives[dataset.Dataset]
	var checks []expressionCheck
	if give.Rows != "" {
		check := c.giveCheck(dataset, ".rows", Give{Rows: give.Rows})
		check.expression = give.Rows
		check.typed = fmt.Sprintf("select bool_and(%s\n) from (%s)", give.Rows, c.FeedSQL(nil))
		checks = append(checks, check)
	}
	for _, column := range slices.Sorted(maps.Keys(give.Columns)) {
		alone := Give{GroupBy: give.GroupBy, Columns: map[string]string{column: give.Columns[column]}}
		check := c.giveCheck(dataset, ".columns."+column, alone)
		check.expression, check.windows = give.Columns[column], true
		checks = append(checks, check)
	}
	return checks
}

// giveCheck binds what a part of a give selects.
func (c *Contract) giveCheck(dataset *Dataset, part string, give Give) expressionCheck {
	alone := *c
	alone.Gives = map[string]Give{dataset.Dataset: give}
	place := "gives." + dataset.Dataset + part
	return expressionCheck{path: place, place: place, query: alone.GiveSQL(dataset, "("+c.FeedSQL(nil)+")")}
}

func (e expressionCheck) parse(ctx context.Context, db Database) error {
	text := "select (" + e.expression + "\n)"
	tree, err := db.Serialize(ctx, text)
	if err != nil {
		return err
	}
	return e.checkTree(text, tree)
}

// bind gives DuckDB's words, without the lines of the query around the expression, which nobody wrote.
func (e expressionCheck) bind(ctx context.Context, db Database) error {
	_, err := db.Exec(ctx, "explain "+e.query)
	if err == nil {
		return nil
	}
	text, _, _ := strings.Cut(err.Error(), "\n\nLINE ")
	return errors.New(strings.NewReplacer("!\n", "; ", "\n", "; ").Replace(text))
}

func (e expressionCheck) bindType(ctx context.Context, db Database) error {
	if e.typed == "" {
		return nil
	}
	if _, err := db.Exec(ctx, "explain "+e.typed); err != nil {
		return errors.New("want a condition, which is true or false")
	}
	return nil
}

func (e expressionCheck) checkTree(text string, tree []byte) error {
	var parsed struct {
		Message    string `json:"error_message"`
		Statements []struct {
			Node map[string]any `json:"node"`
		} `json:"statements"`
	}
	if err := json.Unmarshal(tree, &parsed); err != nil {
		return fmt.Errorf("read the parsed expression: %w", err)
	}
	if parsed.Message != "" {
		return fmt.Errorf("want one SQL expression: %s", parsed.Message)
	}
	if len(parsed.Statements) != 1 || !isBareSelect(parsed.Statements[0].Node) {
		return errors.New("want one SQL expression")
	}
	if err := e.walk(parsed.Statements[0].Node["select_list"]); err != nil {
		return err
	}
	facts, err := model.Analyse(func(string) ([]byte, error) { return tree, nil }, text)
	if err == nil && len(facts.Parameters) > 0 {
		err = errors.New("getvariable: a feed's rows are the same whatever the parameters")
	}
	return err
}

// keyedHash is the function that hashes with the brand's key.
const keyedHash = "keyed_hash"

// isBareSelect is true for "select (x)" and nothing more: an expression that closes the bracket early would add to it.
func isBareSelect(node map[string]any) bool {
	list, ok := node["select_list"].([]any)
	from, hasFrom := node["from_table"].(map[string]any)
	empty := func(key string) bool {
		switch value := node[key].(type) {
		case nil:
			return true
		case []any:
			return len(value) == 0
		default:
			return false
		}
	}
	return node["type"] == "SELECT_NODE" && ok && len(list) == 1 && hasFrom && from["type"] == "EMPTY" &&
		empty("where_clause") && empty("group_expressions") && empty("having") && empty("qualify") && empty("modifiers")
}

func (e expressionCheck) walk(value any) error {
	switch node := value.(type) {
	case []any:
		for _, child := range node {
			if err := e.walk(child); err != nil {
				return err
			}
		}
	case map[string]any:
		if err := e.refuse(node); err != nil {
			return err
		}
		for _, key := range slices.Sorted(maps.Keys(node)) {
			if err := e.walk(node[key]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e expressionCheck) refuse(node map[string]any) error {
	switch node["class"] {
	case "SUBQUERY":
		return errors.New("a subquery is not allowed here")
	case "STAR", "PARAMETER":
		return errors.New("want columns by name")
	case "WINDOW":
		if !e.windows {
			return errors.New("a window is not allowed here")
		}
	case "FUNCTION":
		name, _ := node["function_name"].(string)
		if e.keyless && strings.EqualFold(name, keyedHash) {
			return fmt.Errorf("function %s: use it in gives, since a computed column is stored under a name that the key has no part in", keyedHash)
		}
		return refuseOutside(name, "age", "version")
	case "COLUMN_REF":
		if names, _ := node["column_names"].([]any); len(names) == 1 {
			name, _ := names[0].(string)
			return refuseOutside(name, "localtime", "localtimestamp")
		}
	}
	return nil
}

// refuseOutside knows what model.Analyse lets pass: age(x) counts to today, version() is the engine's, and two words read the clock without
// a call.
func refuseOutside(name string, outside ...string) error {
	if !slices.Contains(outside, strings.ToLower(name)) {
		return nil
	}
	return fmt.Errorf("function %s: it depends on more than the row", name)
}
