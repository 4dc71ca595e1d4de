package build

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"countinghouse/internal/lineage"
	"countinghouse/internal/model"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
)

// MonthPlan is what a plan can tell of the months of a table. A build decides by the content of its inputs, which a plan cannot see before they
// are made.
type MonthPlan struct {
	All bool `json:"all"` // every month
	// Touched are the months of the rows in new export files, From and To what reading back makes of them.
	Touched []string `json:"touched,omitempty"`
	From    string   `json:"from,omitempty"`
	To      string   `json:"to,omitempty"`
	Why     string   `json:"why,omitempty"`
	// Unsure are inputs that changed in a way that may touch other months too.
	Unsure []string `json:"unsure,omitempty"`
}

// String is the plan for a person.
func (p MonthPlan) String() string {
	var parts []string
	switch {
	case p.All:
		parts = append(parts, "all months: "+p.Why)
	case len(p.Touched) > 0:
		parts = append(parts, fmt.Sprintf("months %s to %s: new rows in %s%s", p.From, p.To, strings.Join(p.Touched, ", "), p.Why))
	}
	if len(p.Unsure) > 0 {
		parts = append(parts, "the months that change in "+strings.Join(p.Unsure, ", "))
	}
	return strings.Join(parts, "; ")
}

// months forecasts what a table made by the month will have to make; nil for other tables.
func (p *planning) months(ctx context.Context, n *node) (*MonthPlan, error) {
	if n.kind != model.KindByMonth {
		return nil, nil
	}
	was, found := p.was[n.name]
	if !found {
		return &MonthPlan{All: true, Why: "it is new"}, nil
	}
	if reason := p.allMonths(n, was); reason != "" {
		return &MonthPlan{All: true, Why: reason}, nil
	}
	plan := &MonthPlan{}
	for _, input := range slices.Sorted(maps.Keys(n.model.Header.Reads)) {
		edge := n.model.Header.Reads[input]
		touched, unsure, err := p.touched(ctx, input, edge.By)
		if err != nil {
			return nil, err
		}
		plan.Unsure = append(plan.Unsure, unsure...)
		plan.Touched = append(plan.Touched, touched...)
		plan.widen(touched, edge, lastMonth(was))
		if edge.Back > 0 && len(touched) > 0 {
			plan.Why += fmt.Sprintf(", %s read back %d days", input, edge.Back)
		}
	}
	slices.Sort(plan.Touched)
	slices.Sort(plan.Unsure)
	plan.Touched, plan.Unsure = slices.Compact(plan.Touched), slices.Compact(plan.Unsure)
	return plan, nil
}

// allMonths is why every month has to be made, empty if not.
func (p *planning) allMonths(n *node, was snapshot.Manifest) string {
	_, reasons := p.graph.reasons(n, was)
	for _, reason := range reasons {
		input, isInput := strings.CutSuffix(reason, " changed")
		if _, byMonth := n.model.Header.Reads[input]; !isInput || !byMonth {
			return reason
		}
	}
	return ""
}

func lastMonth(was snapshot.Manifest) string {
	if len(was.Parts) == 0 {
		return ""
	}
	return was.Parts[len(was.Parts)-1].Month
}

// widen adds the months that see one of the touched ones.
func (p *MonthPlan) widen(touched []string, edge model.Read, last string) {
	for _, month := range touched {
		for _, reader := range monthsBetween([]string{month, max(month, last)}) {
			if firstSeen(reader, edge.Back) > month {
				break
			}
			p.From, p.To = min(cmp.Or(p.From, reader), reader), max(p.To, reader)
		}
	}
}

// touched follows a day or time up to the datasets and gives the months of the rows that new files bring; unsure are the tables that changed and do
// not give that day, so that nobody can tell which months they touch.
func (p *planning) touched(ctx context.Context, table, by string) (months, unsure []string, err error) {
	maker := p.graph.makers[table]
	if p.Current.Tables[table].Fingerprint == maker.fingerprint {
		return nil, nil, nil
	}
	if maker.dataset != nil {
		return p.newMonths(ctx, maker.dataset, by)
	}
	if maker.model == nil || p.was[table].Definition != maker.definition {
		return nil, []string{table}, nil
	}
	days := p.daysOf(ctx, maker, by)
	for _, input := range maker.inputs {
		if p.graph.makers[input].fingerprint == p.was[table].Inputs[input] {
			continue
		}
		if len(days[input]) == 0 {
			unsure = append(unsure, input)
		}
		for _, day := range days[input] {
			more, also, err := p.touched(ctx, input, day)
			if err != nil {
				return nil, nil, err
			}
			months, unsure = append(months, more...), append(unsure, also...)
		}
	}
	return months, unsure, nil
}

// daysOf gives, by input, the days and times that a column of a model is made from; none where the query cannot be followed.
func (p *planning) daysOf(ctx context.Context, maker *node, column string) map[string][]string {
	tree, err := p.Reader.Serialize(ctx, maker.query)
	if err != nil {
		return nil
	}
	query, err := lineage.Of(tree, func(table string) []string {
		var names []string
		for _, column := range p.was[table].Columns {
			names = append(names, column.Name)
		}
		return names
	})
	if err != nil {
		return nil
	}
	days := map[string][]string{}
	for _, given := range query.Columns {
		if !strings.EqualFold(given.Name, column) {
			continue
		}
		for _, source := range given.Values {
			if slices.ContainsFunc(p.was[source.Table].Columns, func(column warehouse.Column) bool {
				return strings.EqualFold(column.Name, source.Column) && (column.Type == "DATE" || strings.HasPrefix(column.Type, "TIMESTAMP"))
			}) {
				days[source.Table] = append(days[source.Table], source.Column)
			}
		}
	}
	return days
}

// newMonths reads the files that a dataset did not have.
func (p *planning) newMonths(ctx context.Context, dataset *Dataset, by string) (months, unsure []string, err error) {
	before, after := fileSet(p.was[dataset.Name].Files), fileSet(dataset.Files)
	for file := range before {
		if !after[file] { // what a file had, and no longer has, is not asked
			return nil, []string{dataset.Name}, nil
		}
	}
	fresh := slices.DeleteFunc(slices.Clone(dataset.Files), func(file snapshot.SourceFile) bool { return before[file.SHA256] })
	if len(fresh) == 0 || dataset.Of == nil {
		return nil, []string{dataset.Name}, nil
	}
	column := warehouse.QuoteName(by)
	rows, err := p.Reader.Query(ctx, "select distinct strftime("+column+", '%Y-%m') from (\n"+dataset.Of(fresh)+"\n) where "+column+" is not null")
	if err != nil {
		return nil, nil, fmt.Errorf("months of the new files of %s: %w", dataset.Name, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var month string
		if err := rows.Scan(&month); err != nil {
			return nil, nil, err
		}
		months = append(months, month)
	}
	return months, nil, rows.Err()
}

func fileSet(files []snapshot.SourceFile) map[string]bool {
	set := map[string]bool{}
	for _, file := range files {
		set[file.SHA256] = true
	}
	return set
}
