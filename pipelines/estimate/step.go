package estimate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"countinghouse/internal/warehouse"

	"github.com/apache/arrow-go/v18/arrow"
)

// Writer opens a table for writing.
type Writer func(table string, schema *arrow.Schema) *warehouse.BatchWriter

// Run reads the session's ledger and writes every one of Tables.
func Run(ctx context.Context, session *warehouse.Session, write Writer) error {
	in, err := read(ctx, session)
	if err != nil {
		return fmt.Errorf("estimate: %w", err)
	}
	var rates []*rate
	var expectations []expectation
	for _, currency := range in.currencies() {
		some, expected, err := in.of(currency).estimates()
		if err != nil {
			return fmt.Errorf("estimate: %s: %w", currency, err)
		}
		for _, r := range some {
			r.currency = currency
		}
		for i := range expected {
			expected[i].currency = currency
		}
		rates, expectations = append(rates, some...), append(expectations, expected...)
	}
	return errors.Join(writeRates(write, rates), writeVintages(write, expectations))
}

// The kinds of scope that have a rate.
const (
	scopeAll     = "all"
	scopeChannel = "channel"
	scopeTier    = "tier"
)

// estimates are, of one currency, the rates of every scope at every valuation, and what they make of each vintage of a channel. Tiers are those held today, so
// only today's rate of them is told.
func (in *input) estimates() ([]*rate, []expectation, error) {
	all := vintages(in.cells, func(*cell) bool { return true })
	channels := in.names(func(c *cell) string { return c.channel })
	tiers := in.names(func(c *cell) string { return c.tier })
	days := valuations(in.cells, in.settings.asOf)
	var rates []*rate
	var expectations []expectation
	for i, v := range days {
		whole, err := in.scoped(v, scopeAll, "all", all, nil)
		if err != nil {
			return nil, nil, err
		}
		rates = append(rates, whole)
		for _, name := range channels {
			own := vintages(in.cells, func(c *cell) bool { return c.channel == name })
			r, err := in.scoped(v, scopeChannel, name, own, whole)
			if err != nil {
				return nil, nil, err
			}
			rates = append(rates, r)
			expectations = append(expectations, in.expectations(r, name)...)
		}
		for _, name := range tiers {
			if i < len(days)-1 {
				break
			}
			own := vintages(in.cells, func(c *cell) bool { return c.tier == name })
			r, err := in.scoped(v, scopeTier, name, own, whole)
			if err != nil {
				return nil, nil, err
			}
			rates = append(rates, r)
		}
	}
	return rates, expectations, nil
}

// scoped is the rate of a scope with what is used of it; whole is that of all, nil for itself.
func (in *input) scoped(v valuation, kind, scope string, own []*vintage, whole *rate) (*rate, error) {
	r, err := in.estimate(v, kind, scope, own)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", kind, scope, err)
	}
	if whole == nil {
		whole = &r
	}
	r.choose(in, whole)
	return &r, nil
}

// expectations are those of a channel's vintages that had been issued: of points that a sale issued, and of others.
func (in *input) expectations(r *rate, channel string) []expectation {
	var made []expectation
	for _, withSale := range []bool{false, true} {
		for _, v := range vintages(in.cells, func(c *cell) bool { return c.channel == channel && c.withSale == withSale }) {
			if v.issued <= r.month {
				made = append(made, r.expect(v, channel, withSale))
			}
		}
	}
	return made
}

func (in *input) names(of func(*cell) string) []string {
	var names []string
	for i := range in.cells {
		names = append(names, of(&in.cells[i]))
	}
	slices.Sort(names)
	return slices.Compact(names)
}
