// Package linkage finds which records of a file are of one person, by the model of internal/linkage, with the same fixed settings for every
// file: it tells the columns by their headers, brings the cells to one spelling (internal/person), makes the pairs to compare in DuckDB by
// blocking rules within a budget, fits the model and clusters. Given the truth, it counts how well it did.
package linkage

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"countinghouse/internal/linkage"
	"countinghouse/internal/person"
	"countinghouse/internal/style"
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
	// unknownWeight counts for pairs never compared, unknownAccounts for those of accounts, of which a wrong pair costs more than a missed one; capWeight
	// bounds the others in a cluster's mean.
	unknownWeight   = -1.0
	unknownAccounts = -3.0
	capWeight       = 12.0
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
	texts     []text      // the columns that are compared as they stand, those that say most first
	textOf    map[int]int // the place among them of a column
	things    bool        // the records are not of persons
	unknown   float64     // what counts for pairs that were not compared
	headers   []string
	roles     []person.Role
	rows      []int64        // of the record in the file
	lists     []int32        // of which list a record is; nil: there are none
	styles    *style.Records // how the things of one file are written
	truths    []string
	keys      []string // the record's own id, to find it in a key file
	everyPair bool
	// near tells that linkage.near has pairs beside those of the blocks.
	near bool
	// keep, if set, tells in place of what is believed which pairs are kept, of now or of when the month began.
	keep func(pair linkage.Pair, when uint8) bool
	// uses, if set, says whether a pair counts for what is learnt, and whether it is one of those to be scored.
	uses func(one, other int32, rules int64) (counts, own bool)
	// used are the rules, by their bits, that have a column in linkage.blocks; fresh: of two records one must be of linkage.fresh; within: both must be of one
	// component.
	used          []int
	fresh, within bool
	// numbered are the owners that have a number, with those of whom no record was read.
	numbered int
}

// Match links the records of the files. The session must be allowed to read them.
func Match(ctx context.Context, session *warehouse.Session, options Options) (_ Report, err error) {
	m := &matcher{session: session, options: options, unknown: unknownWeight}
	defer func() { err = errors.Join(err, m.end(ctx)) }()
	steps := []struct {
		what string
		do   func(context.Context) error
	}{
		{"read the records", m.read}, {"link", m.link}, {"compare with the truth", m.judge},
	}
	for _, step := range steps {
		if err := step.do(ctx); err != nil {
			return m.report, fmt.Errorf("match %s: %s: %w", strings.Join(options.Files, ", "), step.what, err)
		}
	}
	return m.report, nil
}

// begin makes a schema of the matcher's own, and end takes it away.
func (m *matcher) begin(ctx context.Context) error {
	_, err := m.session.Exec(ctx, "drop schema if exists linkage cascade; create schema linkage")
	return err
}

func (m *matcher) end(ctx context.Context) error {
	_, err := m.session.Exec(context.WithoutCancel(ctx), "drop schema if exists linkage cascade")
	return err
}

func (m *matcher) link(ctx context.Context) error {
	fit := m.fit
	if m.findLists(); m.lists != nil {
		fit = m.fitLists
	} else if err := m.makeBlocks(ctx); err != nil {
		return err
	}
	linked, err := fit(ctx)
	if err != nil {
		return err
	}
	m.describe(linked.model)
	for _, edge := range linked.edges {
		if edge.Weight >= reviewWeight && linked.clusters[edge.A] != linked.clusters[edge.B] {
			m.report.Review++
		}
	}
	m.assign(linked.clusters)
	return nil
}

// linked is what the model made of the records.
type linked struct {
	model    linkage.Model
	scorer   *linkage.Scorer
	edges    []linkage.Edge // between owners
	pairs    []linkage.Pair // of records, by edge: the pair that gives it its weight
	graph    *linkage.Graph
	clusters []int32 // by owner
}

// fit compares, learns, scores and clusters.
func (m *matcher) fit(ctx context.Context) (linked, error) {
	m.everyPair = m.table.Records() <= smallFile
	found, err := m.compare(ctx)
	if err != nil {
		return linked{}, err
	}
	records := m.table.Records()
	m.report.Compared, m.report.Every = found.all, m.everyPair
	drawn := randomPairs
	if !m.everyPair {
		drawn = min(randomPairs, randomPerRecord*records)
	}
	random := linkage.Counter{}
	comparer := linkage.NewComparer(&m.table.Table)
	linkage.Random(records, min(randomPairs, drawn), func(a, b int32) {
		if m.table.OwnerOf(a) != m.table.OwnerOf(b) {
			random.Add(comparer.Pattern(a, b), 0)
		}
	})
	all := float64(records) * float64(records-1) / 2
	made := linked{model: linkage.Learn(m.table.Fields, random.Sorted(), found.counts.Sorted(), m.learntRules(), max(all, 1), records, m.things)}
	m.clusterTwice(&made, found.pairs, nil, m.table.single.values)
	return made, nil
}

