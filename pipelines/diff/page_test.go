package diff_test

import (
	"strings"
	"testing"

	"countinghouse/pipelines/diff"
)

func comparison() diff.Result {
	return diff.Result{
		Before: diff.Set{Name: "prod", Version: 3, AsOf: "2026-10-30"}, After: diff.Set{Name: "dev@2", Version: 2, AsOf: "2026-10-31"},
		Tables: []diff.Table{
			{
				Name: "mart.a_b", State: diff.Differs, RowsBefore: 4, RowsAfter: 4, Grain: []string{"id"}, Changed: 2, Added: 1, Missing: 1,
				Schema: []diff.SchemaChange{{Column: "x", After: "DATE"}, {Column: "y", Before: "DATE"}, {Column: "z", Before: "DATE", After: "INTEGER"}},
				Columns: []diff.ColumnChange{
					{
						Column: "amount", Rows: 2, ToNull: 1, Sum: &diff.Sum{Before: "10.00", After: "12.50", Difference: "2.50"},
						Largest: &diff.Largest{Key: []*string{text("k|1")}, Before: "1.00", After: "3.50", Difference: "2.50"},
					},
					{Column: "name", Rows: 1, FromNull: 1, Pairs: []diff.Pair{{After: text("<b>*x*"), Rows: 1}}},
				},
				Samples: diff.Samples{
					Changed: []diff.ChangedRow{{Key: []*string{text("k|1")}, Cells: []diff.Cell{
						{Column: "amount", Before: text("1.00"), After: text("3.50")}, {Column: "name", After: text(strings.Repeat("长", 61))},
					}}},
					Columns: []string{"id", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9"},
					Added:   [][]*string{{text("k2"), nil, nil, nil, nil, nil, nil, nil, text("hidden")}},
				},
			},
			{Name: "mart.same", State: diff.Same, RowsBefore: 1, RowsAfter: 1},
			{Name: "mart.view", State: diff.Added, RowsAfter: -1},
		},
	}
}

func TestSections(t *testing.T) {
	sections := comparison().Sections()
	same(t, diff.Section{
		Lines: []string{
			"prod (version 3, as of 2026-10-30)  ->  dev@2 (as of 2026-10-31)",
			"the two are for different days: what a day changes is among the differences (build for one day with --as-of)",
			"3 tables compared, 1 the same",
		},
		Header: []string{"table", "state", "what changed", "rows before", "after", "added", "missing", "changed"},
		Rows: [][]string{
			{"mart.a_b", "differs", "+ x DATE, - y DATE, ~ z DATE -> INTEGER, amount, 1 more", "4", "4", "1", "1", "2"},
			{"mart.view", "added", "", "0", "", "0", "0", "0"},
		},
		Numbers: 5,
	}, sections[0])
	same(t, diff.Section{Title: "mart.a_b", Lines: []string{"rows compared by id", "+ x DATE", "- y DATE", "~ z DATE -> INTEGER"}}, sections[1])
	same(t, [][]string{
		{"amount", "most: 1.00 -> 3.50 (+2.50) at k|1; 1 lost their value", "2", "66.7 %", "10.00", "12.50", "+2.50"},
		{"name", "NULL -> <b>*x*: 1; 1 got one", "1", "33.3 %", "", "", ""},
	}, sections[2].Rows)
	same(t, [][]string{{"k|1", "amount", "1.00", "3.50"}, {"", "name", "NULL", strings.Repeat("长", 60) + "…"}}, sections[3].Rows)
	same(t, []string{"only in dev@2 (1 of 1), 1 more columns in the JSON"}, sections[4].Lines)
	same(t, 5, len(sections)) // no sample of what is missing was taken
}

func TestDifferencesHaveASign(t *testing.T) {
	for number, want := range map[string]string{"1.50": "+1.50", "-1.50": "-1.50", "0.00": "0.00", "0": "0", "0.05": "+0.05"} {
		result := comparison()
		result.Tables[0].Columns[0].Sum.Difference = number
		if got := result.Sections()[2].Rows[0][6]; got != want {
			t.Errorf("%s is shown as %s, want %s", number, got, want)
		}
	}
}

func TestMarkdown(t *testing.T) {
	var page strings.Builder
	if err := comparison().Markdown(&page); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| mart.a\\_b | differs |", "|---|---|---|---:|---:|---:|---:|---:|\n", "<details><summary>mart.a_b</summary>\n\n",
		"| k\\|1 | amount | 1.00 | 3.50 |\n", "NULL -&gt; &lt;b&gt;\\*x\\*: 1",
	} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("no %q in\n%s", want, page.String())
		}
	}
	if strings.Count(page.String(), "<details>") != strings.Count(page.String(), "</details>") {
		t.Errorf("folds are not closed:\n%s", page.String())
	}
}

func TestHTML(t *testing.T) {
	var page strings.Builder
	if err := comparison().HTML(&page); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<h2>mart.a_b</h2>", `<td class="number">66.7 %</td>`, "NULL -&gt; &lt;b&gt;*x*: 1", "<td>k|1</td>"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("no %q in\n%s", want, page.String())
		}
	}
	if strings.Contains(page.String(), "http") {
		t.Error("the page asks for something from the network")
	}
}

func TestResultDiffers(t *testing.T) {
	result := comparison()
	if !result.Differs() {
		t.Error("it differs")
	}
	result.Tables = result.Tables[1:2]
	if result.Differs() {
		t.Error("all tables are the same")
	}
}
