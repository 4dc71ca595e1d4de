package contract_test

import (
	"strings"
	"testing"

	"countinghouse/internal/contract"
)

func TestLayoutsTellTheYear(t *testing.T) {
	for layout, lacks := range map[string]bool{
		"%Y-%m-%d": false, "%d/%m/%y": false, "%B %d": true, "%-m/%-d": true, "%m月%d日 %H:%M": true, "%H:%M:%S": false, "excel": false, "unix": false,
		"%b %-d, %Y": false, "100%% %d": true, "100%%Y %d": true, "": false, "%": false,
	} {
		if got := contract.LacksYear(layout); got != lacks {
			t.Errorf("LacksYear(%q) = %v", layout, got)
		}
	}
}

func TestLoadRefusesDatesOfNoYear(t *testing.T) {
	cases := map[string]struct{ new, want string }{
		"no year":        {"type: timestamp, layouts: ['%B %d']", `"%B %d" tells no year: if the channel writes none, say year: from export`},
		"with a zone":    {"type: timestamp, layouts: ['%B %d %z'], year: from export", `"%B %d %z" tells no year`},
		"year there":     {"type: timestamp, layouts: ['%Y-%m-%d'], year: from export", `every layout tells the year already`},
		"year, default":  {"type: timestamp, year: from export", `every layout tells the year already`},
		"another source": {"type: timestamp, layouts: ['%B %d'], year: 2026", `unknown value "2026"`},
		"year of a text": {"type: text, year: from export", `year is not for type text`},
		"unit":           {"type: percent, unit: fen", `unknown value "fen", want one of percent`},
		"unit of money":  {"type: money, unit: percent", `unknown value "percent", want one of yuan, fen`},
		"good":           {"type: timestamp, layouts: ['%B %d', excel, unix_us, '%H:%M'], year: from export", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			registry, err := contract.Load(files(strings.Replace(shopFeed, "type: timestamp", c.new, 1)), nil)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if feed, _ := registry.Feed("shop"); feed.ReadsAlike() {
					t.Error("files of different export times are read by one statement")
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	if feed, _ := load(t, shopFeed).Feed("shop"); !feed.ReadsAlike() {
		t.Error("files of a plain feed are not read together")
	}
}
