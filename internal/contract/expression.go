package contract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Database parses SQL and binds it; a warehouse session is one.
type Database interface {
	Serialize(ctx context.Context, text string) ([]byte, error)
	Exec(ctx context.Context, statement string, args ...any) (int64, error)
}

// Check refuses expressions that are not one expression each, that look anywhere but at the row or the group that
// they are given (subqueries, files, the clock, chance), or that do not bind to the feed's columns. The registry
// must hold the datasets that the feed gives; every problem is reported with its place in the contract.
func (r *Registry) Check(ctx context.Context, c *Contract, db Database) error {
	checks := c.columnChecks()
	for _, name := range slices.Sorted(maps.Keys(c.Gives)) {
		checks = append(checks, c.giveChecks(r.datasets[name])...)
	}
	var found []error
	for _, check := range checks {
		if err := check.run(ctx, db); err != nil {
			found = append(found, fmt.Errorf("feed %s: %s: %w", c.Feed, check.place, err))
		}
	}
	return errors.Join(found...)
}

// An expressionCheck parses one expression and then binds a query that uses it.
type expressionCheck struct {
	place      string
	expression string
	windows    bool
	query      string
}

func (c *Contract) columnChecks() []expressionCheck {
	var checks []expressionCheck
	for i, column := range c.Columns {
		if !column.Computed() {
			continue
		}
		above := Contract{Columns: c.Columns[:i]}
		checks = append(checks, expressionCheck{
			place: "columns." + column.Name + ".value", expression: column.Value,
			query: fmt.Sprintf("select source_row, cast((%s\n) as %s) from (%s)", column.Value, column.SQLType(), above.FeedSQL(nil)),
		})
	}
	return checks
}

func (c *Contract) giveChecks(dataset *Dataset) []expressionCheck {
	give := c.Gives[dataset.Dataset]
	var checks []expressionCheck
	if give.Rows != "" {
		checks = append(checks, c.giveCheck(dataset, "rows", give.Rows, Give{Rows: give.Rows}))
	}
	for _, column := range slices.Sorted(maps.Keys(give.Columns)) {
		alone := Give{GroupBy: give.GroupBy, Columns: map[string]string{column: give.Columns[column]}}
		check := c.giveCheck(dataset, "columns."+column, give.Columns[column], alone)
		check.windows = true
		checks = append(checks, check)
	}
	return checks
}

func (c *Contract) giveCheck(dataset *Dataset, place, expression string, give Give) expressionCheck {
	alone := *c
	alone.Gives = map[string]Give{dataset.Dataset: give}
	return expressionCheck{
		place:      "gives." + dataset.Dataset + "." + place,
		expression: expression,
		query:      alone.GiveSQL(dataset, "("+c.FeedSQL(nil)+")"),
	}
}

func (e expressionCheck) run(ctx context.Context, db Database) error {
	tree, err := db.Serialize(ctx, "select ("+e.expression+"\n)")
	if err != nil {
		return err
	}
	if err := e.checkTree(tree); err != nil {
		return err
	}
	_, err = db.Exec(ctx, "explain "+e.query)
	return err
}

func (e expressionCheck) checkTree(tree []byte) error {
	var parsed struct {
		Statements []struct {
			Node map[string]any `json:"node"`
		} `json:"statements"`
	}
	if err := json.Unmarshal(tree, &parsed); err != nil {
		return fmt.Errorf("read the parsed expression: %w", err)
	}
	if len(parsed.Statements) != 1 || !isBareSelect(parsed.Statements[0].Node) {
		return errors.New("want one SQL expression")
	}
	return e.walk(parsed.Statements[0].Node["select_list"])
}

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
	name, _ := node["function_name"].(string)
	name = strings.ToLower(name)
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
		if slices.Contains(outsideFunctions(), name) {
			return fmt.Errorf("%s() depends on more than the row: not allowed", name)
		}
		if slices.Contains(unorderedAggregates(), name) && !hasOrder(node) {
			return fmt.Errorf("%s() depends on the order of rows: write min, max, or add order by source_row", name)
		}
	}
	return nil
}

func hasOrder(node map[string]any) bool {
	modifier, _ := node["order_bys"].(map[string]any)
	orders, _ := modifier["orders"].([]any)
	return len(orders) > 0
}

// outsideFunctions read the clock, the session, chance or state.
func outsideFunctions() []string {
	return strings.Fields(`now today current_date current_time current_timestamp get_current_time get_current_timestamp
		localtime localtimestamp transaction_timestamp random setseed uuid gen_random_uuid uuidv4 uuidv7 nextval currval
		getvariable getenv current_setting current_database current_schema current_schemas current_query
		current_query_id current_connection_id current_transaction_id txid_current in_search_path sleep_ms write_log stats
		age version`)
}

func unorderedAggregates() []string {
	return strings.Fields("first last any_value arbitrary list array_agg string_agg group_concat listagg mode")
}
