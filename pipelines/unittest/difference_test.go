package unittest

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func cell(text string) *string { return &text }

func rowsOf(lines ...string) [][]*string {
	rows := make([][]*string, len(lines))
	for i, line := range lines {
		for _, text := range strings.Split(line, ",") {
			rows[i] = append(rows[i], cell(text))
		}
	}
	return rows
}

func TestDifferenceString(t *testing.T) {
	for name, c := range map[string]struct {
		difference Difference
		want       string
	}{
		"pairs by key, other columns left out": {
			Difference{Table: "mart.a", Columns: []string{"id", "name", "amount"}, Key: []string{"id"}, Missing: rowsOf("1,甲,1.00", "2,乙,2.00"), Surplus: rowsOf("1,甲,1.50", "2,乙,12.00")},
			"mart.a: 2 missing (-), 2 not wanted (+)\n   id  amount\n-  1   1.00\n+  1   1.50\n-  2   2.00\n+  2   12.00\n",
		},
		"a row without its counterpart shows all": {
			Difference{Table: "mart.a", Columns: []string{"id", "name", "amount"}, Key: []string{"id"}, Missing: rowsOf("1,甲乙,1.00"), Surplus: rowsOf("2,c,1.00")},
			"mart.a: 1 missing (-), 1 not wanted (+)\n   id  name  amount\n-  1   甲乙  1.00\n+  2   c     1.00\n",
		},
		"no key: by the whole row": {
			Difference{Table: "mart.a", Columns: []string{"a", "b"}, Missing: rowsOf("2,x"), Surplus: rowsOf("1,x", "3,x")},
			"mart.a: 1 missing (-), 2 not wanted (+)\n   a  b\n+  1  x\n-  2  x\n+  3  x\n",
		},
		"null and the empty text": {
			Difference{Table: "mart.a", Columns: []string{"a", "b"}, Missing: [][]*string{{nil, cell("1")}}, Surplus: [][]*string{{cell(""), cell("1")}}},
			"mart.a: 1 missing (-), 1 not wanted (+)\n   a   b\n+  \"\"  1\n-      1\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.difference.String(); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
	many := Difference{Table: "mart.a", Columns: []string{"a"}}
	for range 50 {
		many.Surplus = append(many.Surplus, []*string{cell("1")})
	}
	if text := many.String(); strings.Count(text, "\n") != 23 || !strings.HasSuffix(text, "and 30 more\n") {
		t.Errorf("%s", text)
	}
}

// TestDifferenceIsOfMultisets: what is missing added to what came is what was wanted added to what is surplus, and no row is both.
func TestDifferenceIsOfMultisets(t *testing.T) {
	lists := rapid.Map(rapid.SliceOf(rapid.SampledFrom([]string{"", "a", "b", "c", `"`, ","})), func(texts []string) []string {
		slices.Sort(texts)
		return texts
	})
	rapid.Check(t, func(t *rapid.T) {
		wanted, got := lists.Draw(t, "wanted"), lists.Draw(t, "got")
		missing, surplus := difference(ones(wanted), ones(got))
		if left, right := texts(ones(got), missing), texts(ones(wanted), surplus); !slices.Equal(left, right) {
			t.Fatalf("got + missing %q, wanted + surplus %q", left, right)
		}
		for _, row := range texts(missing) {
			if slices.Contains(texts(surplus), row) {
				t.Fatalf("%q is missing and surplus", row)
			}
		}
	})
}

// ones makes rows of one cell, in the order that rows are read in.
func ones(texts []string) [][]*string {
	rows := make([][]*string, len(texts))
	for i, text := range texts {
		rows[i] = []*string{cell(text)}
	}
	slices.SortFunc(rows, func(a, b []*string) int { return strings.Compare(csvLine(a), csvLine(b)) })
	return rows
}

func texts(lists ...[][]*string) []string {
	var all []string
	for _, rows := range lists {
		for _, row := range rows {
			all = append(all, *row[0])
		}
	}
	slices.Sort(all)
	return all
}

// TestCSVRoundTrip: what is written is read again as the same cells, nulls and empty texts included.
func TestCSVRoundTrip(t *testing.T) {
	cells := rapid.Ptr(rapid.StringMatching(`[a"', 山\n]{0,4}`), true)
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(2, 4).Draw(t, "width")
		rows := rapid.SliceOf(rapid.SliceOfN(cells, width, width)).Draw(t, "rows")
		text := strings.Join([]string{"a", "b", "c", "d"}[:width], ",") + "\n"
		for _, row := range rows {
			text += csvLine(row) + "\n"
		}
		part, err := readTable([]byte(text), 0)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if len(part.rows) != len(rows) {
			t.Fatalf("%d rows read, %d written\n%s", len(part.rows), len(rows), text)
		}
		for i, row := range part.rows {
			for j, read := range row.cells {
				if (read == nil) != (rows[i][j] == nil) || read != nil && *read != *rows[i][j] {
					t.Fatalf("row %d column %d: %v, written %v\n%s", i, j, read, rows[i][j], text)
				}
			}
		}
	})
}
