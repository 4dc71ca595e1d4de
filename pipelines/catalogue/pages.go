package catalogue

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"

	"countinghouse/internal/contract"
)

// frame is what every page has. Its methods are for the templates.
type frame struct {
	*site
	Root        string // from the page to the top: "" or "../"
	Title, Zh   string
	Active      string // the page of the menu that this one belongs to
	Description string
}

func (s *site) frame(title, chinese, active string) frame {
	return frame{site: s, Title: title, Zh: chinese, Active: active}
}

// Menu are the pages that every page links to: file, English, Chinese.
func (f frame) Menu() [][3]string {
	return [][3]string{
		{"index.html", "Start", "首页"},
		{"tables.html", "Tables", "表"},
		{"feeds.html", "Feeds", "数据源"},
		{"lineage.html", "Lineage", "血缘"},
		{"parameters.html", "Parameters", "参数"},
		{"builds.html", "Builds", "构建"},
	}
}

// To is the address of a page of the site.
func (f frame) To(file string) string { return href(f.Root, file) }

// PageOf is the address of a table's page; empty for one that there is not.
func (f frame) PageOf(name string) string {
	if f.network.tables[name] == nil {
		return ""
	}
	return f.To(tablePage(name))
}

// PageOfFeed is the address of a feed's page; empty for one that there is not.
func (f frame) PageOfFeed(name string) string {
	if f.network.feeds[name] == nil {
		return ""
	}
	return f.To(feedPage(name))
}

// Of finds a table by its name.
func (f frame) Of(name string) *Table { return f.network.tables[name] }

// Highlight is a query as it is shown, with its tables linked.
func (f frame) Highlight(query string) template.HTML { return highlight(query, f.PageOf) }

// Value is what a parameter is set to, as SQL.
func (f frame) Value(parameter string) string {
	for _, one := range f.Parameters {
		if one.Name == parameter {
			return one.Value
		}
	}
	return ""
}

// With is a list of groups for the template that prints it.
func (f frame) With(groups []group) groupList { return groupList{f, groups} }

type groupList struct {
	frame
	Groups []group
}

// ColumnAt is the address of a column on its table's or feed's page; empty for one that there is not.
func (f frame) ColumnAt(source Source) string {
	anchor := "#" + columnAnchor(source.Column)
	if source.Parameter != "" {
		return f.To("parameters.html") + "#" + columnAnchor(source.Parameter)
	}
	if feed := f.network.feeds[source.Feed]; feed != nil {
		if slices.ContainsFunc(feed.Columns, func(column FeedColumn) bool { return column.Name == source.Column }) {
			return f.PageOfFeed(source.Feed) + anchor
		}
	}
	if table := f.network.tables[source.Table]; table != nil {
		if slices.ContainsFunc(table.Columns, func(column Column) bool { return column.Name == source.Column }) {
			return f.PageOf(source.Table) + anchor
		}
	}
	return ""
}

// Links is a list of columns for the template that prints it.
func (f frame) Links(sources []Source) sourceList { return sourceList{f, sources} }

type sourceList struct {
	frame
	Sources []Source
}

// List is a list of tables for the template that prints it.
func (f frame) List(names []string) nameList { return nameList{f, names} }

type nameList struct {
	frame
	Names []string
}

// Schemas are the groups of tables, marts first.
func (f frame) Schemas() []group { return groupsBySchema(f.Tables) }

func groupsBySchema(tables []Table) []group {
	return groupsOf(tables, func(table *Table) []string {
		schema, _, _ := strings.Cut(table.Name, ".")
		return []string{schema}
	})
}

// group is some tables under a heading.
type group struct {
	Name, Zh, About string
	Tables          []*Table
}

func groupsOf(tables []Table, names func(*Table) []string) []group {
	found := map[string][]*Table{}
	for i := range tables {
		for _, name := range names(&tables[i]) {
			found[name] = append(found[name], &tables[i])
		}
	}
	order := slices.SortedFunc(maps.Keys(found), func(a, b string) int { return cmp.Or(rank(a)-rank(b), cmp.Compare(a, b)) })
	groups := make([]group, len(order))
	for i, name := range order {
		chinese, about := schemaWords(name)
		groups[i] = group{Name: name, Zh: chinese, About: about, Tables: found[name]}
	}
	return groups
}

