package reader_test

import (
	"strings"
	"testing"

	"countinghouse/internal/contract"
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
		"a list at the top":       {contract.JSON, "[]", `[{"订单号":12345678901234567890},{"订单号":true}]`, "1 12345678901234567890||;2 true||", ""},
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
