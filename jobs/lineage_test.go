package jobs_test

import (
	"slices"
	"strings"
	"testing"

	"countinghouse/internal/lineage"

	"github.com/google/go-cmp/cmp"
)

// lineageOf is that of a new project with these files, given as name and text in turn.
func lineageOf(t *testing.T, files ...string) *lineage.Graph {
	t.Helper()
	graph, err := projectOf(t, files...).Lineage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return graph
}

func TestEveryBuiltInColumnIsFollowedToItsEnd(t *testing.T) {
	graph := lineageOf(t)
	kinds := map[string]int{}
	for _, table := range graph.Tables {
		kinds[table.Kind]++
		if table.Problem != "" {
			t.Errorf("%s: %s", table.Name, table.Problem)
		}
		for _, column := range table.Columns {
			for _, source := range slices.Concat(column.Values, column.Filters, table.Rows) {
				holdsSource(t, graph, table.Name, source)
			}
		}
	}
	for _, kind := range []string{lineage.Feed, lineage.Dataset, lineage.Seed, lineage.Step, lineage.Model} {
		if kinds[kind] < 2 {
			t.Errorf("only %d tables of kind %s", kinds[kind], kind)
		}
	}
}

func holdsSource(t *testing.T, graph *lineage.Graph, reader string, source lineage.Source) {
	t.Helper()
	if source.Table == lineage.ParameterTable {
		return
	}
	table, found := graph.Table(source.Table)
	if _, has := table.Column(source.Column); !found || !has && source.Column != lineage.Rows {
		t.Errorf("%s reads %s, which is not there", reader, source)
	}
}

// TestFaceValueComesFromExportedPoints is the example of the documents.
func TestFaceValueComesFromExportedPoints(t *testing.T) {
	node, err := lineageOf(t).Trace("mart.point_liability", "face_value", false)
	if err != nil {
		t.Fatal(err)
	}
	columns := node.Columns()
	for _, name := range []string{
		"mart.point_lots.points_remaining", "ledger.lots.points_remaining", "dataset.point_transactions.points", "feed.points.points",
		"mart.point_programme.point_value", "seed.points_programme.redemption_points",
	} {
		at := strings.LastIndex(name, ".")
		if !columns[lineage.Source{Table: name[:at], Column: name[at+1:]}] {
			t.Errorf("face_value is not said to come from %s", name)
		}
	}
	if columns[lineage.Source{Table: "dataset.orders", Column: "paid_amount"}] {
		t.Error("face_value is said to come from what orders cost")
	}
	feed, _ := lineageOf(t).Table("feed.points")
	points, _ := feed.Column("points")
	if difference := cmp.Diff([]string{"积分"}, points.Headers); difference != "" {
		t.Errorf("in the export: %s", difference)
	}
}

func TestColumnsOfAFeedThatItsContractComputes(t *testing.T) {
	graph := lineageOf(t)
	orders, _ := graph.Table("feed.jd_orders")
	paid, _ := orders.Column("paid_at")
	names := make([]string, len(paid.Values))
	for i, source := range paid.Values {
		names[i] = source.String()
	}
	want := []string{"feed.jd_orders.completed_at", "feed.jd_orders.confirmed_at", "feed.jd_orders.payment_method", "feed.jd_orders.status"}
	if difference := cmp.Diff(want, names); difference != "" || len(paid.Headers) > 0 || len(paid.Expressions) != 1 {
		t.Errorf("%v %v\n%s", paid.Headers, paid.Expressions, difference)
	}
}

func TestLineageOfAProjectsOwnModels(t *testing.T) {
	const header = "/* ---\nabout: a test\ngrain: [day]\ncolumns:\n  day: {about: the day}\n  n: {about: how many}\n--- */\n"
	graph := lineageOf(t,
		"sql/core/own.sql", header+"select paid_on as day, count(*) as n from core.orders group by paid_on\n",
		"sql/mart/unsaid.sql", header+"select day, n + 1 from core.own\n",
		"sql/mart/unread.sql", header+"select day, wrong as n from core.own\n",
		"sql/mart/after.sql", header+"select day, n from mart.unread\n",
	)
	for name, want := range map[string]string{"core.own.n": "rows of core.orders", "mart.unsaid.n": "core.own.n", "mart.after.n": "mart.unread.n"} {
		at := strings.LastIndex(name, ".")
		table, _ := graph.Table(name[:at])
		column, found := table.Column(name[at+1:])
		if !found || len(column.Values) != 1 || column.Values[0].String() != want {
			t.Errorf("%s comes from %v, want %s", name, column.Values, want)
		}
	}
	own, _ := graph.Table("core.own")
	if count, _ := own.Column("n"); len(count.Expressions) != 1 || count.Expressions[0].SQL != "count_star()" {
		t.Errorf("the SQL of core.own.n: %v", count.Expressions)
	}
	broken, _ := graph.Table("mart.unread")
	if !strings.Contains(broken.Problem, "column wrong") || len(broken.Columns) != 2 {
		t.Errorf("a model that cannot be followed: %q, %v", broken.Problem, broken.Columns)
	}
}