// rank puts what people look for first.
func rank(schema string) int {
	if at := slices.Index([]string{"mart", "core", "estimate", "ledger", "identity", "dataset", "seed", "restricted"}, schema); at >= 0 {
		return 2 * at
	}
	return 1 // a project's own, right after the marts
}

func schemaWords(schema string) (chinese, about string) {
	switch schema {
	case "mart":
		return "集市", "What is published, for reports and tools"
	case "core":
		return "核心", "Clean facts with the customer's id, which marts are made from"
	case "estimate":
		return "估计", "What will be redeemed of the points, estimated in Go"
	case "ledger":
		return "积分账", "The points ledger, made in Go"
	case "identity":
		return "身份", "Accounts merged into customers, made in Go"
	case "dataset":
		return "数据集", "Canonical rows of all feeds"
	case "restricted":
		return "受限", "Views that show personal values in the clear, for those who may read the exports"
	case "seed":
		return "种子", "Small tables kept as CSV files"
	}
	return "", ""
}

// startPage is index.html.
type startPage struct {
	frame
	Marts         *group
	Owners, Tags  []group
	Built, Audits int
	Rows, Bytes   int64
}

func (s *site) start() startPage {
	page := startPage{frame: s.frame("Start", "首页", "index.html")}
	for _, group := range page.Schemas() {
		if group.Name == "mart" {
			page.Marts = &group
		}
	}
	page.Owners = groupsOf(s.Tables, func(table *Table) []string {
		if table.Owner == "" {
			return nil
		}
		return []string{table.Owner}
	})
	page.Tags = groupsOf(s.Tables, func(table *Table) []string { return table.Tags })
	for _, table := range s.Tables {
		page.Audits += len(table.Audits)
		if table.Built != nil {
			page.Built, page.Rows, page.Bytes = page.Built+1, page.Rows+max(table.Built.Rows, 0), page.Bytes+table.Built.Bytes
		}
	}
	return page
}

// tablePageView is the page of one table.
type tablePageView struct {
	frame
	*Table
	Drawings []drawing
	Spark    [2]template.HTML // rows, bytes
}

// drawing is one way to look at the lineage of something.
type drawing struct {
	Label, Zh string
	Picture   template.HTML
	Nodes     int
	Shown     bool // at first
}

func (s *site) table(table *Table) tablePageView {
	page := tablePageView{frame: s.frame(table.Name, table.Chinese, "tables.html"), Table: table}
	page.Root, page.Description = "../", table.About
	page.Drawings = s.drawings(vertex{table.Name, false})
	page.Spark[0] = sparkline(table.History, func(p Point) int64 { return p.Rows }, "Rows over the versions of the environment")
	page.Spark[1] = sparkline(table.History, func(p Point) int64 { return p.Bytes }, "Size over the versions of the environment")
	return page
}

// Schema is the first part of the table's name.
func (p tablePageView) Schema() string {
	schema, _, _ := strings.Cut(p.Name, ".")
	return schema
}

// IsKey says whether a column is one of those that identify a row.
func (p tablePageView) IsKey(column string) bool { return slices.Contains(p.Grain, column) }

// AuditsOf are the audits that are about one column.
func (p tablePageView) AuditsOf(column string) []Audit {
	return slices.DeleteFunc(slices.Clone(p.Audits), func(audit Audit) bool { return audit.Column != column })
}

// Into are the columns whose values come from one of this table.
func (p tablePageView) Into(column string) []Source {
	return p.network.into[Source{Table: p.Name, Column: column}]
}

// mostNodes is how many nodes a drawing on a page has at most, and fewNodes how many the one has that is shown first.
const mostNodes, fewNodes = 90, 16

