package jobs

import (
	"context"
	"fmt"
	"strings"

	"countinghouse/internal/run"
	"countinghouse/internal/snapshot"
	"countinghouse/pipelines/diff"
	"countinghouse/pipelines/drift"
)

// Effect is what decisions about accounts change, before they hold.
type Effect struct {
	diff.Result
	Drift   run.Drift       `json:"drift"`
	Summary []EffectMeasure `json:"summary"`
}

// EffectMeasure is one figure with and without the decisions. Changed counts the customers for whom it differs, of those that there are on both
// sides; -1 where it is a total, which a decision may never change.
type EffectMeasure struct {
	What    string `json:"what"`
	Before  string `json:"before"`
	After   string `json:"after"`
	Changed int64  `json:"changed"`
}

// measures are asked of the tables that an override affects: {before} and {after} stand for a table's rows. Each gives before, after, changed.
func measures() []struct{ what, table, query string } {
	const (
		total   = "select (select coalesce(sum(%[1]s), 0)::varchar from {before}), (select coalesce(sum(%[1]s), 0)::varchar from {after}), -1"
		counted = "select (select count(*)::varchar from {before} where %[1]s), (select count(*)::varchar from {after} where %[1]s), " +
			"(select count(*) from {before} as was inner join {after} as now using (customer_id) where was.%[2]s is distinct from now.%[2]s)"
	)
	return []struct{ what, table, query string }{
		{"customers", "core.customers", fmt.Sprintf(counted, "true", "accounts")},
		{"customers with a tier", "mart.customer_pyramid", fmt.Sprintf(counted, "tier is not null", "tier")},
		{"customers who bought, by layer", "mart.customer_pyramid", fmt.Sprintf(counted, "layer < 7", "layer")},
		{"customers who bought, by rank", "mart.customer_pyramid", fmt.Sprintf(counted, "spend_rank is not null", "spend_rank")},
		{"net spend in the window", "mart.customer_pyramid", fmt.Sprintf(total, "revenue")},
		{"points outstanding", "mart.point_liability", fmt.Sprintf(total, "outstanding_points")},
		{"points owed", "mart.point_liability", fmt.Sprintf(total, "arrears_points")},
		{"points liability, face value", "mart.point_liability", fmt.Sprintf(total, "face_value")},
		{"points liability, expected cost", "mart.point_liability", fmt.Sprintf(total, "expected_redemption_cost")},
	}
}

func (w *Workshop) measureEffect(ctx context.Context, before, after snapshot.Environment) (found Effect, err error) {
	was, is, err := w.rowsOnBothSides(ctx, accountCustomers, before, after)
	if err != nil {
		return found, err
	}
	if found.Drift, err = drift.Between(ctx, w.Session, was, is); err != nil {
		return found, err
	}
	for _, measure := range measures() {
		if was, is, err = w.rowsOnBothSides(ctx, measure.table, before, after); err != nil {
			return found, err
		}
		line := EffectMeasure{What: measure.what}
		query := strings.NewReplacer("{before}", "("+was+")", "{after}", "("+is+")").Replace(measure.query)
		if err := w.Session.QueryRow(ctx, query).Scan(&line.Before, &line.After, &line.Changed); err != nil {
			return found, fmt.Errorf("%s: %w", measure.what, err)
		}
		found.Summary = append(found.Summary, line)
	}
	return found, nil
}

func (w *Workshop) rowsOnBothSides(ctx context.Context, table string, before, after snapshot.Environment) (was, is string, err error) {
	if was, err = w.rowsOf(ctx, table, before); err != nil {
		return "", "", err
	}
	is, err = w.rowsOf(ctx, table, after)
	return was, is, err
}
