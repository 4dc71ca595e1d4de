package report

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/warehouse"

	"golang.org/x/net/html"
)

func testMeta() Meta {
	return Meta{
		Brand: "Qing & Co 清茶", Environment: "prod", Currency: "CNY", AsOf: time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC),
		RunID: "20261101T020000Z-7f3a", StartedAt: time.Date(2026, 11, 1, 2, 0, 0, 0, time.UTC), Duration: 12340 * time.Millisecond,
		Steps: []Step{
			{"land", "38 new files", 38, 0.61},
			{"conform", "14 feeds", 184220, 4.02},
			{"identity", "8,412 accounts, 5,475 customers", 8412, 0.93},
			{"ledger", "points, first-expiring first", 96410, 0.72},
			{"build", "31 tables, 6 rebuilt", 402118, 5.30},
			{"publish", "environment prod", 31, 0.76},
		},
		Audits: Audits{Passed: 112},
		Feeds: []Feed{
			{"tmall_orders", 24, 60210, 60198, 2, 10},
			{"points", 24, 96412, 96410, 2, 0},
		},
		Quarantined: []Quarantine{{"douyin_works_20261031.csv", `line 1: header "作品名称" is missing <b>`}},
	}
}

func session(t *testing.T, scripts ...string) *warehouse.Session {
	t.Helper()
	session, err := warehouse.Open(t.Context(), warehouse.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	for _, script := range scripts {
		text, err := os.ReadFile(filepath.Join("testdata", script))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := session.Exec(t.Context(), string(text)); err != nil {
			t.Fatalf("%s: %v", script, err)
		}
	}
	return session
}

func write(t *testing.T, q Querier, meta Meta) (string, *html.Node) {
	t.Helper()
	var out bytes.Buffer
	if err := Write(t.Context(), q, &out, meta); err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), root
}

