package lineage_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"countinghouse/internal/lineage"

	"github.com/google/go-cmp/cmp"
)

func of(names ...string) []lineage.Source {
	sources := make([]lineage.Source, len(names))
	for i, name := range names {
		at := strings.LastIndex(name, ".")
		sources[i] = lineage.Source{Table: name[:at], Column: name[at+1:]}
	}
	return sources
}

// shop is a small project: two feeds give a dataset, a model cleans it, a step and a mart read that.
func shop() *lineage.Graph {
	return lineage.NewGraph([]lineage.Table{
		{Name: "mart.days", Kind: lineage.Model, Inputs: []string{"core.sales", "step.scores"}, Rows: of("core.sales.*", "core.sales.day"), Columns: []lineage.TableColumn{
			{Name: "day", Values: of("core.sales.day")},
			{Name: "total", Values: of("core.sales.amount"), Expressions: []lineage.Expression{{SQL: "sum(amount)"}}},
			{Name: "sales", Values: of("core.sales.*")},
			{Name: "score", Values: of("step.scores.score")},
		}},
		{Name: "core.sales", Kind: lineage.Model, Inputs: []string{"dataset.sales"}, Rows: of("dataset.sales.*", "dataset.sales.status"), Columns: []lineage.TableColumn{
			{Name: "day", Values: of("dataset.sales.at")}, {Name: "amount", Values: of("dataset.sales.amount", "dataset.sales.at")},
		}},
		{Name: "step.scores", Kind: lineage.Step, Step: "scores", Inputs: []string{"core.sales"}, Rows: of("core.sales.*"), Columns: []lineage.TableColumn{{Name: "score"}}},
		{Name: "dataset.sales", Kind: lineage.Dataset, Inputs: []string{"feed.here", "feed.there"}, Rows: of("feed.here.*", "feed.there.*"), Columns: []lineage.TableColumn{
			{Name: "at", Values: of("feed.here.at", "feed.there.at")},
			{Name: "amount", Values: of("feed.here.paid", "feed.there.paid"), Expressions: []lineage.Expression{{From: "feed.here", SQL: "paid / 100"}, {From: "feed.there", SQL: "abs(paid)"}}},
			{Name: "status", Values: of("feed.here.state")},
		}},
		{Name: "feed.here", Kind: lineage.Feed, Columns: []lineage.TableColumn{{Name: "at"}, {Name: "paid", Headers: []string{"实付"}}, {Name: "state"}}},
		{Name: "feed.there", Kind: lineage.Feed, Columns: []lineage.TableColumn{{Name: "at"}, {Name: "paid"}}},
	})
}

func drawn(node lineage.Node, indent string) string {
	text := indent + node.String()
	if node.Role == lineage.Filter {
		text += " ?"
	}
	if node.Above {
		return text + " above\n"
	}
	for _, expression := range node.Expressions {
		text += " = " + expression.SQL
	}
	text += "\n"
	for _, below := range node.Below {
		text += drawn(below, indent+"  ")
	}
	return text
}

func TestTraceGoesDownToTheFeeds(t *testing.T) {
	node, err := shop().Trace("Mart.Days", "TOTAL", false)
	if err != nil {
		t.Fatal(err)
	}
	want := `mart.days.total = sum(amount)
  core.sales.amount
    dataset.sales.amount = paid / 100 = abs(paid)
      feed.here.paid
      feed.there.paid
    dataset.sales.at
      feed.here.at
      feed.there.at
`
	if difference := cmp.Diff(want, drawn(node, "")); difference != "" {
		t.Error(difference)
	}
	if header := node.Below[0].Below[0].Below[0].Headers; len(header) != 1 || header[0] != "实付" {
		t.Errorf("the name in the export: %v", header)
	}
}

func TestTraceWithFiltersDrawsWhatDecides(t *testing.T) {
	node, err := shop().Trace("mart.days", "day", true)
	if err != nil {
		t.Fatal(err)
	}
	want := `mart.days.day
  core.sales.day
    dataset.sales.at
      feed.here.at
      feed.there.at
      rows of dataset.sales ?
        rows of feed.here
        rows of feed.there
    rows of core.sales ?
      rows of dataset.sales above
      dataset.sales.status ?
        feed.here.state
        rows of dataset.sales ? above
  rows of mart.days ?
    rows of core.sales above
    core.sales.day ? above
`
	if difference := cmp.Diff(want, drawn(node, "")); difference != "" {
		t.Error(difference)
	}
}

func TestACountComesFromRows(t *testing.T) {
	node, err := shop().Trace("mart.days", "sales", false)
	if err != nil {
		t.Fatal(err)
	}
	want := "mart.days.sales\n  rows of core.sales\n    rows of dataset.sales\n      rows of feed.here\n      rows of feed.there\n"
	if difference := cmp.Diff(want, drawn(node, "")); difference != "" {
		t.Error(difference)
	}
}

func TestFeedsWithoutFilesAreLeftOutWhereOthersHaveSome(t *testing.T) {
	graph := shop()
	for i := range graph.Tables {
		if graph.Tables[i].Name == "feed.there" {
			graph.Tables[i].Files = 3
		}
	}
	node, err := graph.Trace("dataset.sales", "amount", false)
	if err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff("dataset.sales.amount = abs(paid)\n  feed.there.paid\n", drawn(node, "")); difference != "" {
		t.Error(difference)
	}
}

func TestReadersAreFoundThroughStepsToo(t *testing.T) {
	for filters, want := range map[bool]string{
		false: "dataset.sales.amount = paid / 100 = abs(paid)\n  core.sales.amount\n    mart.days.total = sum(amount)\n    step.scores ?\n",
		true: "dataset.sales.amount = paid / 100 = abs(paid)\n  core.sales.amount\n    mart.days.total = sum(amount)\n" +
			"    rows of step.scores ?\n      step.scores.score ?\n        mart.days.score\n",
	} {
		t.Run(fmt.Sprint(filters), func(t *testing.T) {
			node, err := shop().Readers("dataset.sales", "amount", filters)
			if err != nil {
				t.Fatal(err)
			}
			if difference := cmp.Diff(want, drawn(node, "")); difference != "" {
				t.Error(difference)
			}
		})
	}
}

func TestTablesAreDrawnBothWays(t *testing.T) {
	graph := shop()
	below, err := graph.TraceTable("mart.days")
	if err != nil {
		t.Fatal(err)
	}
	above, err := graph.TableReaders("feed.here")
	if err != nil {
		t.Fatal(err)
	}
	want := "mart.days\n  core.sales\n    dataset.sales\n      feed.here\n      feed.there\n  step.scores\n    core.sales above\n" +
		"feed.here\n  dataset.sales\n    core.sales\n      mart.days\n      step.scores\n        mart.days\n"
	if difference := cmp.Diff(want, drawn(below, "")+drawn(above, "")); difference != "" {
		t.Error(difference)
	}
}

func TestWhatIsNotThere(t *testing.T) {
	graph := shop()
	for name, draw := range map[string]func() (lineage.Node, error){
		"table":  func() (lineage.Node, error) { return graph.Trace("mart.weeks", "day", false) },
		"column": func() (lineage.Node, error) { return graph.Readers("mart.days", "week", false) },
		"tables": func() (lineage.Node, error) { return graph.TraceTable("mart.weeks") },
	} {
		if _, err := draw(); !errors.Is(err, lineage.ErrUnknown) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
