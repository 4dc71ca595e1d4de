package contract_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/contract"
	"countinghouse/internal/warehouse"
)

func open(t *testing.T, dir string) *warehouse.Session {
	t.Helper()
	session, err := warehouse.Open(t.Context(), warehouse.Options{Threads: 2, AllowedDirs: []string{dir}, ScratchDir: filepath.Join(dir, "scratch")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

// parquet writes rows of the shop feed: source_row, order_id, product_id, quantity, price.
func parquet(t *testing.T, session *warehouse.Session, path string, rows ...string) string {
	t.Helper()
	statement := fmt.Sprintf(`copy (select cast(r as bigint) as source_row, o as order_id, p as product_id,
		timestamp '2026-11-01 10:00:00' as paid_at, cast(q as bigint) as quantity, cast(x as decimal(18,4)) as price,
		'completed' as status, cast(round(q * x, 2) as decimal(18,2)) as amount
		from (values %s) v(r, o, p, q, x)) to %s (format parquet)`, strings.Join(rows, ", "), contract.Quote(path))
	if _, err := session.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	return path
}

func rows(t *testing.T, session *warehouse.Session, query string) []string {
	t.Helper()
	result, err := session.Query(t.Context(), query)
	if err != nil {
		t.Fatalf("%v\n%s", err, query)
	}
	defer func() { _ = result.Close() }()
	var lines []string
	for result.Next() {
		var line string
		if err := result.Scan(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := result.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

func exports(t *testing.T, session *warehouse.Session, dir string) (older, newer contract.ConformedFile) {
	t.Helper()
	day := time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	older = contract.ConformedFile{
		Path: parquet(t, session, filepath.Join(dir, "o'lder.parquet"),
			"(2, 'A', 'x', 1, 10.00)", "(3, 'A', 'y', 1, 5.00)", "(4, 'B', 'x', 2, 1.50)", "(5, null, 'z', 1, 1)"),
		SourceFile: "landing/shop/1/o'lder.csv", FileHash: "ff", ExportedAt: day,
	}
	newer = contract.ConformedFile{
		Duplicates: 1,
		Path:       parquet(t, session, filepath.Join(dir, "newer.parquet"), "(2, 'A', 'x', 3, 10.00)", "(4, 'A', 'x', 9, 9.00)", "(3, 'C', 'x', 1, 7.25)"),
		SourceFile: "landing/shop/2/newer.csv", FileHash: "00", ExportedAt: day.Add(time.Hour),
	}
	return older, newer
}

func TestNewestExportOfAKeyReplacesAllItsRows(t *testing.T) {
	dir := t.TempDir()
	session := open(t, dir)
	older, newer := exports(t, session, dir)
	feed, _ := load(t, shopFeed).Feed("shop")
	// A: the newer file's line 2; its line 4 is a later duplicate; the older file's line 3 is gone though its product is not
	// in the newer file. B, and the row without a key, are in the older file only.
	want := "2 A x 3 newer|3 C x 1 newer|4 B x 2 o'lder|5 - z 1 o'lder"
	for _, files := range [][]contract.ConformedFile{{older, newer}, {newer, older}} {
		got := rows(t, session, `select concat_ws(' ', source_row, coalesce(order_id, '-'), product_id, quantity, source_file[16:-5])
			from (`+feed.FeedSQL(files)+`) order by 1`)
		if strings.Join(got, "|") != want {
			t.Errorf("got  %s\nwant %s", strings.Join(got, "|"), want)
		}
	}
	if feed.FeedSQL([]contract.ConformedFile{older, newer}) != feed.FeedSQL([]contract.ConformedFile{newer, older}) {
		t.Error("the text depends on the order of arrival")
	}
}

func TestEqualExportTimesAreDecidedByContent(t *testing.T) {
	dir := t.TempDir()
	session := open(t, dir)
	older, newer := exports(t, session, dir)
	newer.ExportedAt = older.ExportedAt // now ff beats 00
	feed, _ := load(t, shopFeed).Feed("shop")
	got := rows(t, session, `select concat_ws(' ', source_row, quantity) from (`+feed.FeedSQL([]contract.ConformedFile{older, newer})+`) where order_id = 'A' order by 1`)
	if strings.Join(got, "|") != "2 1|3 1" {
		t.Errorf("got %v, want the two rows of the file with the greater hash", got)
	}
}

func TestGiveFoldsAndCasts(t *testing.T) {
	dir := t.TempDir()
	session := open(t, dir)
	older, newer := exports(t, session, dir)
	registry := load(t, shopFeed)
	feed, _ := registry.Feed("shop")
	orders, _ := registry.Dataset("orders")
	query := feed.GiveSQL(orders, "("+feed.FeedSQL([]contract.ConformedFile{older, newer})+")")
	got := rows(t, session, `select concat_ws(' ', channel, coalesce(order_id, '-'), paid_amount, coalesce(points_used, -1), feed, source_row, source_file[16:-5], exported_at)
		from (`+query+`) order by 1`)
	want := []string{
		"shop - 1.00 -1 shop 5 o'lder 2026-11-01 08:00:00",
		"shop A 30.00 -1 shop 2 newer 2026-11-01 09:00:00",
		"shop B 3.00 -1 shop 4 o'lder 2026-11-01 08:00:00",
		"shop C 7.25 -1 shop 3 newer 2026-11-01 09:00:00",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	types := rows(t, session, `select string_agg(column_name || ' ' || column_type, ', ') from (describe `+query+`)`)
	if want := "channel VARCHAR, order_id VARCHAR, account_id VARCHAR, paid_at TIMESTAMP, paid_amount DECIMAL(18,2), points_used BIGINT, " +
		"feed VARCHAR, source_file VARCHAR, source_row BIGINT, exported_at TIMESTAMP"; types[0] != want {
		t.Errorf("got  %s\nwant %s", types[0], want)
	}
}

func TestFoldingOverFilesNamesTheNewestFilesFirstLine(t *testing.T) {
	dir := t.TempDir()
	session := open(t, dir)
	older, newer := exports(t, session, dir)
	registry := load(t, strings.NewReplacer("group_by: [order_id]", "group_by: [product_id]", "order_id: order_id\n", "order_id: max(order_id)\n").Replace(shopFeed))
	feed, _ := registry.Feed("shop")
	orders, _ := registry.Dataset("orders")
	got := rows(t, session, `select concat_ws(' ', order_id, source_row, source_file[16:-5])
		from (`+feed.GiveSQL(orders, "("+feed.FeedSQL([]contract.ConformedFile{older, newer})+")")+`) where order_id is not null order by 1`)
	if strings.Join(got, "|") != "C 2 newer" {
		t.Errorf("got %v, want product x of A, B and C at line 2 of the newer file", got)
	}
}

func TestGiveRefusesToRound(t *testing.T) {
	dir := t.TempDir()
	session := open(t, dir)
	older, _ := exports(t, session, dir)
	registry := load(t, strings.Replace(shopFeed, "sum(amount)", "sum(amount) / 3.0::decimal(9,1)", 1))
	feed, _ := registry.Feed("shop")
	orders, _ := registry.Dataset("orders")
	_, err := session.Exec(t.Context(), "create temp table given as "+feed.GiveSQL(orders, "("+feed.FeedSQL([]contract.ConformedFile{older})+")"))
	if err == nil || !strings.Contains(err.Error(), "gives.orders.paid_amount: not exact as money: 0.33") {
		t.Errorf("got %v", err)
	}
}

func TestFeedWithoutFilesHasItsColumns(t *testing.T) {
	session := open(t, t.TempDir())
	registry := load(t, shopFeed)
	feed, _ := registry.Feed("shop")
	orders, _ := registry.Dataset("orders")
	if got := rows(t, session, "select count(*)::varchar from ("+feed.GiveSQL(orders, "("+feed.FeedSQL(nil)+")")+")"); got[0] != "0" {
		t.Errorf("%s rows", got[0])
	}
}

func TestCheckRefusesWhatLooksBeyondTheRow(t *testing.T) {
	cases := map[string]struct{ old, new, want string }{
		"subquery":          {"sum(amount)", "(select 1)", "gives.orders.columns.paid_amount: a subquery is not allowed"},
		"file":              {"sum(amount)", "(select max(content) from read_text('/etc/passwd'))", "a subquery is not allowed"},
		"clock":             {"min(paid_at)", "now()", "gives.orders.columns.paid_at: function now: a table must come out the same"},
		"chance":            {"sum(amount)", "sum(amount) * random()", "function random:"},
		"order of rows":     {"min(paid_at)", "first(paid_at)", "aggregate first: its result depends on the order of rows"},
		"two expressions":   {"sum(amount)", "1) as a, (2", "want one SQL expression"},
		"a statement":       {"sum(amount)", "1); copy t to 'x'; select (1", "want one SQL expression"},
		"a from":            {"sum(amount)", "1) from (select 1", "want one SQL expression"},
		"a comment":         {"sum(amount)", "sum(amount) -- not the end", ""},
		"unknown column":    {"sum(amount)", "sum(amuont)", `feeds/shop.yaml:25:20: gives.orders.columns.paid_amount: Binder Error: Referenced column "amuont" not found in FROM clause; Candidate bindings: "amount"`},
		"not grouped":       {"sum(amount)", "amount", "GROUP BY"},
		"no function":       {"sum(amount)", "summe(amount)", "summe does not exist"},
		"column below":      {"round(quantity * price, 2)", "amount + 1", "columns.amount.value"},
		"window in value":   {"round(quantity * price, 2)", "row_number() over ()", "a window is not allowed here"},
		"the key in value":  {"round(quantity * price, 2)", "length(keyed_hash(status))", "function keyed_hash: use it in gives"},
		"aggregate":         {"round(quantity * price, 2)", "sum(price)", "columns.amount.value"},
		"rows":              {"status is distinct from 'closed'", "sta = 'closed'", `gives.orders.rows`},
		"a number of rows":  {"status is distinct from 'closed'", "amount", `schemas/feeds/shop.yaml:20:11: gives.orders.rows: want a condition, which is true or false`},
		"a count as rows":   {"status is distinct from 'closed'", "quantity", `want a condition`},
		"a text as rows":    {"status is distinct from 'closed'", "status", `want a condition`},
		"a word as rows":    {"status is distinct from 'closed'", "'closed'", `gives.orders.rows: `},
		"a date as rows":    {"status is distinct from 'closed'", "paid_at::date", `gives.orders.rows: `},
		"null as rows":      {"status is distinct from 'closed'", "status = null", ""},
		"the day":           {"min(paid_at)", "current_date", "current_date: a table must come out the same"},
		"the time":          {"min(paid_at)", "CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP: a table must come out the same"},
		"the local time":    {"min(paid_at)", "localtimestamp", "function localtimestamp: it depends on more than the row"},
		"who":               {"sum(amount)", "length(current_user)", "current_user: a table must come out the same"},
		"a number given":    {"sum(amount)", "sum(amount) * getvariable('x')", "getvariable: a feed's rows are the same"},
		"a number computed": {"round(quantity * price, 2)", "random()", "schemas/feeds/shop.yaml:17:40: columns.amount.value: function random"},
		"a column age":      {"- {name: amount, type: money, value: \"round(quantity * price, 2)\"}", "- {name: age, header: [x], type: integer}\n  - {name: amount, type: decimal, scale: 4, value: 'age * price'}", ""},
		"age":               {"sum(amount)", "date_part('year', age(min(paid_at)))", "function age: it depends on more than the row"},
		"a word":            {"min(paid_at)", "at", `want one SQL expression: syntax error at or near ")"`},
		"ordered list":      {"min(paid_at)", "list(paid_at order by source_row)[1]", ""},
	}
	session := open(t, t.TempDir())
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(shopFeed, c.old) {
				t.Fatalf("the contract has no %q to change", c.old)
			}
			registry := load(t, strings.Replace(shopFeed, c.old, strings.ReplaceAll(c.new, `"`, `\"`), 1))
			feed, _ := registry.Feed("shop")
			err := registry.Check(t.Context(), feed, session)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if errors.Is(err, contract.ErrExpressions) != (err != nil) {
				t.Errorf("%v is not told apart from trouble with the machine", err)
			}
		})
	}
}

func TestFingerprintsSeeWhatMatters(t *testing.T) {
	feed := func(old, replacement string) *contract.Contract {
		c, _ := load(t, strings.Replace(shopFeed, old, replacement, 1)).Feed("shop")
		return c
	}
	dataset, _ := load(t, shopFeed).Dataset("orders")
	base := feed("", "")
	cases := map[string]struct {
		old, new    string
		read, gives bool
	}{
		"a type":    {"type: integer", "type: count", true, false},
		"a null":    {"type: integer", "type: integer, nulls: ['-']", true, false},
		"encoding":  {"container: csv", "container: csv\n  encoding: gb18030", true, false},
		"limits":    {"key: [order_id]", "key: [order_id]\nrejects: {max_rows: 3}", true, false},
		"a value":   {"交易成功: completed", "交易成功: paid", true, false},
		"a fold":    {"sum(amount)", "max(amount)", false, true},
		"the key":   {"key: [order_id]\n", "", false, true},
		"channel":   {"channel: shop", "channel: b", false, true},
		"a name":    {"shop_*.csv", "shops_*.csv", false, false},
		"its words": {"about: One row", "about: Some row", false, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			changed := feed(c.old, c.new)
			if got := changed.ReadFingerprint("UTC") != base.ReadFingerprint("UTC"); got != c.read {
				t.Errorf("read fingerprint changed: %v, want %v", got, c.read)
			}
			if got := changed.GivesFingerprint(dataset) != base.GivesFingerprint(dataset); got != c.gives {
				t.Errorf("gives fingerprint changed: %v, want %v", got, c.gives)
			}
		})
	}
	expressions := func(old, replacement string) string {
		registry := load(t, strings.Replace(shopFeed, old, replacement, 1))
		c, _ := registry.Feed("shop")
		return registry.ExpressionsFingerprint(c)
	}
	if expressions("", "") != expressions("about: One row", "about: Some row") || expressions("", "") == expressions("sum(amount)", "max(amount)") {
		t.Error("what is checked has another fingerprint for other words, or the same for other expressions")
	}
	if base.ReadFingerprint("UTC") == base.ReadFingerprint("Asia/Shanghai") {
		t.Error("the brand's zone does not count")
	}
}
