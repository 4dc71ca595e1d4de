package catalogue_test

import (
	"slices"
	"strings"
	"testing"

	"countinghouse/pipelines/catalogue"

	"github.com/google/go-cmp/cmp"
)

// wants tells which texts a part of a page lacks.
func wants(t *testing.T, where, got string, want ...string) {
	t.Helper()
	got = strings.Join(strings.Fields(got), " ")
	for _, text := range want {
		if !strings.Contains(got, text) {
			t.Errorf("%s does not say %q:\n%s", where, text, got)
		}
	}
}

func TestTablePage(t *testing.T) {
	root := write(t, builtIn(t)).pages["tables/mart.customer_pyramid.html"]
	wants(t, "the page", textOf(root), "客户金字塔", "ranked by net spend in the trailing window", "sql/mart/customer_pyramid.sql")
	columns := section(t, root, "columns")
	rows := elements(columns, "tr")[1:]
	if len(rows) != 13 {
		t.Errorf("%d columns", len(rows))
	}
	wants(t, "as_of", textOf(rows[0]), "as_of key", "截止日 DATE The day the row is for")
	wants(t, "revenue", textOf(rows[7]), "revenue 净消费额", "CNY", "less refunds made in it")
	wants(t, "what is stored", textOf(section(t, root, "data")), "12,345", "2.5 MB", "1.25 s", "2026-11-01 14:00:00", "f00d")
	if spark := elements(section(t, root, "data"), "svg"); len(spark) != 2 {
		t.Errorf("%d sparklines", len(spark))
	}
	history := elements(section(t, root, "data"), "tr")
	wants(t, "history", textOf(history[1]), "1", "10,000", "2 MB")
	wants(t, "audits", textOf(section(t, root, "audits")), "money_adds_up", "not run", "select * from mart.customer_pyramid where (orders > 0)")
	wants(t, "parameters", textOf(section(t, root, "parameters")), "window_days 365", "date '2026-10-31'")
	lineage := textOf(section(t, root, "lineage"))
	wants(t, "lineage", lineage, "core.customer_standings", "seed.pyramid_layers", "mart.customer_360")
	sql := section(t, root, "sql")
	wants(t, "SQL", textOf(sql), "customers as (select * from core.customers),")
	if links := elements(sql, "a"); len(links) == 0 || attribute(links[0], "href") != "../tables/core.customers.html" {
		t.Error("the tables in the SQL are no links")
	}
	if strings.Contains(textOf(root), "differently now") {
		t.Error("blank lines at the end of the SQL count as a change")
	}
}

// TestTablePageOfChanged: the page says when what is stored was made by other SQL.
func TestTablePageOfChanged(t *testing.T) {
	c := builtIn(t)
	c.Table("mart.customer_pyramid").Built.Changed = true
	wants(t, "the page", textOf(write(t, c).pages["tables/mart.customer_pyramid.html"]), "The project defines this table differently now")
}

func TestOtherTables(t *testing.T) {
	pages := write(t, builtIn(t)).pages
	wants(t, "a seed", textOf(section(t, pages["tables/seed.pyramid_layers.html"], "rows")), "to_percent", "refer 荐 Refer", "enter 进 Enter")
	wants(t, "a dataset", textOf(section(t, pages["tables/dataset.orders.html"], "lineage")), "tmall_orders", "core.orders")
	wants(t, "personal columns", textOf(section(t, pages["tables/dataset.accounts.html"], "columns")), "phone personal")
	wants(t, "a step", textOf(pages["tables/ledger.lots.html"]), "made in Go", "One earning of points", "dataset.point_transactions")
	wants(t, "sources", textOf(section(t, pages["tables/core.orders.html"], "columns")), "from dataset.orders.channel, tmall_orders.paid_amount, gone.gone.x, window_days")
	wants(t, "where a column goes", textOf(section(t, pages["feeds/tmall_orders.html"], "columns")), "into core.orders.channel")
}