// TestFiguresAreTheMarts holds what each table of the page prints against what DuckDB itself writes for the same rows.
func TestFiguresAreTheMarts(t *testing.T) {
	marts := session(t, "marts.sql", "rows.sql")
	_, root := write(t, marts, testMeta())
	for section, query := range map[string]string{
		"pyramid": `select [format('{:,}', heads), format('{:,}', orders), coalesce(format('{:.2f}', frequency), '–'),
			coalesce(format('{:,.2f}', average_ticket::double), '–'), format('{:,.2f}', revenue::double), format('{:.1f}%', revenue_share * 100)]
			from mart.pyramid_summary where period_kind = 'window' order by layer`,
		"months": `select list(format('{:,.2f}', revenue::double) order by layer) || [format('{:,.2f}', sum(revenue)::double)]
			from mart.pyramid_summary where period_kind = 'month' group by period_start order by period_start`,
		"liability": `select [format('{:,}', outstanding_points), format('{:,}', expected_redemption_points), format('{:,}', breakage_points),
			format('{:,.2f}', face_value::double)] from mart.point_liability where outstanding_points > 0 and currency = 'points' order by expiry_month`,
		"liability-coins": `select [format('{:,}', outstanding_points), format('{:,}', expected_redemption_points), format('{:,}', breakage_points),
			format('{:,.2f}', face_value::double)] from mart.point_liability where outstanding_points > 0 and currency = 'coins' order by expiry_month`,
		"deferral": `select list_transform([sum(opening), sum(allocated), sum(reversed), sum(revenue_redemption), sum(revenue_catch_up), sum(revenue_run_off), sum(closing)],
			amount -> format('{:,.2f}', amount::double)) from mart.point_contract_liability where period_kind = 'month' and period_start >= date '2025-11-01' group by period_start order by period_start`,
		"churn": `select [format('{:,}', count(*)), format('{:.1f}%', count(*) * 100.0 / (select count(*) from mart.churn_tiers)),
			format('{:,.2f}', sum(revenue)::double), format('{:,.2f}', sum(previous_revenue)::double)]
			from mart.churn_tiers group by tier order by min(tier_rank)`,
		"content": `select [coalesce(format('{:,}', reads), '–'), coalesce(format('{:.1f}%', share_rate * 100), '–'),
			coalesce(format('{:.2f}', fission_coefficient), '–'), coalesce(format('{:,}', followers_gained), '–'),
			format('{:.2f}', linear_orders::double), format('{:,.2f}', linear_revenue::double)]
			from mart.content_performance order by linear_revenue desc limit 10`,
		"model": `select [level || case when by_frequency then ', more for a rare value 罕见值更重' else '' end, format('{:.3g}', m), format('{:.3g}', u), format('{:+.1f}', weight)]
			from identity.model order by array_position(['any pair', 'phone', 'surname'], field), level_no`,
	} {
		t.Run(section, func(t *testing.T) {
			want := wantedRows(t, marts, query)
			got := bodyRows(byID(root, section))
			if len(want) == 0 || strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// TestHeadlines are added up by hand from testdata/rows.sql.
func TestHeadlines(t *testing.T) {
	_, root := write(t, session(t, "marts.sql", "rows.sql"), testMeta())
	text := textOf(root)
	for _, want := range []string{
		"8,088,309.38 CNY", "18,439 orders", // the seven layers
		"4,268", "of 共 5,475 known, 3,650 members",
		"4.32", "average ticket 客单价 438.65", // 18439 / 4268, 8088309.38 / 18439
		"73.5%", "layers 1–5 层 5,946,555.93",
		"14,962.70 CNY", "1,495,200 points 积分, 107 coins", // 12 x 70,000 + 31,000 x (0+1+2+3+4+0+1+2+3+4+0+1) + 4,200; 10.70 of coins
		"3,192.68 CNY", "rate in the end 最终兑换率 61.4%, 98.0%", // 12 x 160 + 60 x 21 + 8.40; 4.28 of coins
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// TestWaterfall: twelve months from November 2025 on, both channels: 3 x 150,000 x 12 to open, three times the monthly movements.
func TestWaterfall(t *testing.T) {
	_, root := write(t, session(t, "marts.sql", "rows.sql"), testMeta())
	section := textOf(byID(root, "rollforward"))
	for _, want := range []string{
		"2025-11 to 2026-10", "Opening 5,400,000;", "Issued +21,960,000;", "Redeemed -10,800,000;", "Expired -5,400,000;",
		"Clawed back -1,080,000;", "Re-credited +432,000;", "Adjusted +288,000;", "Closing 10,800,000;", "108,000.00 CNY",
	} {
		if !strings.Contains(section, want) {
			t.Errorf("the roll-forward does not say %q:\n%s", want, section)
		}
	}
}

// TestCurrenciesApart: coins have sections of their own, and nothing of them is added to points. 107 = 100 + 50 - 30 - 20 + 7.
func TestCurrenciesApart(t *testing.T) {
	_, root := write(t, session(t, "marts.sql", "rows.sql"), testMeta())
	coins := textOf(byID(root, "rollforward-coins"))
	for _, want := range []string{"积分滚动 · coins", "Opening 100;", "Issued +50;", "Redeemed -30;", "Transferred -20;", "Prior periods +7;", "Closing 107;", "10.70 CNY"} {
		if !strings.Contains(coins, want) {
			t.Errorf("the roll-forward of coins does not say %q:\n%s", want, coins)
		}
	}
	if points := textOf(byID(root, "rollforward")); strings.Contains(points, "Transferred") || strings.Contains(points, "Prior") {
		t.Errorf("points moved as coins did:\n%s", points)
	}
	if text := textOf(byID(root, "deferral-coins")); !strings.Contains(text, "No data yet") {
		t.Errorf("coins have no deferral, and the page says:\n%s", text)
	}
}

// TestRangeAndDeferral: of the last month 3 x 13,000.00, of it 3 x 11,700.00 current; the range of the cost is 13 rows of 20.00 less and 30.00 more.
func TestRangeAndDeferral(t *testing.T) {
	_, root := write(t, session(t, "marts.sql", "rows.sql"), testMeta())
	for id, wants := range map[string][]string{
		"deferral":  {"39,000.00", "35,100.00", "3,900.00", "40,560.00", "37,440.00"},
		"liability": {"2,928.40 – 3,578.40", "61.4% (58.0% – 65.0%)"},
	} {
		text := textOf(byID(root, id))
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not say %q:\n%s", id, want, text)
			}
		}
	}
}

// TestModelBars: of 41.86 bits from -20.93 to +20.93 each is as long as any other, on its own side of zero, and the drawing holds them all.
func TestModelBars(t *testing.T) {
	_, root := write(t, session(t, "marts.sql", "rows.sql"), testMeta())
	section := byID(root, "model")
	var longest float64
	zero := number(t, attribute(elements(section, "line")[len(elements(section, "line"))-1], "x1"))
	bars := elements(section, "rect")
	weights := []float64{-20.93, 20.93, 17.93, -2.0, 6.32, -3.31}
	if len(bars) != len(weights) {
		t.Fatalf("got %d bars, want %d", len(bars), len(weights))
	}
	for i, bar := range bars {
		x, width := number(t, attribute(bar, "x")), number(t, attribute(bar, "width"))
		if longest == 0 {
			longest = width
		}
		from := zero
		if weights[i] < 0 {
			from = zero - width
		}
		if want := longest * math.Abs(weights[i]) / 20.93; math.Abs(width-want) > .2 || math.Abs(x-from) > .2 || x < 400 || x+width > 1080 {
			t.Errorf("bar %d of %+.2f bits: from %.1f, %.1f long; want from %.1f, %.1f long", i, weights[i], x, width, from, want)
		}
		if class := attribute(bar, "class"); (class == "in") != (weights[i] > 0) {
			t.Errorf("bar %d of %+.2f bits is %q", i, weights[i], class)
		}
	}
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestHostileTextIsText(t *testing.T) {
	page, root := write(t, session(t, "marts.sql", "rows.sql"), testMeta())
	if scripts := elements(root, "script"); len(scripts) > 0 || strings.Contains(page, "<script") {
		t.Errorf("the title became an element: %d scripts", len(scripts))
	}
	for _, want := range []string{`<script>alert("1")</script> & "quotes" 'single'`, `header "作品名称" is missing <b>`, "Qing & Co 清茶"} {
		if !strings.Contains(textOf(root), want) {
			t.Errorf("the text %q is lost", want)
		}
	}
}

// TestSelfContained: no script, no address that a browser would load, a title and a description on every drawing.
func TestSelfContained(t *testing.T) {
	page, root := write(t, session(t, "marts.sql", "rows.sql"), testMeta())
	for _, forbidden := range []string{"http:", "https:", "src=", "href=", "url(", "@import", "NaN", "Inf", "ZgotmplZ", "%!"} {
		if strings.Contains(page, forbidden) {
			t.Errorf("the page holds %q", forbidden)
		}
	}
	drawings := elements(root, "svg")
	if len(drawings) != 8 {
		t.Errorf("got %d drawings, want 8", len(drawings))
	}
	for _, drawing := range drawings {
		for _, id := range strings.Fields(attribute(drawing, "aria-labelledby")) {
			if named := byID(drawing, id); named == nil || textOf(named) == "" {
				t.Errorf("a drawing is named by %q, which says nothing", id)
			}
		}
		if attribute(drawing, "role") != "img" || attribute(drawing, "aria-labelledby") == "" {
			t.Errorf("a drawing without role or name")
		}
	}
}

// TestEmptyMarts: a brand before its first order has a page too.
func TestEmptyMarts(t *testing.T) {
	page, root := write(t, session(t, "marts.sql"), Meta{Brand: "New", Currency: "CNY"})
	if got := strings.Count(textOf(root), "No data yet"); got != 8 {
		t.Errorf("got %d sections without data, want 8", got)
	}
	for _, forbidden := range []string{"NaN", "Inf", "<svg"} {
		if strings.Contains(page, forbidden) {
			t.Errorf("the empty page holds %q", forbidden)
		}
	}
}

func TestMissingMart(t *testing.T) {
	var out bytes.Buffer
	err := Write(t.Context(), session(t), &out, testMeta())
	if err == nil || !strings.HasPrefix(err.Error(), "report: read the marts: ") || out.Len() > 0 {
		t.Errorf("got %v and %d bytes, want an error and nothing written", err, out.Len())
	}
}

func TestRunThatDoesNotBalance(t *testing.T) {
	meta := testMeta()
	meta.Feeds[0].Accepted--
	meta.Audits.Failed = []string{"mart.point_lots lot_adds_up: 3 rows"}
	_, root := write(t, session(t, "marts.sql"), meta)
	run := textOf(byID(root, "run"))
	for _, want := range []string{"Rows do not add up", "mart.point_lots lot_adds_up: 3 rows", "112 passed, 1 failed", "12.34 s", "48 used, 1 quarantined"} {
		if !strings.Contains(run, want) {
			t.Errorf("the run does not say %q:\n%s", want, run)
		}
	}
}

func wantedRows(t *testing.T, q Querier, query string) []string {
	t.Helper()
	result, err := q.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = result.Close() }()
	var lines []string
	for result.Next() {
		var cells any
		if err := result.Scan(&cells); err != nil {
			t.Fatal(err)
		}
		var line []string
		for _, cell := range cells.([]any) {
			line = append(line, cell.(string))
		}
		lines = append(lines, strings.Join(line, " | "))
	}
	if err := result.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// bodyRows are the data cells of each row of a section's table.
func bodyRows(section *html.Node) []string {
	var lines []string
	for _, body := range elements(section, "tbody") {
		for _, row := range elements(body, "tr") {
			var cells []string
			for _, cell := range elements(row, "td") {
				cells = append(cells, textOf(cell))
			}
			lines = append(lines, strings.Join(cells, " | "))
		}
	}
	return lines
}

func elements(node *html.Node, name string) []*html.Node {
	var found []*html.Node
	for child := range node.Descendants() {
		if child.Type == html.ElementNode && child.Data == name {
			found = append(found, child)
		}
	}
	return found
}

func byID(node *html.Node, id string) *html.Node {
	for child := range node.Descendants() {
		if attribute(child, "id") == id {
			return child
		}
	}
	return nil
}

func attribute(node *html.Node, name string) string {
	for _, attribute := range node.Attr {
		if attribute.Key == name {
			return attribute.Val
		}
	}
	return ""
}

// textOf is what a reader sees, with single blanks.
func textOf(node *html.Node) string {
	var text strings.Builder
	for child := range node.Descendants() {
		if child.Type == html.TextNode && child.Parent.Data != "style" {
			text.WriteString(child.Data)
		}
	}
	return strings.Join(strings.Fields(text.String()), " ")
}

// brokenWriter is a disk that is full.
type brokenWriter struct{}

var errDiskFull = errors.New("disk full")

func (brokenWriter) Write([]byte) (int, error) { return 0, errDiskFull }

func TestWriteError(t *testing.T) {
	err := Write(t.Context(), session(t, "marts.sql"), brokenWriter{}, testMeta())
	if !errors.Is(err, errDiskFull) {
		t.Errorf("got %v, want %v", err, errDiskFull)
	}
}
