package reader_test

import (
	"io"
	"strings"
	"testing"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/reader"
)

func TestJSON(t *testing.T) {
	cases := map[string]struct {
		container, records, content string
		want                        string
		problem                     string
	}{
		"nested lists": {
			contract.JSON, "list[].details[]", `{"总":1,"list":[{"订单号":"A","时间":"d1","details":[{"金额":1.50},{"金额":"2","时间":"own"}],"later":0},{"订单号":"B","details":[]},{"订单号":"C","details":[{"金额":null}]}]}`,
			"1 A|1.50|d1;2 A|2|own;3 C||", "",
		},
		"inherited from the top":  {contract.JSON, "data.list[]", `{"时间":"t","data":{"list":[{"订单号":1}]},"x":[]}`, "1 1||t", ""},
		"a list at the top":       {contract.JSON, "[]", `[{"订单号":12345678901234567890},{"订单号":"B","金额":true}]`, "1 12345678901234567890||;2 B|true|", ""},
		"no identifiers":          {contract.JSON, "[]", `[{"订单号":true},{"订单号":["A"]},{"订单号":{"id":1}},{"订单号":null}]`, `1 ! "订单号": no identifier, but true: {"订单号":true};2 ! "订单号": no identifier, but ["A"]: {"订单号":["A"]};3 ! "订单号": no identifier, but {"id":1}: {"订单号":{"id":1}};4 ||`, ""},
		"names that mean one":     {contract.JSON, "[]", `[{"订单号":"A","金额":1," 金额":2},{"订单号":"B","x":1,"X":2}]`, `1 ! the names " 金额" and "金额" mean the same: which one counts?: {" 金额":2,"订单号":"A","金额":1};2 B||`, ""},
		"one object":              {contract.JSON, "", `{"订单号":"A","金额":{"x":[1]}}`, `1 A|{"x":[1]}|`, ""},
		"lines":                   {contract.JSONL, "", "{\"编号\":\"\\tA\"}\n\n{\"订单号\":\"B\",\"编号\":\"C\"}\n", "1 A||;2 B||", ""},
		"not objects":             {contract.JSON, "list[]", `{"list":[1,{"订单号":"A"},"x"]}`, "1 ! want an object: 1;2 A||;3 ! want an object: \"x\"", ""},
		"no inner list":           {contract.JSON, "list[].details[]", `{"list":[{"订单号":"A"},{"订单号":"B","details":[{}]}]}`, `1 ! there is no "details": {"订单号":"A"};2 B||`, ""},
		"nothing":                 {contract.JSON, "list[]", `{"list":[]}`, "", ""},
		"an error answer":         {contract.JSON, "list[]", `{"errcode":40001,"errmsg":"invalid"}`, "", `there is no "list": not the answer`},
		"cut short":               {contract.JSON, "list[]", `{"list":[{"订单号":"A"},{"订单`, "", "the JSON is cut short after"},
		"cut at the end":          {contract.JSON, "list[]", `{"list":[{"订单号":"A"}]`, "", "the JSON is cut short after"},
		"not JSON":                {contract.JSON, "list[]", "订单号,金额\n", "", "not JSON at byte 1"},
		"another shape":           {contract.JSON, "list[]", `[{"list":[]}]`, "", `want "{" where the records begin`},
		"required in no record":   {contract.JSON, "list[]", `{"list":[{"金额":1}]}`, "", `the required field "订单号" is in no record`},
		"not utf-8":               {contract.JSON, "list[]", "{\"list\":[{\"订单号\":\"\xff\"}]}", "", "is not utf-8"},
		"deep lists":              {contract.JSON, "data.page.list[].details[]", `{"时间":"t","data":{"金额":1,"page":{"list":[{"details":[{"订单号":"A"}]},{"金额":2,"details":[{"订单号":"B"}]}]},"时间":"late"},"x":[]}`, "1 A|1|t;2 B|2|t", ""},
		"no inner object":         {contract.JSON, "data.list[]", `{"data":null}`, "", `want "{" where the records begin, got <nil>`},
		"two documents":           {contract.JSON, "list[]", `{"list":[{"订单号":"A"}]}{"list":[{"订单号":"B"}]}`, "", "there is more behind the JSON document, at byte"},
		"garbage behind":          {contract.JSON, "", "{\"订单号\":\"A\"}x", "", "not JSON at byte"},
		"the list twice":          {contract.JSON, "list[]", `{"list":[{"订单号":"A"}],"list":[{"订单号":"B"}]}`, "", `the member "list" is there twice`},
		"a name twice":            {contract.JSON, "list[]", `{"list":[{"订单号":"A","订单号":"B"},{"订单号":"C","x":[{"y":1,"y":1}]},{"订单号":"D"}]}`, `1 ! a name is there twice in one object: "订单号": {"订单号":"A","订单号":"B"};2 ! a name is there twice in one object: "y": {"订单号":"C","x":[{"y":1,"y":1}]};3 D||`, ""},
		"deep nesting":            {contract.JSONL, "", `{"订单号":` + strings.Repeat("[", 101) + strings.Repeat("]", 101) + "}\n{\"订单号\":\"B\"}", "1 ! more than 100 objects and lists in one another: {\"订单号\":" + strings.Repeat("[", 101) + strings.Repeat("]", 101) + "};2 B||", ""},
		"very deep nesting":       {contract.JSONL, "", strings.Repeat("[", 1<<20), "", "exceeded max depth"},
		"numbers":                 {contract.JSONL, "", `{"订单号":12345678901234567890123,"金额":1.10,"时间":1e400}`, "1 12345678901234567890123|1.10|1e400", ""},
		"half a character":        {contract.JSONL, "", `{"订单号":"\ud83d"}` + "\n" + `{"订单号":"\ud83d\ude00"}` + "\n" + `{"订单号":"\\ud83d"}` + "\n" + `{"订单号":"\uDE00x"}`, `1 ! half of a character, such as \ud83d alone: {"订单号":"\ud83d"};2 😀||;3 \ud83d||;4 ! half of a character, such as \ud83d alone: {"订单号":"\uDE00x"}`, ""},
		"no number":               {contract.JSONL, "", `{"订单号":NaN}`, "", "not JSON at byte"},
		"control characters":      {contract.JSONL, "", `{"订单号":"A\u0000"}` + "\n" + `{"订单号":"B\n"}`, "1 ! the control character U+0000: {\"订单号\":\"A\\u0000\"};2 B||", ""},
		"a mark":                  {contract.JSON, "[]", "\ufeff[{\"订单号\":\"A\"}]", "1 A||", ""},
		"a page":                  {contract.JSON, "list[]", "<!DOCTYPE html><html>", "", "the contract says json, but the file is a web page"},
		"required in some record": {contract.JSON, "list[]", `{"list":[{"金额":1},{"订单号":"A"}]}`, "1 |1|;2 A||", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			sink, _, err := read(feed(contract.Files{Container: c.container, Records: c.records}), []byte(c.content))
			if c.problem != "" {
				if err == nil || !strings.Contains(err.Error(), c.problem) {
					t.Errorf("got %v, want %s", err, c.problem)
				}
				return
			}
			if got := strings.TrimPrefix(strings.Join(sink.lines, ";"), "header 0 [0 1 2] "); err != nil || strings.TrimPrefix(got, ";") != c.want {
				t.Errorf("got  %s, %v\nwant %s", got, err, c.want)
			}
		})
	}
}

