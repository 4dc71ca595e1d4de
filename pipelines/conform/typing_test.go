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
		{"type: count", map[string]string{"1,234": "1234", "3.2万": "32000", "1.5w": "15000", "2亿": "200000000", "1.23456789亿": "123456789", "3k": "3000", "1.2M": "1200000", "2.5K+": "2500", "1.2m": "!", "1.00001万": "!", "万": "!", "12 万": "120000"}},
		{"type: money", map[string]string{
			"1,234.50": "1234.50", "12.50": "12.50", "-0.07": "-0.07", "-0.00": "0.00", "007.5": "7.50", "¥12": "12.00", "￥12": "12.00", "$12": "12.00", "(3.00)": "-3.00", "（3）": "-3.00", "12.5元": "12.50", "-¥1.2": "-1.20", "¥-1.2": "-1.20", ".5": "0.50",
			"1.005": "!", "1.50000": "1.50", "1.9.9": "!", "1e2": "!", "--1": "!", "12,34": "!", "(-3)": "!", "9999999999999999.99": "9999999999999999.99", "99999999999999999": "!",
			"0.30000000000000004": "!", "1_000": "!", ".": "!", "元": "!",
			"€1,234.50": "1234.50", "£0.99": "0.99", "HK$12": "12.00", "US$ 1.20": "1.20", "CNY 3": "3.00", "12.50 USD": "12.50", "-A$5": "-5.00", "($1,234.56)": "-1234.56", "−3.5": "-3.50", "$−3.5": "-3.50", "XYZ 3": "!", "€": "!",
			"¥1.2万": "12000.00", "3.5w": "35000.00", "1.23456万": "12345.60", "1.234567万": "12345.67", "1.2345678万": "!", "-2亿": "-200000000.00", "12.5万元": "125000.00", "(1.5k)": "-1500.00", "1M": "1000000.00", "万": "!", "1.2.3万": "!", "1.2万万": "!",
			"131.77(已退款89.84)": "!", "12.50-": "!", "1 234": "!", "1.234,56": "!", "12,5": "!",
		}},
		{"type: money, unit: fen", map[string]string{"1234": "12.34", "5": "0.05", "-7": "-0.07", "1,234": "12.34", "12.00": "0.12", "12.5": "!"}},
		{"type: decimal, scale: 4", map[string]string{"1.2345": "1.2345", "1.23450": "1.2345", "1.23456": "!", "12": "12.0000", "1,000.5": "1000.5000"}},
		{"type: decimal", map[string]string{"12": "12", "12.0": "12", "12.5": "!"}},
		{"type: percent", map[string]string{"8.75%": "0.0875", "0.0875": "0.0875", "12.3%": "0.123", "-1%": "-0.01", "100 %": "1.0", "8.75％": "0.0875", "x": "!"}},
		{"type: percent, unit: percent", map[string]string{"8.75%": "0.0875", "8.75": "0.0875", "-1": "-0.01", "1,200": "12.0", "100": "1.0", "x": "!"}},
		{"type: boolean", map[string]string{"是": "true", "否": "false", "Y": "true", "n": "false", "YES": "true", "0": "false", "1": "true", "2": "!", "有": "!"}},
		{"type: date", map[string]string{"2026-11-01": "2026-11-01", "2026/11/1": "2026-11-01", "20261101": "2026-11-01", "2026-02-29": "!", "01/11/2026": "!", "2026-11-01 10:00:00": "!"}},
		{"type: date, layouts: ['%Y年%m月%d日']", map[string]string{"2026年11月1日": "2026-11-01", "2026-11-01": "!"}},
		{"type: timestamp", map[string]string{
			"2026-11-01 10:00:00": "2026-11-01 10:00:00", "2026/9/10 8:00:05": "2026-09-10 08:00:05", "2026/9/10 8:00": "!", "2026-11-01": "!", "2026-11-01T10:00:00": "!", "2026-13-01 10:00:00": "!",
			"26-01-01 10:00:00": "!", "26/1/1 10:00:00": "!", "infinity": "!", "-infinity": "!", "epoch": "!", "2026-01-01 24:00:00": "2026-01-02 00:00:00", "1900/1/1 0:00:00": "1900-01-01 00:00:00", "9999/12/31 23:59:59": "9999-12-31 23:59:59",
		}},
		{"type: date, layouts: ['%d/%m/%Y', '%B %d, %Y']", map[string]string{"31/12/2026": "2026-12-31", "31/12/26": "!", "January 5, 2026": "2026-01-05", "epoch": "!"}},
		{"type: timestamp, zone: America/New_York", map[string]string{"2026-04-05 19:50:32": "2026-04-06 07:50:32"}},
		{"type: timestamp, layouts: ['%Y-%m-%d %H:%M:%S %z']", map[string]string{"2026-04-05 19:50:32 +0400": "2026-04-05 23:50:32", "2026-04-05 19:50:32 +0500": "2026-04-05 22:50:32", "2026-04-05 19:50:32": "!", "26-04-05 19:50:32 +0800": "!", "infinity": "!"}},
		{"type: timestamp, layouts: [unix]", map[string]string{"1793491200": "2026-11-01 08:00:00", "1793491200000": "!", "x": "!"}},
		{"type: timestamp, layouts: [unix_ms]", map[string]string{"1793491200123": "2026-11-01 08:00:00.123", "1793491200": "!"}},
		{"type: timestamp, layouts: [unix_us]", map[string]string{"1793491200123456": "2026-11-01 08:00:00.123456", "1793491200123": "!"}},
		{"type: timestamp, layouts: [excel]", map[string]string{"46327.333333333336": "2026-11-01 08:00:00", "46327": "2026-11-01 00:00:00", "61": "1900-03-01 00:00:00", "60": "!", "2958465.5": "9999-12-31 12:00:00", "2958466": "!", "20261101": "!", "2026-11-01": "!"}},
		{"type: date, layouts: [excel, '%Y-%m-%d']", map[string]string{"46327": "2026-11-01", "2026-11-01": "2026-11-01", "46327.9": "2026-11-01"}},
		{"type: timestamp, layouts: ['%Y-%m-%d %H:%M:%S %Z']", map[string]string{"2026-04-05 19:50:32 UTC": "2026-04-06 03:50:32", "2026-04-05 19:50:32": "!"}},
		// Clocks in New York go from 2 to 3 on 8 March 2026, and from 2 back to 1 on 1 November 2026.
		{"type: timestamp, zone: America/New_York", map[string]string{"2026-03-08 01:59:59": "2026-03-08 14:59:59", "2026-03-08 02:00:00": "!", "2026-03-08 02:30:00": "!", "2026-03-08 03:00:00": "2026-03-08 15:00:00", "2026-11-01 00:59:59": "2026-11-01 12:59:59", "2026-11-01 01:30:00": "2026-11-01 14:30:00", "2026-11-01 02:00:00": "2026-11-01 15:00:00"}},
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