func TestFeedPage(t *testing.T) {
	c := builtIn(t)
	for i := range c.Feeds {
		if c.Feeds[i].Name == "tmall_orders" {
			c.Feeds[i].Received = catalogue.Received{Files: 3, Quarantined: 1, Rows: 1200, Accepted: 1100, Rejected: 7, Dropped: 93}
		}
	}
	root := write(t, c).pages["feeds/tmall_orders.html"]
	wants(t, "the page", textOf(root), "淘宝天猫订单", "ExportOrderList*.csv", "csv, any")
	wants(t, "columns", textOf(section(t, root, "columns")), "买家实际支付金额 / 买家实付金额", "phone personal")
	wants(t, "gives", textOf(section(t, root, "gives")), "dataset.refunds", "status = 'closed' and paid_at is not null", "order_id || '-refund'")
	wants(t, "received", textOf(section(t, root, "received")), "1,200", "1,100", "7", "93")
	sample := section(t, root, "sample")
	wants(t, "sample", textOf(sample), "4 accepted, 1 rejected", "绿茶 50g，茶杯", "浙江省 杭州市")
	if tables := elements(sample, "table"); len(tables) != 1+4 {
		t.Errorf("%d tables in the sample, want the file's rows and those of four datasets", len(tables))
	}
}

// TestDrawingsAreSteps: one step shows what a table is made from and its readers, and all of them everything that hangs together with it.
func TestDrawingsAreSteps(t *testing.T) {
	root := write(t, builtIn(t)).pages["tables/core.customer_days.html"]
	drawings := elements(section(t, root, "lineage"), "svg")
	labels := elements(section(t, root, "lineage"), "label")
	if len(drawings) < 2 || len(drawings) != len(labels) {
		t.Fatalf("%d drawings, %d labels", len(drawings), len(labels))
	}
	var names []string
	for _, node := range elements(drawings[0], "text") {
		names = append(names, textOf(node))
	}
	c := builtIn(t)
	table := c.Table("core.customer_days")
	if want := 1 + len(table.Inputs) + len(table.Readers); len(names) != want {
		t.Errorf("one step shows %q, want %d tables", names, want)
	}
	if len(elements(drawings[1], "text")) <= len(names) {
		t.Error("two steps show no more than one")
	}
}

// TestBeforeAnything: a project of which nothing is published has its pages all the same.
func TestBeforeAnything(t *testing.T) {
	c, err := catalogue.New(definitions(t))
	if err != nil {
		t.Fatal(err)
	}
	c.Environment.Name = "dev"
	made := write(t, c)
	wants(t, "the start page", textOf(made.pages["index.html"]), "Nothing is published in this environment yet")
	wants(t, "builds", textOf(made.pages["builds.html"]), "Nothing is built yet")
	if page := textOf(made.pages["tables/mart.customer_pyramid.html"]); strings.Contains(page, "What is stored") {
		t.Error("a table that is not built has something stored")
	}
	wants(t, "no project at all", textOf(write(t, catalogue.Catalogue{}).pages["index.html"]), "Countinghouse")
}

// TestStepsAreDescribed: what a step in Go makes is described as far as a model must describe itself, and nothing else is.
func TestStepsAreDescribed(t *testing.T) {
	c, made := builtIn(t), map[string][]string{}
	for _, step := range steps() {
		for name := range step.Tables {
			table := c.Table(name)
			if table.About == "" || table.Chinese == "" {
				t.Errorf("steps.yaml says nothing of %s", name)
			}
			for _, column := range table.Columns {
				made[name] = append(made[name], column.Name)
				if column.About == "" || column.Chinese == "" || column.Type == "" {
					t.Errorf("steps.yaml says nothing of %s.%s", name, column.Name)
				}
			}
			slices.Sort(made[name])
		}
	}
	if difference := cmp.Diff(made, catalogue.DescribedSteps(t)); difference != "" {
		t.Errorf("what the steps make (-) is not what steps.yaml describes (+):\n%s", difference)
	}
}
