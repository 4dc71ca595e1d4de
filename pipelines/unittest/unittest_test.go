package unittest_test

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"countinghouse/internal/model"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/unittest"
)

// The shop of these tests: two models, a seed, and what they read.
const (
	spend = `/* ---
about: What a customer spent.
grain: [customer_id]
columns:
  customer_id: {about: Customer}
  orders: {about: Orders}
  spent: {about: Paid, unit: CNY}
  mean: {about: Mean order}
  note: {about: Last note}
audits:
  spent_is_positive: "spent < 0"
  known: "select s.customer_id from mart.spend as s anti join core.customers as c on c.customer_id = s.customer_id"
--- */
with
orders as (select * from core.orders where paid_on <= getvariable('as_of')),

buyers as (select customer_id, count(*) as orders, sum(amount) as spent, max(note) as note from orders group by customer_id),

final as (
    select
        customer_id,
        orders,
        cast(spent as decimal(18,2)) as spent,
        cast(spent as double) / orders as mean,
        note,
    from buyers
)

select * from final
`
	top = `/* ---
about: The customers above a limit.
grain: [customer_id]
columns:
  customer_id: {about: Customer}
  grade: {about: Grade}
--- */
select s.customer_id, l.grade
from mart.spend as s
inner join seed.limits as l on s.spent >= l.least * getvariable('factor')
`
	// pairs has in its first step what DuckDB writes down in a way that means something else: a join after a cross join.
	pairs = `/* ---
about: Each customer with each grade, and the orders of both.
grain: [customer_id, grade]
columns:
  customer_id: {about: Customer}
  grade: {about: Grade}
--- */
with
pairs as (
    select customers.customer_id, limits.grade, orders.amount
    from core.customers as customers
    cross join seed.limits as limits
    left join core.orders as orders on orders.customer_id = customers.customer_id and orders.amount >= limits.least
),

"odd name" as (select customer_id, grade from pairs where amount is not null)

select customer_id, grade from "odd name"
union
select customer_id, null as grade from (with inside as (select * from core.customers) select customer_id from inside) where customer_id = 'Z'
`
)

// tables are as an empty project has them; the seed has its row.
var tables = []string{
	"create schema core", "create schema mart", "create schema seed",
	"create table core.orders (order_id varchar, customer_id varchar, amount decimal(18,2), paid_on date, note varchar, pieces integer)",
	"create table core.customers (customer_id varchar)",
	"create table seed.limits as select cast(100 as decimal(18,2)) as least, 'high' as grade",
	"create table mart.spend (customer_id varchar, orders bigint, spent decimal(18,2), mean double, note varchar)",
	"create table mart.top (customer_id varchar, grade varchar)",
	"create table mart.pairs (customer_id varchar, grade varchar)",
}

// catalogue is bound once for all tests.
var catalogue = sync.OnceValues(func() (unittest.Catalogue, error) {
	ctx := context.Background()
	session, err := warehouse.Open(ctx, warehouse.Options{Threads: 1})
	if err != nil {
		return unittest.Catalogue{}, err
	}
	defer func() { _ = session.Close() }()
	for _, statement := range tables {
		if _, err := session.Exec(ctx, statement); err != nil {
			return unittest.Catalogue{}, err
		}
	}
	library, err := model.Load(func(text string) ([]byte, error) { return session.Serialize(ctx, text) }, model.Source{Label: "sql", Files: fstest.MapFS{
		"parameters.yaml": {Data: []byte("as_of: {type: date}\nfactor: {type: integer, default: 1}\n")},
		"mart/spend.sql":  {Data: []byte(spend)}, "mart/top.sql": {Data: []byte(top)}, "mart/pairs.sql": {Data: []byte(pairs)},
	}})
	if err != nil {
		return unittest.Catalogue{}, err
	}
	found := unittest.Catalogue{Models: map[string]*model.Model{}, Columns: map[string][]warehouse.Column{}, Parameters: library.Parameters}
	for _, made := range library.Models {
		found.Models[made.Name] = made
	}
	for _, table := range []string{"core.orders", "core.customers", "seed.limits", "mart.spend", "mart.top", "mart.pairs"} {
		if found.Columns[table], err = session.Columns(ctx, table); err != nil {
			return unittest.Catalogue{}, err
		}
	}
	return found.WithSeeds(ctx, session)
})

