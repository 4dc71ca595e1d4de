package check

import (
	"countinghouse/internal/snapshot"
)

// Unchecked names the tables, of those of an environment, whose audits have not passed as they are now.
func Unchecked(tables map[string]snapshot.Table, audited []Audited) []string {
	of := checking{tables: tables}
	var names []string
	for _, one := range audited {
		if state, err := of.state(one); err != nil || state != tables[one.Table].Audits {
			names = append(names, one.Table)
		}
	}
	return names
}
