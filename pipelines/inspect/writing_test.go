package inspect_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"countinghouse/internal/contract"
	"countinghouse/pipelines/inspect"
	"countinghouse/schemas"
)

func TestDecimalCommasAreSeen(t *testing.T) {
	cases := map[string]struct {
		text  string
		comma bool
		types string
	}{
		"semicolons":         {"Nr;Preis;Menge;Rate;am\nA1;1.234,56;2;8,75%;01.11.2026\nA2;-12,5;1.000;10%;02.11.2026\n", true, "text money integer percent date"},
		"with a sign":        {"Nr;Preis\nA1;12,50 €\nA2;3\n", true, "text money"},
		"quoted, commas":     {"id,price\nA1,\"12,50\"\nA2,\"0,99\"\n", true, "id money"},
		"thousands":          {"id;count\nA1;1,234\nA2;12,345,678\n", false, "id integer"},
		"points too":         {"id;price;paid\nA1;12,50;12.50\nA2;3,10;3.10\n", false, "id text money"},
		"points":             {"id;price\nA1;12.50\nA2;1,300.00\n", false, "id money"},
		"one cell is a text": {"id;price\nA1;12,50\nA2;free\n", false, "id text"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := look(t, "odd_20261101.csv", []byte(c.text))[0]
			var types []string
			for _, column := range got.Columns {
				types = append(types, string(column.Type))
			}
			if got.Comma != c.comma || strings.Join(types, " ") != c.types || strings.Contains(got.Draft, "decimal: comma") != c.comma {
				t.Errorf("comma %v, types %s, want %v, %s\n%s", got.Comma, types, c.comma, c.types, got.Draft)
			}
			loads(t, got.Draft)
		})
	}
}

// loads says that a draft is a contract.
func loads(t *testing.T, draft string) {
	t.Helper()
	name, _, _ := strings.Cut(draft[strings.Index(draft, "feed: ")+6:], "\n")
	own := fstest.MapFS{"feeds/" + name + ".yaml": {Data: []byte(draft)}}
	if _, err := contract.Load(schemas.Files, own); err != nil {
		t.Errorf("%v\n%s", err, draft)
	}
}

func TestJoinedIdentifiersAreSeen(t *testing.T) {
	got := look(t, "x.csv", []byte("主单号,商品编码,备注\nA1,P1;P2,a;b\nA2,P3,c\n"))[0]
	if got.Columns[1].Joined != ";" || got.Columns[0].Joined != "" || got.Columns[2].Joined != "" {
		t.Errorf("%+v", got.Columns)
	}
	if !strings.Contains(got.Draft, `several in one cell, joined by ";"`) {
		t.Errorf("the draft does not say so:\n%s", got.Draft)
	}
	loads(t, got.Draft)
}

func TestBlanksOfEveryKindAreGuards(t *testing.T) {
	got := look(t, "x.csv", []byte("编号,数量\nA1\u00a0,\u30001\nA2\ufeff,2\u200b\n"))[0]
	for _, column := range got.Columns {
		if !slices.Contains(column.Guards, "blanks") || strings.ContainsAny(strings.Join(column.Examples, ""), "\u00a0\u3000\ufeff\u200b") {
			t.Errorf("%+v", column)
		}
	}
	if got.Columns[1].Type != contract.Integer {
		t.Errorf("%+v", got.Columns[1])
	}
}

func TestSeparatorLines(t *testing.T) {
	for _, text := range []string{"sep=;\n编号;数量\nA1;2\n", "SEP=;\r\n编号;数量\r\nA1;2\r\n", "sep=\t\n编号\t数量\nA1\t2\n"} {
		got := look(t, "x.csv", []byte(text))[0]
		if len(got.Columns) != 2 || got.HeaderLine != 2 || got.Columns[1].Type != contract.Integer {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestOneEndlessLine(t *testing.T) {
	got := look(t, "x.csv", bytes.Repeat([]byte("x,"), 5<<20))[0]
	if !strings.Contains(got.Problem, "a line of more than 8 MB") {
		t.Errorf("%+v", got.Problem)
	}
}

// FuzzInspect: whatever a file holds, looking at it ends with a report, and a draft that is given loads.
func FuzzInspect(f *testing.F) {
	for _, text := range []string{"sep=;\nid;price\nA1;12,50\n", "编号,手机\n=\"A\",138****0001\n", "[{\"id\":1}]", "{\"a\":1}\n{\"a\":2}\n", "a\tb\r1\t2\r", "\xff\xfea\x00,\x00b\x00", "订单\n", "\xb6\xa9\xb5\xa5,x\n1,2\n", "PK\x03\x04", "\x1f\x8b\x08", "<html>"} {
		f.Add([]byte(text))
	}
	registry, err := contract.Load(schemas.Files, nil)
	if err != nil {
		f.Fatal(err)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte) {
		place := filepath.Join(dir, "fuzzed")
		if err := os.WriteFile(place, content, 0o600); err != nil {
			t.Fatal(err)
		}
		reports, err := inspect.File(t.Context(), registry, place, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, report := range reports {
			if report.Draft != "" {
				loads(t, report.Draft)
			}
		}
	})
}
