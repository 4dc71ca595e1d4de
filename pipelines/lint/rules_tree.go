package lint

import (
	"reflect"
	"slices"
	"strings"
)

// shape wants imports, named steps, a last step called final, and select * from final.
func (c *checking) shape() {
	if len(c.query.steps) == 0 {
		c.report(1, "begin with imports, `with orders as (select * from core.orders),`, then named steps, the last of them called final")
		return
	}
	if last := c.query.final(); last.name != "final" {
		c.report(c.query.stepLine(c.tokens, last.name), "the last step is called final, not %s", last.name)
	}
	root, from := c.query.root, c.query.root.child("from_table")
	list := root.list("select_list")
	whole := len(list) == 1 && isBareStar(list[0]) && from.text("table_name") == "final" && from.text("schema_name") == ""
	if !whole || root["where_clause"] != nil || len(root.list("modifiers")) > 0 {
		c.report(c.lastLine(), "end with `select * from final`")
	}
}

func (c *checking) lastLine() int { return 1 + strings.Count(c.query.text, "\n") }

// imports wants them before the steps, one for each table.
func (c *checking) imports() {
	seen, stepped := map[string]string{}, false
	for _, step := range c.query.steps {
		table := step.imported()
		if table == "" && step.readsOne() {
			continue // an import with columns added or chosen
		}
		line := c.query.stepLine(c.tokens, step.name)
		switch {
		case table == "":
			stepped = true
			continue
		case stepped:
			c.report(line, "import %s before the first step", table)
		case seen[table] != "":
			c.report(line, "%s is imported already, as %s", table, seen[table])
		}
		seen[table] = step.name
	}
}

// keysFirst wants the columns to begin with the grain and to keep its order. What belongs to a key (the end of a period) may stand behind it.
func (c *checking) keysFirst() {
	list, line := c.query.outputs(c.tokens)
	grain := c.model.Header.Grain
	var keys []string
	for i, column := range list {
		name := output(column)
		isKey := slices.ContainsFunc(grain, func(key string) bool { return strings.EqualFold(key, name) })
		if i == 0 && !isKey {
			break
		}
		if isKey {
			keys = append(keys, name)
		}
	}
	if !slices.EqualFunc(keys, grain, strings.EqualFold) {
		c.report(line, "the columns begin with the grain, and keep its order: %s", strings.Join(grain, ", "))
	}
}

// stars refuses * where one has to look elsewhere for the columns: in final, over tables and joins, and with exceptions.
func (c *checking) stars() {
	final := c.query.final()
	c.query.root.each(func(n node) {
		if n.text("type") != "SELECT_NODE" {
			return
		}
		for _, expression := range n.list("select_list") {
			switch {
			case expression.text("class") != "STAR":
			case takesAway(expression):
				c.report(c.query.line(expression), "list the columns: what is left behind exclude or replace changes with the table")
			case isSame(n, final.node):
				c.report(c.query.line(expression), "final lists its columns")
			case !cte{node: n}.readsOne() && !overStep(expression, n.child("from_table")):
				c.report(c.query.line(expression), "list the columns: * is for imports and for what a step of this model has")
			}
		}
	})
}

// isSame says whether two nodes are one and the same, and not only alike.
func isSame(a, b node) bool { return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer() }

// overStep says whether a star is over the columns of one step or subquery, whose columns the model itself lists.
func overStep(star, from node) bool {
	relation := strings.ToLower(star.text("relation_name"))
	if relation == "" {
		return from.text("type") == "SUBQUERY" || from.text("type") == "BASE_TABLE" && from.text("schema_name") == ""
	}
	found := false
	from.each(func(n node) {
		name := strings.ToLower(n.text("alias"))
		if name == "" {
			name = strings.ToLower(n.text("table_name"))
		}
		isOurs := n.text("type") == "SUBQUERY" || n.text("type") == "BASE_TABLE" && n.text("schema_name") == ""
		found = found || isOurs && name == relation
	})
	return found
}

// joins wants each join to say of what kind it is, and by which columns.
func (c *checking) joins() {
	for at, current := range c.tokens {
		before := neighbour(c.tokens, lastThatCounts(c.tokens[:at]))
		if current.is("join") && !before.is("inner", "left", "right", "full", "outer", "cross", "semi", "anti", "asof", "natural", "positional") {
			c.report(current.line, "write inner join, left join or what it is")
		}
	}
	c.query.root.each(func(n node) {
		if n.text("type") != "JOIN" {
			return
		}
		using, _ := n["using_columns"].([]any)
		_, written := c.query.place(n) // a comma is no word, and has no place
		switch {
		case n.text("ref_type") == "NATURAL", n.text("ref_type") == "POSITIONAL":
			c.report(c.query.line(n), "write by which columns: on a.x = b.x")
		case len(using) > 0:
			c.report(c.query.line(n), "write on a.x = b.x, not using: both sides are then named")
		case n.text("ref_type") == "CROSS" && !written:
			c.report(c.query.line(n.child("right")), "write cross join or inner join, not a comma")
		}
	})
}

// groupBy refuses group by all.
func (c *checking) groupBy() {
	for at, current := range c.tokens {
		by := firstThatCounts(c.tokens, at+1)
		if current.is("group") && neighbour(c.tokens, by).is("by") && neighbour(c.tokens, firstThatCounts(c.tokens, by+1)).is("all") {
			c.report(current.line, "group by the columns themselves, not by all")
		}
	}
}

// positions refuses group by 1 and order by 1.
func (c *checking) positions() {
	c.query.root.each(func(n node) {
		if n.text("type") != "SELECT_NODE" {
			return
		}
		expressions := n.list("group_expressions")
		for _, modifier := range n.list("modifiers") {
			for _, order := range modifier.list("orders") {
				expressions = append(expressions, order.child("expression"))
			}
		}
		for _, expression := range expressions {
			if class := expression.text("class"); class == "CONSTANT" || class == "STAR" {
				c.report(c.query.line(expression), "group and order by a column's name, not by its place")
			}
		}
	})
}

// wholeNames refuses steps and aliases of one or two letters: the reader has to look up what they stand for.
func (c *checking) wholeNames() {
	for _, step := range c.query.steps {
		if len([]rune(step.name)) < shortestName {
			c.report(c.query.stepLine(c.tokens, step.name), "%s: give the step a whole name", step.name)
		}
	}
	c.query.root.each(func(n node) {
		alias := n.text("alias")
		isTable := slices.Contains([]string{"BASE_TABLE", "SUBQUERY", "TABLE_FUNCTION", "JOIN"}, n.text("type")) && n.text("class") == ""
		if isTable && alias != "" && len([]rune(alias)) < shortestName {
			c.report(c.query.line(n), "%s: give the table a whole name", alias)
		}
	})
}

// shortestName is in letters.
const shortestName = 3

// columns wants the header to describe them.
func (c *checking) columns() {
	if len(c.model.Columns) == 0 {
		c.reportFile(1, "the header has no columns: name each with what it means")
	}
}
