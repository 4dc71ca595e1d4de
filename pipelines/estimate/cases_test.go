package estimate_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/estimate"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// tables are what the step reads, with the columns that it reads of them.
var tables = map[string]string{
	"core.point_sales":               "channel varchar, account_id varchar, order_id varchar",
	"identity.account_customers":     "channel varchar, account_id varchar, customer_id varchar",
	"mart.customer_pyramid":          "customer_id varchar, tier varchar",
	"core.point_rules":               "currency varchar default 'points', holds_from date, expected_redemption_rate decimal(9, 6)",
	"seed.point_estimate_exclusions": "issue_month date, redemption_month date",
	"ledger.entries":                 "channel varchar, account_id varchar, entry_no bigint, kind varchar",
	"ledger.lots":                    "channel varchar, account_id varchar, lot_id varchar, issued_on date, expires_on date, points_issued bigint, points_remaining bigint, order_id varchar, currency varchar default 'points', origin_account_id varchar, origin_lot_id varchar",
	"ledger.consumption":             "channel varchar, account_id varchar, entry_no bigint, lot_id varchar, kind varchar, points bigint, occurred_on date",
}

// brand is a session with the tables of a brand, for the step to run in.
type brand struct {
	*testing.T
	session  *warehouse.Session
	dir      string
	settings map[string]any
}

func newBrand(t *testing.T, parameters map[string]any) brand {
	t.Helper()
	settings := map[string]any{"redemption_rate_floor": 0.05, "redemption_rate_cap": 0.98, "redemption_method": "additive", "segment_months": 12, "segment_rate_error": 0.03}
	for name, value := range parameters {
		settings[name] = value
	}
	dir := t.TempDir()
	session, err := warehouse.Open(t.Context(), warehouse.Options{Threads: 1, AllowedDirs: []string{dir}, Variables: settings})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	b := brand{t, session, dir, settings}
	for _, schema := range []string{"core", "identity", "mart", "seed", "ledger", "estimate", "dataset"} {
		b.exec("create schema if not exists " + schema)
	}
	for table, columns := range tables {
		b.exec("create table " + table + " (" + columns + ")")
	}
	return b
}

func (b brand) exec(statement string) {
	b.Helper()
	if _, err := b.session.Exec(b.Context(), statement); err != nil {
		b.Fatalf("%s: %v", statement, err)
	}
}

// give fills a table from CSV.
func (b brand) give(table, text string) {
	b.Helper()
	path := filepath.Join(b.dir, table+".csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	b.exec(fmt.Sprintf("insert into %s by name select * from read_csv('%s', all_varchar = true, header = true)", table, path))
}

func (b brand) run() error {
	err := estimate.Run(b.Context(), b.session, func(table string, schema *arrow.Schema) *warehouse.BatchWriter {
		return b.session.LoadTable(b.Context(), schema, table)
	})
	return err
}

// rows of a query, cells joined by |.
func (b brand) rows(query string) []string {
	b.Helper()
	found, err := b.session.Query(b.Context(), "select concat_ws('|', *columns(*)) from (select coalesce(columns(*)::varchar, '-') from ("+query+"))")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = found.Close() }()
	var lines []string
	for found.Next() {
		var line string
		if err := found.Scan(&line); err != nil {
			b.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := found.Err(); err != nil {
		b.Fatal(err)
	}
	return lines
}

// TestCases runs the cases that an accountant can recompute.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			runCase(t, archive)
		})
	}
}

func runCase(t *testing.T, archive *txtar.Archive) {
	t.Helper()
	var b brand
	query := ""
	for _, file := range archive.Files {
		text := strings.TrimSpace(string(file.Data))
		kind, table, _ := strings.Cut(strings.TrimSuffix(file.Name, ".csv"), "/")
		switch kind {
		case "parameters":
			b = newBrand(t, parametersOf(t, text))
		case "given":
			b.give(table, text)
		case "want":
			query = text
			if len(b.rows("select 1 from information_schema.tables where table_schema = 'estimate'")) == 0 {
				if err := b.run(); err != nil {
					t.Fatal(err)
				}
			}
		case "rows":
			if difference := cmp.Diff(strings.Split(text, "\n"), b.rows(query)); difference != "" {
				t.Errorf("%s: wanted (-), got (+):\n%s", table, difference)
			}
		default:
			t.Fatalf("file %q of the case has no meaning", file.Name)
		}
	}
}

func parametersOf(t *testing.T, text string) map[string]any {
	t.Helper()
	parameters := map[string]any{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if name != "as_of" {
			parameters[name] = value
			continue
		}
		asOf, err := time.Parse(time.DateOnly, value)
		if err != nil {
			t.Fatal(err)
		}
		parameters[name] = asOf
	}
	return parameters
}
