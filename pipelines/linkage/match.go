// Package linkage finds which records of a file are of one person, by the model of internal/linkage, with the same fixed settings for every
// file: it tells the columns by their headers, brings the cells to one spelling (internal/person), makes the pairs to compare in DuckDB by
// blocking rules within a budget, fits the model and clusters. Given the truth, it counts how well it did.
package linkage

import (
	"context"
	"fmt"
	"strings"

	"countinghouse/internal/linkage"
	"countinghouse/internal/person"
	"countinghouse/internal/warehouse"
)

// Options of a match.
type Options struct {
	// Files are CSV or Parquet, of one shape.
	Files []string
	// Map gives headers a role by hand; Truth is the header of the column that says who is who.
	Map   map[string]string
	Truth string
	// Labels is a key file: a cluster per record.
	Labels string
	// Budget is how many pairs may be compared.
	Budget  int64
	Threads int
}

// The settings, the same for every file.
const (
	// Records up to this number are compared all with all.
	smallFile = 2000
	// randomPairs are drawn for u.
	randomPairs = 1_000_000
	// randomPerRecord bounds them for files that have few records.
	randomPerRecord = 100
	// joinWeight is the least log2 of the odds at which two records join; reviewWeight that from which a person should look.
	joinWeight   = 0.0
	reviewWeight = -4.0
	// unknownWeight counts for pairs never compared, capWeight bounds the others in a cluster's mean.
	unknownWeight = -3.0
	capWeight     = 12.0
)

// Report is what was done and found.
type Report struct {
	Records  int64        `json:"records"`
	Columns  []Column     `json:"columns"`
	Blocks   []Block      `json:"blocking_rules"`
	Compared int64        `json:"pairs_compared"`
	Every    bool         `json:"every_pair_compared"`
	Model    []Weight     `json:"model"`
	Match    float64      `json:"share_of_matches"`
	Home     float64      `json:"share_of_households"`
	Clusters int64        `json:"clusters"`
	Sizes    []Size       `json:"sizes"`
	Review   int64        `json:"pairs_to_review"`
	Truth    *Truth       `json:"truth,omitempty"`
	Assigned []Assignment `json:"-"`
	Notes    []string     `json:"notes,omitempty"`
}

// Column is a header and what it was taken for.
type Column struct {
	Header string `json:"header"`
	Role   string `json:"role"`
}

// Weight is one level of a field in the fitted model.
type Weight struct {
	Field  string  `json:"field"`
	Level  string  `json:"level"`
	M      float64 `json:"m"`
	U      float64 `json:"u"`
	Weight float64 `json:"weight"`
}

// Size counts clusters of one size.
type Size struct {
	Records  int   `json:"records"`
	Clusters int64 `json:"clusters"`
}

// Assignment is a row of a file, from 1 on over all files, and its cluster, named by its first row.
type Assignment struct {
	Row, Cluster int64
}

type matcher struct {
	session   *warehouse.Session
	options   Options
	report    Report
	table     *table
	texts     []string
	headers   []string
	roles     []person.Role
	rows      []int64 // of the record in the file
	truths    []string
	keys      []string // the record's own id, to find it in a key file
	everyPair bool
}

// Match links the records of the files. The session must be allowed to read them.
func Match(ctx context.Context, session *warehouse.Session, options Options) (Report, error) {
	m := &matcher{session: session, options: options}
	steps := []struct {
		what string
		do   func(context.Context) error
	}{
		{"read the records", m.read}, {"make blocks", m.makeBlocks}, {"link", m.link}, {"compare with the truth", m.judge},
	}
	for _, step := range steps {
		if err := step.do(ctx); err != nil {
			return m.report, fmt.Errorf("match %s: %s: %w", strings.Join(options.Files, ", "), step.what, err)
		}
	}
	return m.report, nil
}

func (m *matcher) link(ctx context.Context) error {
	m.everyPair = m.table.Records() <= smallFile
	found, err := m.compare(ctx)
	if err != nil {
		return err
	}
	records := m.table.Records()
	m.report.Compared, m.report.Every = found.all, m.everyPair
	drawn := randomPairs
	if !m.everyPair {
		drawn = min(randomPairs, randomPerRecord*records)
	}
	random := linkage.Counter{}
	comparer := linkage.NewComparer(&m.table.Table)
	linkage.Random(records, min(randomPairs, drawn), func(a, b int32) { random.Add(comparer.Pattern(a, b), 0) })
	all := float64(records) * float64(records-1) / 2
	model := linkage.Learn(m.table.Fields, random.Sorted(), found.counts.Sorted(), m.learnt(), max(all, 1), records)
	m.describe(model)
	clusters, _ := m.cluster(found.pairs, linkage.NewScorer(&m.table.Table, model, nil))
	// Once more, with values counted by people and not by records.
	clusters, edges := m.cluster(found.pairs, linkage.NewScorer(&m.table.Table, model, clusters))
	for _, edge := range edges {
		if edge.Weight >= reviewWeight && clusters[edge.A] != clusters[edge.B] {
			m.report.Review++
		}
	}
	m.assign(clusters)
	return nil
}

// learnt are the rules as the fitting sees them, by their bits.
func (m *matcher) learnt() []linkage.Rule {
	list := make([]linkage.Rule, len(rules(len(m.texts))))
	for _, block := range m.report.Blocks {
		list[block.bit] = linkage.Rule{Held: m.table.fieldsNamed(block.held)}
	}
	return list
}

func (m *matcher) cluster(pairs []linkage.Pair, scorer *linkage.Scorer) ([]int32, []linkage.Edge) {
	edges := make([]linkage.Edge, len(pairs))
	for i, pair := range pairs {
		edges[i] = linkage.Edge{A: pair.A, B: pair.B, Weight: scorer.Weight(pair)}
	}
	generations := map[int32]string{}
	of := func(root int32) string {
		if joined, known := generations[root]; known {
			return joined
		}
		return m.table.Conflict[root]
	}
	return linkage.Cluster(m.table.Records(), edges, linkage.Clustering{
		Join: joinWeight, Unknown: unknownWeight, Cap: capWeight,
		Refuses: func(a, b int32) bool { return of(a) != "" && of(b) != "" && of(a) != of(b) },
		Joined:  func(a, b int32) { generations[a] = max(of(a), of(b)) },
	}), edges
}