// drawings shows a vertex one, two, three and all steps far, as long as more is to be seen and can be read.
func (s *site) drawings(center vertex) []drawing {
	var drawings []drawing
	shown := 0
	for _, depth := range []struct {
		steps     int
		label, zh string
	}{{1, "1 step", "一层"}, {2, "2 steps", "两层"}, {3, "3 steps", "三层"}, {len(s.Tables) + len(s.Feeds), "all", "全部"}} {
		around := s.network.around(center, depth.steps)
		if depth.steps > 1 && (len(around) > mostNodes || len(around) == drawings[len(drawings)-1].Nodes) {
			continue
		}
		title := fmt.Sprintf("Lineage of %s, %s", center.name, depth.label)
		drawings = append(drawings, drawing{Label: depth.label, Zh: depth.zh, Picture: s.network.draw(around, center, "../", title), Nodes: len(around)})
		if len(around) <= fewNodes {
			shown = len(drawings) - 1
		}
	}
	drawings[shown].Shown = true
	return drawings
}

// Into are the columns whose values come from one of this feed.
func (p feedPageView) Into(column string) []Source {
	return p.network.into[Source{Feed: p.Name, Column: column}]
}

// feedPageView is the page of one feed.
type feedPageView struct {
	frame
	*Feed
	Drawings []drawing
}

func (s *site) feed(feed *Feed) feedPageView {
	page := feedPageView{frame: s.frame(feed.Name, feed.Chinese, "feeds.html"), Feed: feed, Drawings: s.drawings(vertex{feed.Name, true})}
	page.Root, page.Description = "../", feed.About
	return page
}

// Lines are the cells of the example's file, nil where it is no plain table: then its text is shown.
func (p feedPageView) Lines() *Rows {
	if p.Container != contract.CSV && p.Container != contract.XLSX {
		return nil
	}
	reader := csv.NewReader(strings.NewReader(p.Example.File))
	reader.LazyQuotes = true // a guard such as ="123" is no quoting
	lines, err := reader.ReadAll()
	if err != nil || len(lines) < 2 || len(lines[0]) < 2 {
		return nil
	}
	return &Rows{Columns: lines[0], Rows: lines[1:]}
}

// wholePage is the page of everything.
type wholePage struct {
	frame
	Drawings []drawing
}

func (s *site) whole() wholePage {
	page := wholePage{frame: s.frame("Lineage", "血缘", "lineage.html")}
	for i, one := range []struct {
		label, zh string
		feeds     bool
	}{{"tables", "只看表", false}, {"with feeds", "含数据源", true}} {
		shown := s.network.all(one.feeds)
		page.Drawings = append(page.Drawings, drawing{
			Label: one.label, Zh: one.zh, Nodes: len(shown), Shown: i == 0, Picture: s.network.draw(shown, vertex{}, "", "Lineage of all tables, "+one.label),
		})
	}
	return page
}

// buildsPage lists what was built, the slowest first.
type buildsPage struct {
	frame
	Slowest []*Table
	Longest float64 // seconds
	Total   float64
	Details bool // some table says more than its seconds
}

func (s *site) builds() buildsPage {
	page := buildsPage{frame: s.frame("Builds", "构建", "builds.html")}
	counted := map[string]bool{}
	for i := range s.Tables {
		built := s.Tables[i].Built
		if built == nil {
			continue
		}
		page.Slowest = append(page.Slowest, &s.Tables[i])
		page.Longest = max(page.Longest, built.Seconds)
		if step := s.Tables[i].Step; step == "" || !counted[step] { // a step makes its tables together
			page.Total, counted[step] = page.Total+built.Seconds, true
		}
		page.Details = page.Details || built.CPUSeconds > 0 || built.PeakMemory > 0
	}
	slices.SortFunc(page.Slowest, func(a, b *Table) int {
		return cmp.Or(cmp.Compare(b.Built.Seconds, a.Built.Seconds), cmp.Compare(a.Name, b.Name))
	})
	return page
}

// Share is a part of the longest build in percent.
func (p buildsPage) Share(seconds float64) float64 {
	if p.Longest == 0 {
		return 0
	}
	return float64(int(1000*seconds/p.Longest)) / 10
}