// TestJSONIsStreamed reads lists that are larger than any one record may be, and ends where one record is.
func TestJSONIsStreamed(t *testing.T) {
	padding := strings.Repeat("x", 1<<20)
	for records, text := range map[string][3]string{
		"data.list[]": {`{"data":{"list":[`, `{"订单号":"` + padding + `"},`, `{"订单号":"A"}]}}`},
		"[]":          {`[`, `{"订单号":"` + padding + `"},`, `{"订单号":"A"}]`},
	} {
		c := feed(contract.Files{Container: contract.JSON, Records: records})
		in := reader.Input{Size: 1, Open: func() (io.ReadCloser, error) {
			repeated := make([]io.Reader, 0, 66)
			for range 66 {
				repeated = append(repeated, strings.NewReader(text[1]))
			}
			return io.NopCloser(io.MultiReader(strings.NewReader(text[0]), io.MultiReader(repeated...), strings.NewReader(text[2]))), nil
		}}
		sink := &checker{t: t}
		if summary, err := reader.Read(t.Context(), c, in, sink); err != nil || summary.Records != 67 || sink.records != 67 {
			t.Errorf("%s: %+v, %v", records, summary, err)
		}
		in.Open = func() (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(strings.NewReader(text[0]+`{"订单号":"`), letters{})), nil
		}
		if _, err := reader.Read(t.Context(), c, in, &checker{t: t}); !isProblem(err) || !strings.Contains(err.Error(), "takes more than 64 MB") {
			t.Errorf("%s: an endless text: %v", records, err)
		}
	}
}

// letters never end.
type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// FuzzJSON: whatever the bytes, a problem or as many records as are counted.
func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"时间":"t","list":[{"订单号":"A","details":[{"金额":1.50}]}]}`), uint8(0))
	f.Add([]byte(`[{"订单号":"A","订单号":1e5}]`), uint8(1))
	f.Add([]byte("{\"订单号\":\"\\ud800\"}\n{}"), uint8(2))
	f.Fuzz(func(t *testing.T, content []byte, options uint8) {
		files := contract.Files{Container: contract.JSON, Records: []string{"list[].details[]", "[]", "", "data.list[]"}[options%4]}
		if options&4 != 0 {
			files.Container = contract.JSONL
		}
		if options&8 != 0 {
			files.Encoding = contract.AnyEncoding
		}
		sink := &checker{t: t}
		summary, err := readInto(feed(files), content, sink)
		if err != nil && !isProblem(err) {
			t.Fatalf("not a problem: %v", err)
		}
		if err == nil && (summary.Records != sink.records || summary.Rejects != sink.rejects) {
			t.Fatalf("%+v is counted, %d records and %d rejects were given", summary, sink.records, sink.rejects)
		}
	})
}