// clusterTwice clusters with values counted by records, and once more with values counted by people. It gives by whom they were counted then.
func (m *matcher) clusterTwice(made *linked, pairs []linkage.Pair, some func(record int32) bool, single [][]int32) linkage.Population {
	by := linkage.Population{Some: some}
	m.cluster(made, pairs, linkage.Frequencies(&m.table.Table, made.model, by), some, single)
	by.Person = m.people(made.clusters)
	m.cluster(made, pairs, linkage.Frequencies(&m.table.Table, made.model, by), some, single)
	return by
}

// people numbers the records by their clusters.
func (m *matcher) people(clusters []int32) []int32 {
	if m.table.Owner == nil {
		return clusters
	}
	people := make([]int32, m.table.Records())
	for record := range people {
		people[record] = clusters[m.table.Owner[record]]
	}
	return people
}

// learntRules are the rules as the fitting sees them, by their bits.
func (m *matcher) learntRules() []linkage.Rule {
	var list []linkage.Rule
	for _, block := range m.report.Blocks {
		list = append(list, make([]linkage.Rule, max(0, block.bit+1-len(list)))...)
		list[block.bit] = linkage.Rule{Held: m.table.fieldsNamed(block.held), Loose: block.words}
	}
	return list
}

// cluster scores the pairs of some records, by frequencies of values, and clusters.
func (m *matcher) cluster(made *linked, pairs []linkage.Pair, frequencies [][]float64, some func(record int32) bool, single [][]int32) {
	made.edges, made.graph = nil, nil // of the time before, which a large file has no room for
	made.scorer = linkage.NewScorer(&m.table.Table, made.model, frequencies)
	made.pairs, made.edges = m.byOwner(pairs, made.scorer)
	owners := m.owners()
	made.graph = linkage.NewGraph(owners, made.edges)
	made.clusters = linkage.ClusterIn(made.graph, owners, made.edges, linkage.Clustering{
		Join: joinWeight, Unknown: m.unknown, Cap: capWeight, Single: single, Evidence: m.evidenceBetween(made.scorer, some),
	})
}

// evidenceBetween compares two accounts that have no edge: never compared, or so different that the pair was not kept. Of several pairs of their records the
// best counts. In files it is not asked: a person may have twenty records there, and the worst of them would stand against the others.
func (m *matcher) evidenceBetween(scorer *linkage.Scorer, some func(record int32) bool) func(one, other int32) float64 {
	if m.table.Owner == nil {
		return nil
	}
	comparer := linkage.NewComparer(&m.table.Table)
	return func(one, other int32) float64 {
		best := math.Inf(-1)
		from, end := m.table.RecordsOf(one)
		for a := from; a < end; a++ {
			first, last := m.table.RecordsOf(other)
			for b := first; b < last; b++ {
				if some == nil || some(a) && some(b) {
					best = max(best, scorer.Evidence(linkage.Pair{A: min(a, b), B: max(a, b), Pattern: comparer.Pattern(min(a, b), max(a, b))}))
				}
			}
		}
		return best
	}
}

// owners is how many records or accounts are clustered.
func (m *matcher) owners() int {
	if m.table.Owner == nil {
		return m.table.Records()
	}
	owners := m.numbered
	for _, owner := range m.table.Owner {
		owners = max(owners, int(owner)+1)
	}
	return owners
}

// byOwner gives the edges between owners, of pairs in the order of gathered; of several pairs of their records the heaviest counts.
func (m *matcher) byOwner(pairs []linkage.Pair, scorer *linkage.Scorer) (best []linkage.Pair, between []linkage.Edge) {
	count := 0
	for i := range pairs {
		if i == 0 || m.edgeOf(pairs[i]) != m.edgeOf(pairs[i-1]) {
			count++
		}
	}
	between = make([]linkage.Edge, 0, count)
	if best = pairs; count < len(pairs) {
		best = make([]linkage.Pair, 0, count)
	}
	for _, pair := range pairs {
		edge := m.edgeOf(pair)
		edge.Weight = scorer.Weight(pair)
		switch last := len(between) - 1; {
		case last < 0 || between[last].A != edge.A || between[last].B != edge.B:
			between = append(between, edge)
			if count < len(pairs) {
				best = append(best, pair)
			}
		case edge.Weight > between[last].Weight:
			best[last], between[last] = pair, edge
		}
	}
	return best, between
}
