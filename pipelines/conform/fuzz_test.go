package conform

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"countinghouse/internal/contract"
	"countinghouse/internal/warehouse"
)

// FuzzAmounts holds what DuckDB makes of a cell against exact arithmetic: an amount that is taken is the one that its digits, its sign, its
// brackets and its unit say; no cell makes the statement fail.
func FuzzAmounts(f *testing.F) {
	for _, cell := range []string{"1,234.50", "¥-1.2", "(3)", "−3.5万", "US$ 1.23456w元", "1.2M", ".5", "12.5元", "1e5", "9999999999999999.99", "0.30000000000000004", "２", "1.2亿 CNY", "1\u00a0000", "+-1"} {
		f.Add(cell)
	}
	dir := f.TempDir()
	session, err := warehouse.Open(f.Context(), warehouse.Options{Threads: 1, AllowedDirs: []string{dir}, ScratchDir: filepath.Join(dir, "scratch")})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = session.Close() })
	in := setting{container: contract.CSV, zone: "Asia/Shanghai", exported: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)}
	var typed []string
	for _, column := range fuzzedColumns() {
		typed = append(typed, fmt.Sprintf("cast(cast(%s as %s) as VARCHAR)", newTyping(column, "cell", in).typed, column.SQLType()))
	}
	query := "select " + strings.Join(typed, ", ") + " from (select nullif(cast(? as VARCHAR), '') as cell)"
	f.Fuzz(func(t *testing.T, cell string) {
		if !utf8.ValidString(cell) || strings.ContainsRune(cell, 0) {
			return // the reader lets no such cell through
		}
		values := make([]*string, len(typed))
		targets := make([]any, len(values))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := session.QueryRow(t.Context(), query, cell).Scan(targets...); err != nil {
			t.Fatalf("%q: %v", cell, err)
		}
		for i, column := range fuzzedColumns()[:4] {
			if values[i] != nil && !sameAmount(t, cell, *values[i]) {
				t.Errorf("%q becomes %s as %s", cell, *values[i], column.Type)
			}
		}
	})
}

// TestAmountsPutTogether takes thousands of cells from the parts that amounts have, most of them in no sound order.
func TestAmountsPutTogether(t *testing.T) {
	parts := []string{"1", "12", "007", "1,234", "1,23", ".5", ".50", ".", "0.1234567", "9999999999999999", "-", "−", "+", "(", ")", "（", "）", " ", "¥", "$", "HK$", "€", "CNY", "元", "万", "w", "k", "K", "M", "亿", "千", "%", "e5", "_", "一"}
	random := rand.New(rand.NewPCG(1, 2))
	cells := make([]string, 20_000)
	for i := range cells {
		for range 1 + random.IntN(5) {
			cells[i] += parts[random.IntN(len(parts))]
		}
	}
	dir := t.TempDir()
	session, err := warehouse.Open(t.Context(), warehouse.Options{Threads: 1, AllowedDirs: []string{dir}, ScratchDir: filepath.Join(dir, "scratch")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	for _, column := range fuzzedColumns()[:4] {
		typed := newTyping(column, "cell", setting{zone: "UTC"}).typed
		rows, err := session.Query(t.Context(), fmt.Sprintf("select cell, cast(cast(%s as %s) as VARCHAR) from (select unnest(string_split(cast(? as VARCHAR), '|')) as cell)", typed, column.SQLType()), strings.Join(cells, "|"))
		if err != nil {
			t.Fatal(err)
		}
		read, taken := 0, 0
		for ; rows.Next(); read++ {
			var cell string
			var value *string
			if err := rows.Scan(&cell, &value); err != nil {
				t.Fatal(err)
			}
			if value == nil {
				continue
			}
			if taken++; !sameAmount(t, cell, *value) {
				t.Errorf("%q becomes %s as %s", cell, *value, column.Type)
			}
		}
		if err := rows.Close(); err != nil || read != len(cells) || taken < 500 {
			t.Errorf("%s: %d cells, of which %d are amounts (%v)", column.Type, read, taken, err)
		}
	}
}

// fuzzedColumns are first four that give an amount, and then one of every other kind.
func fuzzedColumns() []contract.Column {
	return []contract.Column{
		{Type: contract.Money},
		{Type: contract.Decimal, Scale: 4},
		{Type: contract.Integer},
		{Type: contract.Count},
		{Type: contract.Percent, Unit: contract.PercentUnit},
		{Type: contract.Boolean},
		{Type: contract.Date},
		{Type: contract.ID},
		{Type: contract.Timestamp, Zone: "America/New_York", Layouts: []string{"%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M", "unix", "unix_ms", "unix_us", "excel", "%Y-%m-%d %H:%M:%S %z"}},
		{Type: contract.Date, Layouts: []string{"%B %d", "%m-%d"}, Year: contract.YearFromExport},
		{Type: contract.Money, Unit: "fen"},
	}
}

// sameAmount reads the cell by what a person would look at: its digits and point, a minus or a bracket, and the unit.
func sameAmount(t *testing.T, cell, got string) bool {
	t.Helper()
	number := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '.' {
			return r
		}
		return -1
	}, cell)
	want, ok := new(big.Rat).SetString(strings.TrimSuffix(number, "."))
	value, valid := new(big.Rat).SetString(got)
	if !ok || !valid {
		return false
	}
	unit := strings.NewReplacer("RMB", "", "MOP", "", "HKD", "", "TWD", "", "HK$", "", "NT$", "").Replace(cell)
	for sign, factor := range map[string]int64{"千": 1e3, "k": 1e3, "K": 1e3, "万": 1e4, "w": 1e4, "W": 1e4, "M": 1e6, "亿": 1e8} {
		if strings.Contains(unit, sign) {
			want.Mul(want, new(big.Rat).SetInt64(factor))
		}
	}
	if strings.ContainsAny(cell, "-−(（") {
		want.Neg(want)
	}
	return want.Cmp(value) == 0
}
