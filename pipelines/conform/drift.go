package conform

import (
	"cmp"
	"slices"

	"countinghouse/internal/contract"
)

// A Change is how a file's header differs from the contract, and from that of the export before it.
type Change struct {
	File  FileResult
	Drift contract.Drift
}

// Changes lists, of the files that this run has read, those whose header is not what the contract expects, leaving out what the export before
// theirs had already: a column that has been missing for a year is no news. Which export came before is told by the times of export. Of the
// first of all only the headers that nobody knows are told: which optional columns an export has is its own affair.
func (r Report) Changes() []Change {
	var changes []Change
	for _, files := range r.byExport() {
		var before contract.Drift
		first := true
		for _, file := range files {
			if file.Quarantine != "" {
				continue
			}
			if first {
				before, first = file.Drift, false
				before.New = nil
			}
			if drift := file.Drift.Since(before); file.New && !drift.None() {
				changes = append(changes, Change{File: file, Drift: drift})
			}
			before = file.Drift
		}
	}
	return changes
}

// byExport gives the files of each feed from the oldest export to the newest.
func (r Report) byExport() [][]FileResult {
	var feeds [][]FileResult
	sorted := slices.Clone(r.Files)
	slices.SortFunc(sorted, func(a, b FileResult) int {
		return cmp.Or(cmp.Compare(a.Feed, b.Feed), a.ExportedAt.Compare(b.ExportedAt), cmp.Compare(a.SHA256, b.SHA256))
	})
	for len(sorted) > 0 {
		end := slices.IndexFunc(sorted, func(file FileResult) bool { return file.Feed != sorted[0].Feed })
		if end < 0 {
			end = len(sorted)
		}
		feeds, sorted = append(feeds, sorted[:end]), sorted[end:]
	}
	return feeds
}

// A Standing is what has come of a feed so far.
type Standing struct {
	Feed        string
	Files       int
	Quarantined int
	Rows        int64 // accepted
	Rejected    int64
	// Last is the newest export that is used; Files > Quarantined says that there is one.
	Last FileResult
}

// Standings sums up the feeds that have files.
func (r Report) Standings() []Standing {
	var standings []Standing
	for _, files := range r.byExport() {
		s := Standing{Feed: files[0].Feed}
		for _, file := range files {
			s.Files++
			s.Rows, s.Rejected = s.Rows+file.Accepted, s.Rejected+file.Rejected
			if file.Quarantine != "" {
				s.Quarantined++
				continue
			}
			s.Last = file
		}
		standings = append(standings, s)
	}
	return standings
}