func suites(t *testing.T, cases []*unittest.Case) []unittest.Suite {
	t.Helper()
	bound, err := catalogue()
	if err != nil {
		t.Fatal(err)
	}
	return []unittest.Suite{{Cases: cases, Catalogue: bound}}
}

func read(t *testing.T, source unittest.Source) []*unittest.Case {
	t.Helper()
	cases, err := unittest.Read(source)
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

func run(t *testing.T, cases []*unittest.Case, update bool) []unittest.Outcome {
	t.Helper()
	outcomes, err := unittest.Run(t.Context(), suites(t, cases), unittest.Options{Workers: 2, Update: update, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return outcomes
}

// runTexts runs cases together and gives their outcomes by name.
func runTexts[T any](t *testing.T, cases map[string]T, text func(T) string) map[string]unittest.Outcome {
	t.Helper()
	names, files := slices.Sorted(maps.Keys(cases)), fstest.MapFS{}
	for i, name := range names {
		files[fmt.Sprintf("mart/testdata/case%03d.txtar", i)] = &fstest.MapFile{Data: []byte(text(cases[name]))}
	}
	outcomes := map[string]unittest.Outcome{}
	for i, outcome := range run(t, read(t, unittest.Source{Files: files, Label: "sql"}), false) {
		outcomes[names[i]] = outcome
	}
	return outcomes
}

const given = `Two orders of A, one of B after the day.
-- parameters --
as_of: 2026-10-31
-- given/core.orders.csv --
customer_id,amount,paid_on,note
A,100.00,2026-10-01,
A,50.50,2026-10-31,""
B,70,2026-11-01,late
`

// refusal is a case and a part of what is said of it.
type refusal struct{ text, want string }

func TestPasses(t *testing.T) {
	cases := map[string]string{
		"whole rows":              "-- want/mart.spend.csv --\ncustomer_id,orders,spent,mean,note\nA,2,150.50,75.25,\"\"\n",
		"some columns":            "-- want/mart.spend.csv --\nspent,customer_id\n150.50,A\n",
		"by value":                "-- want/mart.spend.csv --\ncustomer_id,spent,mean\nA,150.5,75.250\n",
		"a named CTE":             "-- want/mart.spend.orders.csv --\ncustomer_id,paid_on,order_id\nA,2026-10-31,\nA,2026-10-01,\n",
		"a CTE of a CTE":          "-- want/mart.spend.buyers.csv --\ncustomer_id,orders\nA,2\n",
		"a model over a model":    "-- want/mart.top.csv --\ncustomer_id,grade\nA,high\n-- want/mart.spend.csv --\ncustomer_id\nA\n",
		"both, with CTE":          "-- want/mart.spend.csv --\ncustomer_id\nA\n-- want/mart.spend.final.csv --\ncustomer_id,spent\nA,150.50\n",
		"a CTE with a cross join": "-- given/core.customers.csv --\ncustomer_id\nA\nC\n-- want/mart.pairs.pairs.csv --\ncustomer_id,grade,amount\nA,high,100\nC,high,\n",
		"a CTE of a union":        "-- given/core.customers.csv --\ncustomer_id\nA\nC\n-- want/mart.pairs.odd name.csv --\ncustomer_id,grade\nA,high\n",
		"lines ended as Windows":  "-- want/mart.spend.csv --\r\ncustomer_id,spent\r\nA,150.5\r\n",
		"names in capitals":       "-- want/mart.spend.csv --\nCustomer_ID, Spent\nA,150.5\n",
	}
	for name, outcome := range runTexts(t, cases, func(want string) string { return given + want }) {
		if !outcome.Passed() {
			t.Errorf("%s: %s", name, outcome)
		}
	}
}

func TestFails(t *testing.T) {
	cases := map[string]refusal{
		"another value":          {given + "-- want/mart.spend.csv --\ncustomer_id,spent\nA,150.51\n", "-  A            150.51\n+  A            150.50"},
		"a row missing":          {given + "-- want/mart.spend.csv --\ncustomer_id\nA\nB\n", "1 missing (-), 0 not wanted (+)\n   customer_id\n-  B"},
		"a row too many":         {given + "-- want/mart.spend.csv --\ncustomer_id\n", "0 missing (-), 1 not wanted (+)\n   customer_id\n+  A"},
		"a row wanted twice":     {given + "-- want/mart.spend.csv --\ncustomer_id\nA\nA\n", "1 missing"},
		"null is no empty text":  {given + "-- want/mart.spend.csv --\ncustomer_id,note\nA,\n", "-  A\n+  A            \"\""},
		"rows of a CTE":          {given + "-- want/mart.spend.orders.csv --\ncustomer_id\nA\n", "mart.spend.orders: 0 missing (-), 1 not wanted"},
		"an audit":               {strings.ReplaceAll(given, "A,100", "A,-100") + "-- want/mart.spend.csv --\ncustomer_id,spent\nA,-49.5\n", "mart.spend: audit spent_is_positive: 1 bad rows"},
		"an audit of the grain":  {"-- given/mart.spend.csv --\ncustomer_id,spent\nA,100\nA,100\n-- want/mart.top.csv --\ncustomer_id\nA\nA\n", "mart.top: audit grain: 1 bad rows"},
		"an audit of rows given": {given + "-- given/core.customers.csv --\ncustomer_id\nB\n-- want/mart.spend.csv --\ncustomer_id\nA\n", "audit known: 1 bad rows"},
	}
	for name, outcome := range runTexts(t, cases, func(c refusal) string { return c.text }) {
		if outcome.Passed() || !strings.Contains(outcome.String(), cases[name].want) {
			t.Errorf("%s: passed: %v\n%s\nwant …%s…", name, outcome.Passed(), outcome, cases[name].want)
		}
	}
}

// TestMistakes: each is told with the line in the file.
func TestMistakes(t *testing.T) {
	const wanted = "-- want/mart.spend.csv --\ncustomer_id\nA\n"
	cases := map[string]refusal{
		"nothing wanted":          {given, ":1: the case wants nothing"},
		"an unknown part":         {given + "-- wants/mart.spend.csv --\n", `:9: "wants/mart.spend.csv" is no part of a case`},
		"a table without schema":  {given + "-- want/spend.csv --\na\n", `:9: "want/spend.csv": want a table's name`},
		"a part twice":            {given + wanted + wanted, ":12: want/mart.spend.csv is there twice"},
		"an unknown model":        {given + "-- want/mart.spent.csv --\na\n", `:9: there is no model mart.spent; did you mean "mart.spend"?`},
		"a table as model":        {given + "-- want/core.customers.csv --\na\n", ":9: core.customers is not made by SQL"},
		"an unknown table":        {given + wanted + "-- given/core.custmers.csv --\na\n", `:12: there is no table core.custmers; did you mean "core.customers"?`},
		"a table not read":        {given + wanted + "-- given/seed.limits.csv --\nleast\n", ":12: seed.limits is given, and mart.spend does not read it; it reads core.customers, core.orders"},
		"given and wanted":        {given + wanted + "-- want/mart.top.csv --\ngrade\n-- given/mart.spend.csv --\nspent\n", ":14: mart.spend is given and wanted"},
		"an unknown given column": {strings.Replace(given, "note", "notes", 1) + wanted, `:5: core.orders has no column notes; did you mean "note"?`},
		"an unknown want column":  {given + "-- want/mart.spend.csv --\ncustomer_id,spend\n", `:10: mart.spend has no column spend; did you mean "spent"?`},
		"a column twice":          {given + "-- want/mart.spend.csv --\nspent,spent\n", `:10: column "spent" is there twice`},
		"a column without a name": {given + "-- want/mart.spend.csv --\nspent,\n", ":10: column 2 has no name"},
		"no header":               {given + "-- want/mart.spend.csv --\n", ":9: a table needs at least its header line"},
		"a cell too many":         {given + "-- want/mart.spend.csv --\nspent\n1\n\n1,2\n", ":13: the row has not as many cells as the header"},
		"a broken quote":          {given + "-- want/mart.spend.csv --\nspent\n1\n\"2\n", ":12:"},
		"no number given":         {strings.Replace(given, "100.00", "much", 1) + wanted, `:6: column amount: "much" is no DECIMAL(18,2)`},
		"no number wanted":        {given + "-- want/mart.spend.csv --\nspent\n150.50\nlots\n", `:12: column spent: "lots" is no DECIMAL(18,2)`},
		"too many decimals":       {given + "-- want/mart.spend.csv --\nspent\n150.504\n", ":11: column spent: 150.504 has more decimals than its type, DECIMAL(18,2)"},
		"a part of a piece":       {given + "-- want/mart.spend.orders.csv --\npieces\n1.5\n", ":11: column pieces: 1.5 has more decimals than its type, INTEGER"},
		"no day":                  {strings.Replace(given, "2026-11-01", "2026-11-01 10:00:00", 1) + wanted, `:8: column paid_on: "2026-11-01 10:00:00" is no DATE`},
		"no floating point":       {given + "-- want/mart.spend.csv --\nmean\n1\nmean\n", `:12: column mean: "mean" is no DOUBLE`},
		"an unknown parameter":    {strings.Replace(given, "as_of:", "asof:", 1) + wanted, `:3: parameter asof is not declared; did you mean "as_of"?`},
		"a parameter's type":      {strings.Replace(given, "2026-10-31\n", "today\n", 1) + wanted, ":3: parameter as_of: "},
		"no as_of":                {strings.Replace(given, "as_of: 2026-10-31\n", "", 1) + wanted, ":1: mart.spend reads as_of: set it"},
		"parameters as a list":    {strings.Replace(given, "as_of: 2026-10-31", "- as_of", 1) + wanted, ":2: parameters: "},
		"an unknown CTE":          {given + "-- want/mart.spend.buyer.csv --\na\n", `:9: mart.spend: it has no CTE buyer; did you mean "buyers"?; it has orders, buyers, final`},
		"a CTE inside another":    {given + "-- want/mart.pairs.inside.csv --\na\n", ":9: mart.pairs: it has no CTE inside; it has pairs, odd name"},
		"no CTE at all":           {given[:strings.Index(given, "-- given")] + "-- want/mart.top.final.csv --\na\n", ":4: mart.top: it has no CTE final, nor any other"},
	}
	for name, outcome := range runTexts(t, cases, func(c refusal) string { return c.text }) {
		if want := outcome.File + cases[name].want; outcome.Passed() || !strings.Contains(outcome.String(), want) {
			t.Errorf("%s: passed: %v\n%s\nwant …%s…", name, outcome.Passed(), outcome, want)
		}
	}
}

// TestCasesDoNotTouchOneAnother runs many in few sessions: each has other rows, another day and another factor.
func TestCasesDoNotTouchOneAnother(t *testing.T) {
	files := fstest.MapFS{}
	for name, text := range map[string]string{
		"a": "-- parameters --\nas_of: 2026-10-31\n-- given/mart.spend.csv --\ncustomer_id,spent\nA,100\nB,99.99\n-- want/mart.top.csv --\ncustomer_id,grade\nA,high\n",
		"b": "-- parameters --\nfactor: 2\n-- given/mart.spend.csv --\ncustomer_id,spent\nA,100\nB,200\n-- want/mart.top.csv --\ncustomer_id,grade\nB,high\n",
		"c": "-- given/seed.limits.csv --\nleast,grade\n10,low\n-- given/mart.spend.csv --\ncustomer_id,spent\nA,10\n-- want/mart.top.csv --\ncustomer_id,grade\nA,low\n",
		"d": "-- want/mart.top.csv --\ncustomer_id,grade\n",
		"e": given + "-- want/mart.spend.csv --\ncustomer_id,spent\nA,150.50\n",
	} {
		for _, number := range []string{"1", "2", "3"} {
			files["mart/testdata/top__"+name+number+".txtar"] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	outcomes := run(t, read(t, unittest.Source{Files: files}), false)
	for _, outcome := range outcomes {
		if !outcome.Passed() {
			t.Errorf("%s", outcome)
		}
	}
	if len(outcomes) != 15 || outcomes[0].Case != "top__a1" || !slices.Equal(outcomes[0].Models, []string{"mart.top"}) {
		t.Errorf("%d outcomes, the first %+v", len(outcomes), outcomes[0])
	}
}

func TestUpdate(t *testing.T) {
	const before = given + "-- want/mart.spend.csv --\nspent,customer_id\n150.51,A\n9.00,B\n-- want/mart.spend.orders.csv --\nnote,customer_id,amount\n\"\",A,50.5\n,A,100\n"
	const after = given + "-- want/mart.spend.csv --\nspent,customer_id\n150.50,A\n-- want/mart.spend.orders.csv --\nnote,customer_id,amount\n\"\",A,50.5\n,A,100\n"
	dir := t.TempDir()
	file := filepath.Join(dir, "mart", "testdata", "spend__case.txtar")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	source := unittest.Source{Files: os.DirFS(dir), Dir: dir}
	outcome := run(t, read(t, source), true)[0]
	if !outcome.Passed() || !outcome.Updated || !strings.Contains(outcome.String(), "1 missing") && !strings.Contains(outcome.String(), "2 missing") {
		t.Errorf("%+v", outcome)
	}
	text, err := os.ReadFile(file)
	if err != nil || string(text) != after {
		t.Errorf("%v\n%s", err, text)
	}
	if again := run(t, read(t, source), true)[0]; again.Updated || !again.Passed() {
		t.Errorf("again: %+v", again)
	}
}

// TestUpdateLeaves what it may not or cannot rewrite.
func TestUpdateLeaves(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"a failed audit": {strings.ReplaceAll(given, "A,100", "A,-100") + "-- want/mart.spend.csv --\ncustomer_id,spent\n", "spent_is_positive"},
		"a mistake":      {given + "-- want/mart.spend.csv --\ncustomer_id,spend\n", "no column spend"},
		"a lone null":    {given + "-- want/mart.spend.orders.csv --\nnote\n", "a null alone in its row"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.MkdirAll(filepath.Join(dir, "mart", "testdata"), 0o700); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, "mart", "testdata", "spend__case.txtar")
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			outcome := run(t, read(t, unittest.Source{Files: os.DirFS(dir), Dir: dir}), true)[0]
			if outcome.Passed() || outcome.Updated || !strings.Contains(outcome.String(), c.want) {
				t.Errorf("%+v", outcome)
			}
			if text, err := os.ReadFile(file); err != nil || string(text) != c.text {
				t.Errorf("%v\n%s", err, text)
			}
		})
	}
	files := fstest.MapFS{"mart/testdata/spend__case.txtar": {Data: []byte(given + "-- want/mart.spend.csv --\ncustomer_id\nB\n")}}
	if outcome := run(t, read(t, unittest.Source{Files: files}), true)[0]; outcome.Passed() || outcome.Updated {
		t.Errorf("a case without a place on disk: %+v", outcome)
	}
}

func TestCoveredAndOverlay(t *testing.T) {
	of := func(pairs ...string) []*unittest.Case {
		files := fstest.MapFS{}
		for i := 0; i < len(pairs); i += 2 {
			files[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
		}
		return read(t, unittest.Source{Files: fs.FS(files), Label: "x"})
	}
	builtin := of("mart/testdata/a.txtar", "-- want/mart.a.csv --\nx\n", "mart/testdata/b.txtar", "-- want/mart.b.csv --\nx\n", "mart/a.txtar", "-- want/mart.e.csv --\nx\n")
	own := of("mart/testdata/a.txtar", "-- want/mart.c.step.csv --\nx\n", "mart/testdata/d.txtar", "-- want/mart.d.csv --\nx,x\n")
	left := unittest.Overlay(builtin, own)
	if len(left) != 1 || left[0].Name() != "b" || left[0].File != "x/mart/testdata/b.txtar" {
		t.Errorf("left are %+v", left)
	}
	covered := unittest.Covered(slices.Concat(left, own))
	if len(covered) != 1 || !covered["mart.b"] {
		t.Errorf("covered are %v", covered)
	}
}

func TestCancelled(t *testing.T) {
	cases := read(t, unittest.Source{Files: fstest.MapFS{"mart/testdata/a.txtar": {Data: []byte(given)}}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := unittest.Run(ctx, suites(t, cases), unittest.Options{Workers: 3, Now: time.Now}); err == nil {
		t.Error("a run that was stopped says nothing")
	}
}
