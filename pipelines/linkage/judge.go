package linkage

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"countinghouse/internal/linkage"
	"countinghouse/internal/warehouse"
)

// Truth is how well pairs of one cluster are pairs of one person.
type Truth struct {
	Records   int     `json:"records"`
	Right     int64   `json:"pairs_right"`
	Wrong     int64   `json:"pairs_wrong"`
	Missed    int64   `json:"pairs_missed"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
}

func (m *matcher) assign(clusters []int32) {
	named := make(map[int32]int64, len(clusters))
	sizes := map[int32]int{}
	for record, cluster := range clusters {
		if first, known := named[cluster]; !known || m.rows[record] < first {
			named[cluster] = m.rows[record]
		}
		sizes[cluster]++
	}
	for record, cluster := range clusters {
		m.report.Assigned = append(m.report.Assigned, Assignment{m.rows[record], named[cluster]})
	}
	counts := map[int]int64{}
	for _, size := range sizes {
		counts[size]++
		m.report.Clusters++
	}
	for size, clusters := range counts {
		m.report.Sizes = append(m.report.Sizes, Size{size, clusters})
	}
	slices.SortFunc(m.report.Sizes, func(a, b Size) int { return cmp.Compare(a.Records, b.Records) })
}

// febrl's record ids tell who is who: rec-12-org and rec-12-dup-0.
var febrl = regexp.MustCompile(`^rec-(\d+)-(org|dup-\d+)$`)

// judge compares clusters with the truth: a column, a key file, or ids that tell it.
func (m *matcher) judge(ctx context.Context) error {
	truths := m.truths
	switch {
	case m.options.Labels != "":
		labels, err := m.readLabels(ctx)
		if err != nil {
			return err
		}
		for i, key := range m.keys {
			truths[i] = labels[key]
		}
	case m.options.Truth != "":
		if !slices.ContainsFunc(m.headers, func(header string) bool { return strings.EqualFold(header, m.options.Truth) }) {
			return fmt.Errorf("there is no column %q for --truth: the columns are %s", m.options.Truth, strings.Join(m.headers, ", "))
		}
	default:
		return nil
	}
	for i, truth := range truths {
		if parts := febrl.FindStringSubmatch(truth); parts != nil {
			truths[i] = parts[1]
		}
	}
	clusters := make([]int64, len(m.report.Assigned))
	for i, assigned := range m.report.Assigned {
		clusters[i] = assigned.Cluster
	}
	m.report.Truth = judged(truths, clusters)
	return nil
}

// readLabels reads a key file: the columns cluster_id (or cluster) and record_id (or unique_id, id).
func (m *matcher) readLabels(ctx context.Context) (map[string]string, error) {
	file, err := relation([]string{m.options.Labels})
	if err != nil {
		return nil, err
	}
	columns, err := m.session.Columns(ctx, file)
	if err != nil {
		return nil, err
	}
	cluster, record := "", ""
	for _, column := range columns {
		switch name := strings.ToLower(strings.TrimSpace(column.Name)); {
		case name == "cluster_id" || name == "cluster" || name == "person":
			cluster = warehouse.QuoteName(column.Name)
		case isKey(name):
			record = warehouse.QuoteName(column.Name)
		}
	}
	if cluster == "" || record == "" {
		return nil, fmt.Errorf("%s: want columns cluster_id and record_id", m.options.Labels)
	}
	rows, err := m.session.Query(ctx, fmt.Sprintf("select cast(%s as varchar), cast(%s as varchar) from %s where %s is not null and %s is not null", record, cluster, file, record, cluster))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	labels := map[string]string{}
	for rows.Next() {
		var key, label string
		if err := rows.Scan(&key, &label); err != nil {
			return nil, err
		}
		labels[strings.TrimSpace(key)] = label
	}
	return labels, rows.Err()
}

// judged counts pairs by the sizes of groups: of clusters, of people, and of both at once. Records without a truth are left out.
func judged(truths []string, clusters []int64) *Truth {
	type both struct {
		truth   string
		cluster int64
	}
	byTruth, byCluster, byBoth := map[string]int64{}, map[int64]int64{}, map[both]int64{}
	result := &Truth{}
	for i, truth := range truths {
		if truth == "" {
			continue
		}
		result.Records++
		byTruth[truth]++
		byCluster[clusters[i]]++
		byBoth[both{truth, clusters[i]}]++
	}
	result.Right = pairsOf(byBoth)
	result.Wrong = pairsOf(byCluster) - result.Right
	result.Missed = pairsOf(byTruth) - result.Right
	result.Precision = ratio(result.Right, result.Right+result.Wrong)
	result.Recall = ratio(result.Right, result.Right+result.Missed)
	result.F1 = ratio(2*result.Right, 2*result.Right+result.Wrong+result.Missed)
	return result
}

func pairsOf[K comparable](groups map[K]int64) int64 {
	pairs := int64(0)
	for _, size := range groups {
		pairs += size * (size - 1) / 2
	}
	return pairs
}

func ratio(part, whole int64) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}

// describe puts the fitted model into the report; fields without a value are left out.
func (m *matcher) describe(model linkage.Model) {
	m.report.Match, m.report.Home = model.Match, model.Household
	for i, field := range m.table.Fields {
		if len(m.table.Words[i]) == 0 {
			continue
		}
		for j, level := range field.Levels {
			m.report.Model = append(m.report.Model, Weight{field.Name, level.Name, model.M[i][j], model.U[i][j], math.Log2(model.M[i][j] / model.U[i][j])})
		}
	}
}
