package check

import (
	"slices"

	"countinghouse/internal/snapshot"
)

// Unchecked says whether there are audits that the tables, those of an environment, have not passed as they are now.
func Unchecked(tables map[string]snapshot.Table, audited []Audited) bool {
	of := checking{tables: tables}
	return slices.ContainsFunc(audited, func(one Audited) bool {
		state, err := of.state(one)
		return err != nil || state != tables[one.Table].Audits
	})
}
