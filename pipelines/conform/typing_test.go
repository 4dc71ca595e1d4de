package conform_test

import (
	"strconv"
	"strings"
	"testing"
)

// TestTypes is docs/FEEDS.md's table of types, cell by cell; "!" is a reject.
func TestTypes(t *testing.T) {
	cases := []struct {
		column string
		cells  map[string]string
	}{
		{"type: text", map[string]string{"x y": "x y", "": "null", "\t x": "x", "'x": "x", `"=""a"""`: "a", "NULL": "NULL"}},
		{"type: id", map[string]string{"6917926768823643751": "6917926768823643751", "'007": "007", "6.9E+18": "!", "6.91793E18": "!", "6e+5": "!", "7E5": "7E5", "e6.9E+18": "e6.9E+18", "P1.5": "P1.5"}},
		{"type: integer", map[string]string{
			"5": "5", "-5": "-5", "007": "7", "-0": "0", "+3": "3", "1,234": "1234", "1，234，567": "1234567", "12.00": "12", "12.": "12", "12.5": "!", "1e3": "!", "1_000": "!", "1,23": "!",
			"9223372036854775807": "9223372036854775807", "9223372036854775808": "!", "一": "!", "-": "!",
		}},
		{"type: count", map[string]string{"1,234": "1234", "3.2万": "32000", "1.5w": "15000", "2亿": "200000000", "1.23456789亿": "123456789", "3k": "3000", "1.00001万": "!", "万": "!", "12 万": "120000"}},
		{"type: money", map[string]string{
			"1,234.50": "1234.50", "12.50": "12.50", "-0.07": "-0.07", "-0.00": "0.00", "007.5": "7.50", "¥12": "12.00", "￥12": "12.00", "$12": "12.00", "(3.00)": "-3.00", "（3）": "-3.00", "12.5元": "12.50", "-¥1.2": "-1.20", "¥-1.2": "-1.20", ".5": "0.50",
			"1.005": "!", "1.50000": "1.50", "1.9.9": "!", "1e2": "!", "--1": "!", "12,34": "!", "(-3)": "!", "9999999999999999.99": "9999999999999999.99", "99999999999999999": "!",
			"0.30000000000000004": "!", "1_000": "!", ".": "!", "元": "!",
		}},
		{"type: money, unit: fen", map[string]string{"1234": "12.34", "5": "0.05", "-7": "-0.07", "1,234": "12.34", "12.00": "0.12", "12.5": "!"}},
		{"type: decimal, scale: 4", map[string]string{"1.2345": "1.2345", "1.23450": "1.2345", "1.23456": "!", "12": "12.0000", "1,000.5": "1000.5000"}},
		{"type: decimal", map[string]string{"12": "12", "12.0": "12", "12.5": "!"}},
		{"type: percent", map[string]string{"8.75%": "0.0875", "0.0875": "0.0875", "12.3%": "0.123", "-1%": "-0.01", "100 %": "1.0", "8.75％": "0.0875", "x": "!"}},
		{"type: boolean", map[string]string{"是": "true", "否": "false", "Y": "true", "n": "false", "YES": "true", "0": "false", "1": "true", "2": "!", "有": "!"}},
		{"type: date", map[string]string{"2026-11-01": "2026-11-01", "2026/11/1": "2026-11-01", "20261101": "2026-11-01", "2026-02-29": "!", "01/11/2026": "!", "2026-11-01 10:00:00": "!"}},
		{"type: date, layouts: ['%Y年%m月%d日']", map[string]string{"2026年11月1日": "2026-11-01", "2026-11-01": "!"}},
		{"type: timestamp", map[string]string{
			"2026-11-01 10:00:00": "2026-11-01 10:00:00", "2026/9/10 8:00:05": "2026-09-10 08:00:05", "2026/9/10 8:00": "!", "2026-11-01": "!", "2026-11-01T10:00:00": "!", "2026-13-01 10:00:00": "!",
		}},
		{"type: timestamp, zone: America/New_York", map[string]string{"2026-04-05 19:50:32": "2026-04-06 07:50:32"}},
		{"type: timestamp, layouts: ['%Y-%m-%d %H:%M:%S %z']", map[string]string{"2026-04-05 19:50:32 +0400": "2026-04-05 23:50:32", "2026-04-05 19:50:32 +0500": "2026-04-05 22:50:32", "2026-04-05 19:50:32": "!"}},
		{"type: timestamp, layouts: [unix]", map[string]string{"1793491200": "2026-11-01 08:00:00", "1793491200000": "!", "x": "!"}},
		{"type: timestamp, layouts: [unix_ms]", map[string]string{"1793491200123": "2026-11-01 08:00:00.123", "1793491200": "!"}},
		{"type: enum, values: {交易成功: completed, \"1\": paid}", map[string]string{"交易成功": "completed", "1": "paid", "交易": "!", "": "null"}},
		{"type: enum, values: {交易成功: completed}, other: unknown", map[string]string{"交易成功": "completed", "交易": "unknown", "": "null"}},
		{"type: text, nulls: ['-', '/'], empty: refuse", map[string]string{"-": "!", "/": "!", "": "!", "--": "--"}},
	}
	for _, c := range cases {
		t.Run(c.column, func(t *testing.T) {
			s := newShop(t, strings.NewReplacer("columns:\n", "rejects: {max_share: 1}\ncolumns:\n", "type: phone, personal: true", c.column).Replace(shopFeed))
			content := "订单号,手机\n"
			var lines [][2]string // cell and what it becomes, from line 2 on
			for cell, typed := range c.cells {
				lines = append(lines, [2]string{cell, typed})
				if strings.Contains(cell, ",") {
					cell = `"` + cell + `"`
				}
				content += "A," + cell + "\n"
			}
			got := s.one(content)
			if got.Quarantine != "" {
				t.Fatal(got.Quarantine)
			}
			values := map[string]string{}
			for _, row := range strings.Split(s.rows(got.Parquet, "source_row || ': ' || coalesce(phone::varchar, 'null')"), "; ") {
				number, value, _ := strings.Cut(row, ": ")
				values[number] = value
			}
			for i, line := range lines {
				value, accepted := values[strconv.Itoa(i+2)]
				if !accepted {
					value = "!"
				}
				if value != line[1] {
					t.Errorf("%q becomes %s, want %s", line[0], value, line[1])
				}
			}
		})
	}
}
