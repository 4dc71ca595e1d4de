package inspect

import (
	"cmp"
	"fmt"
	"slices"

	"countinghouse/internal/contract"
	"countinghouse/internal/suggest"
)

// mostNear is how many feeds are named that nearly take a file.
const mostNear = 3

// near lists feeds that know at least a third of what they require, or three headers, but of which a required one is missing.
func near(registry *contract.Registry, report Report) []Near {
	names := make([]string, len(report.Columns))
	for i, column := range report.Columns {
		names[i] = column.Header
	}
	found := []Near{}
	for _, c := range registry.Feeds() {
		if !c.Files.HasHeader() || c.Feed == report.Feed {
			continue
		}
		binding := c.Bind(names)
		one := Near{Feed: c.Feed, Missing: []string{}}
		required := 0
		for i, column := range c.Columns {
			if binding.Fields[i] >= 0 {
				one.Known++
			}
			if column.Required {
				required++
			}
		}
		has := required - len(binding.Missing)
		if len(binding.Missing) == 0 || has*3 < required && one.Known < 3 || one.Known == 0 {
			continue
		}
		for _, missing := range binding.Missing {
			one.Missing = append(one.Missing, missing+meant(missing, names))
		}
		found = append(found, one)
	}
	slices.SortStableFunc(found, func(a, b Near) int {
		return cmp.Or(cmp.Compare(b.Known-len(b.Missing), a.Known-len(a.Missing)), cmp.Compare(b.Known, a.Known))
	})
	return found[:min(len(found), mostNear)]
}

// meant names the file's header that a missing one may have become.
func meant(missing string, names []string) string {
	if nearest := suggest.Nearest(missing, names); nearest != "" {
		return fmt.Sprintf(" (the file has %q)", nearest)
	}
	return ""
}