// TestDecimalComma: in the notation with a decimal comma, what is right with a point is wrong, and the other way round.
func TestDecimalComma(t *testing.T) {
	cases := map[string]map[string]string{
		"type: money": {
			"1.234,56": "1234.56", "12,50": "12.50", "-0,07": "-0.07", "1.234": "1234.00", "1.234.567,8": "1234567.80", "12": "12.00", ",5": "0.50", "€ 1.234,50": "1234.50", "12,50 EUR": "12.50",
			"(3,00)": "-3.00", "1\u00a0234,50": "1234.50", "1\u202f234\u202f567,89": "1234567.89", "1'234'567.890,00": "1234567890.00", "1\u2019234,50": "1234.50",
			"12.50": "!", "1,234.56": "!", "1.23": "!", "1.2345,6": "!", "1,005": "!", "1,2,3": "!", "1,50000": "1.50", "1 234,5": "!", "12\u00a034": "!", "1,2万": "12000.00",
		},
		"type: integer":           {"1.234": "1234", "12,00": "12", "12,5": "!", "1.23": "!", "-5": "-5", "1234": "1234"},
		"type: decimal, scale: 4": {"1,2345": "1.2345", "1.234": "1234.0000", "1,23456": "!"},
		"type: percent":           {"8,75%": "0.0875", "8,75 %": "0.0875", "0,0875": "0.0875", "8.75%": "!"},
		"type: count":             {"3,2k": "3200", "1.234": "1234"},
		"type: text":              {"1.234,56": "1.234,56"},
	}
	for column, cells := range cases {
		t.Run(column, func(t *testing.T) {
			s := newShop(t, strings.NewReplacer("columns:\n", "rejects: {max_share: 1}\ncolumns:\n", "type: phone, personal: true", column, "container: csv", "container: csv\n  delimiter: ';'\n  decimal: comma").Replace(shopFeed))
			content, lines := "订单号;手机\n", []string{}
			for cell, want := range cells {
				content += want + ";" + cell + "\n"
				if want != "!" {
					lines = append(lines, want)
				}
			}
			got := s.one(content)
			for _, row := range strings.Split(s.rows(got.Parquet, "order_id || ' ' || phone::varchar"), "; ") {
				if want, value, _ := strings.Cut(row, " "); value != want {
					t.Errorf("a cell becomes %s, want %s", value, want)
				}
			}
			if int(got.Accepted) != len(lines) {
				t.Errorf("%d accepted, want %d: %v", got.Accepted, len(lines), got.Reasons)
			}
		})
	}
}

