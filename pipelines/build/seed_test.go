package build

import (
	"strings"
	"testing"

	"countinghouse/internal/model"
)

func TestSeedOfAnOlderFile(t *testing.T) {
	columns := []model.Column{{Name: "valid_from", Type: "DATE", NotNull: true}, {Name: "days", Type: "BIGINT"}, {Name: "grace", Type: "BIGINT"}}
	for name, test := range map[string]struct{ csv, want string }{
		"all columns":          {"valid_from,days,grace\n2026-01-01,3,4\n", "('2026-01-01', '3', '4')"},
		"last columns missing": {"valid_from,days\n2026-01-01,3\n", "('2026-01-01', '3', null)"},
		"no date":              {"valid_from,days\n2026-01-01,3\n,5\n", "seeds/s.csv: row 3: valid_from is empty"},
		"unknown column":       {"valid_from,days,grace,more\n2026-01-01,3,4,5\n", `column "more" is unknown`},
		"a short line":         {"valid_from,days,grace\n2026-01-01,3\n", "record on line 2: wrong number of fields"},
	} {
		t.Run(name, func(t *testing.T) {
			query := seedQuery(&model.Seed{Name: "seed.s", File: "seeds/s.csv", Columns: columns, CSV: []byte(test.csv)})
			if !strings.Contains(strings.ReplaceAll(query, `\"`, `"`), test.want) {
				t.Errorf("got %s\nwant %s in it", query, test.want)
			}
		})
	}
}
