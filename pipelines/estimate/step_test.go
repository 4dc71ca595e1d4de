package estimate_test

import (
	"strings"
	"testing"
	"time"
)

// TestParametersAreLookedAt: a word or a bound that means nothing stops the step, in a line that names the parameter.
func TestParametersAreLookedAt(t *testing.T) {
	for what, parameters := range map[string]map[string]any{
		`redemption_method is "guess"`:    {"redemption_method": "guess"},
		"redemption_rate_floor 0.5 and":   {"redemption_rate_floor": 0.5, "redemption_rate_cap": 0.4},
		"redemption_rate_cap 1.5 are not": {"redemption_rate_cap": 1.5},
	} {
		parameters["as_of"] = time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC)
		b := newBrand(t, parameters)
		if err := b.run(); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("want an error with %q, got %v", what, err)
		}
	}
}

// TestNothingIssued: a brand without points has a rate to use, and no vintage.
func TestNothingIssued(t *testing.T) {
	b := newBrand(t, map[string]any{"as_of": time.Date(2026, 10, 15, 0, 0, 0, 0, time.UTC)})
	if err := b.run(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(b.rows("select scope, used_rate, basis from estimate.rates"), "\n"); got != "all|0.98|cap" {
		t.Errorf("rates: %s", got)
	}
	if got := b.rows("select * from estimate.vintages"); len(got) > 0 {
		t.Errorf("vintages: %v", got)
	}
}

// TestSegmentsNeedData: a channel has an estimate of its own once it has the months that are asked for, and its error is small enough.
func TestSegmentsNeedData(t *testing.T) {
	for _, one := range []struct {
		months int
		within float64
		want   string
	}{{3, 1, "own_estimate"}, {4, 1, "estimate_of_all"}, {3, 0.0001, "estimate_of_all"}} {
		b := newBrand(t, map[string]any{
			"as_of": time.Date(2025, 3, 31, 0, 0, 0, 0, time.UTC), "segment_months": one.months, "segment_rate_error": one.within,
		})
		for m, lot := range []pointLot{
			{points: 100, gave: []gift{{0, "redeemed", 10}, {1, "redeemed", 20}, {2, "expired", 70}}},
			{issued: 1, points: 100, gave: []gift{{1, "redeemed", 30}, {2, "redeemed", 5}}},
			{issued: 2, points: 100, gave: []gift{{2, "redeemed", 8}}},
		} {
			b.enter(m, lot, 2)
		}
		if err := b.run(); err != nil {
			t.Fatal(err)
		}
		if got := b.rows("select basis from estimate.rates where scope_kind = 'channel' and valued_on = '2025-03-31'"); len(got) != 1 || got[0] != one.want {
			t.Errorf("%d months, error within %v: %v, want %s", one.months, one.within, got, one.want)
		}
	}
}