// TestDatesWithoutAYear are the latest ones that are not after the day of the export.
func TestDatesWithoutAYear(t *testing.T) {
	dated := "files:\n  exported_at: {file_name: '(\\d{8})', layout: '20060102'}\n"
	cases := map[string]struct {
		column, file, cell, want string
	}{
		"the same day":          {"type: date, layouts: ['%B %d']", "shop_20260105.csv", "January 5", "2026-01-05"},
		"over New Year":         {"type: date, layouts: ['%B %d']", "shop_20260105.csv", "December 31", "2025-12-31"},
		"the day after":         {"type: date, layouts: ['%B %d']", "shop_20260105.csv", "January 6", "2025-01-06"},
		"a leap day":            {"type: date, layouts: ['%m-%d']", "shop_20240301.csv", "02-29", "2024-02-29"},
		"no leap day":           {"type: date, layouts: ['%m-%d']", "shop_20260301.csv", "02-29", ""},
		"no date":               {"type: date, layouts: ['%B %d']", "shop_20260105.csv", "Smarch 5", ""},
		"with a year after all": {"type: date, layouts: ['%B %d', '%Y-%m-%d']", "shop_20260105.csv", "2024-01-06", "2024-01-06"},
		"a time of that day":    {"type: timestamp, layouts: ['%m-%d %H:%M']", "shop_20260105.csv", "01-05 23:59", "2026-01-05 23:59:00"},
		"from another zone":     {"type: timestamp, layouts: ['%m-%d %H:%M'], zone: UTC", "shop_20260105.csv", "01-05 23:59", "2025-01-06 07:59:00"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, strings.NewReplacer("files:\n", dated, "columns:\n", "rejects: {max_share: 1}\ncolumns:\n", "type: phone, personal: true", c.column+", year: from export").Replace(shopFeed))
			s.land(c.file, []byte("订单号,手机\nA,"+c.cell+"\n"))
			report := s.run()
			want := "A " + c.want
			if c.want == "" {
				want = ""
			}
			if got := s.rows(report.Files[0].Parquet, "order_id || ' ' || phone::varchar"); got != want {
				t.Errorf("got %q, want %q (%v)", got, want, report.Files[0].Reasons)
			}
		})
	}
}

func TestComputedColumnsKnowTheBrandsZone(t *testing.T) {
	s := newShop(t, strings.Replace(shopFeed, "columns:\n", "columns:\n  - {name: wall, header: [时间], type: timestamp}\n  - {name: zone, header: [时区], type: text}\n  - {name: moved, type: timestamp, value: 'timezone(brand_zone, timezone(zone, wall))'}\n", 1))
	got := s.one("订单号,时间,时区\nA,2026-11-01 10:00:00,UTC\nB,2026-11-01 10:00:00,America/New_York\n")
	if rows := s.rows(got.Parquet, "order_id || ' ' || moved::varchar"); rows != "A 2026-11-01 18:00:00; B 2026-11-01 23:00:00" {
		t.Errorf("got %q, %s", rows, got.Quarantine)
	}
}
