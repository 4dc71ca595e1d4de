package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// rule is what a column of the points programme may hold, to say so before anything is made with it.
type rule struct {
	column, flag string // the flag that sets the column; empty: --set
	allowed      string // in words
	fits         func(value string) bool
}

// mostDays bounds a number of days, far beyond any programme.
const mostDays = 100_000

func simulatedRules() []rule {
	days := func(column, flag string) rule {
		return rule{column, flag, fmt.Sprintf("a whole number of days from 0 to %d", mostDays), whole(0, mostDays)}
	}
	return []rule{
		days("validity_days", "--validity-days"), days("grace_days", ""), days("pending_days", ""),
		{"redemption_points", "--redemption-points", "a whole number of points from 1 to 1000000000", whole(1, 1_000_000_000)},
		{"expected_redemption_rate", "--redemption-rate", "a share from 0 to 1, such as 0.6", number(0, 1)},
		oneOf("burn_order", "--burn-order", "first_expiring", "oldest_first"),
		oneOf("validity", "", "rolling", "calendar_year", "activity"),
		oneOf("negative_balance", "", "arrears", "refuse"),
		oneOf("recredit_to", "", "same_lot", "new_lot"),
		oneOf("transfer_expiry", "", "keep", "renew"),
		oneOf("earning_base", "", "goods", "paid"),
		oneOf("rounding", "", "down", "nearest", "up"),
		{"product_cost_rate", "", "a number from 0 to 999, such as 0.4", number(0, 999)},
		{"points_per_unit", "", "a number from 0 to 1000000", number(0, 1_000_000)},
		{"standalone_price_per_point", "", "a number from 0 to 1000000", number(0, 1_000_000)},
	}
}

func oneOf(column, flag string, values ...string) rule {
	return rule{column, flag, strings.Join(values, ", "), func(value string) bool { return slices.Contains(values, value) }}
}

func whole(least, most int64) func(string) bool {
	return func(value string) bool {
		given, err := strconv.ParseInt(value, 10, 64)
		return err == nil && least <= given && given <= most
	}
}

func number(least, most float64) func(string) bool {
	return func(value string) bool {
		given, err := strconv.ParseFloat(value, 64)
		return err == nil && least <= given && given <= most
	}
}

// checkRules says which flag has a value that the programme cannot have, and what it may be.
func checkRules(values map[string]string) error {
	for _, one := range simulatedRules() {
		value, given := values[one.column]
		if !given || one.fits(value) {
			continue
		}
		flag := one.flag
		if flag == "" {
			flag = "--set " + one.column
		}
		return fmt.Errorf("simulate: %s: want %s, got %q", flag, one.allowed, value)
	}
	for _, column := range []string{"valid_from", "currency"} {
		if _, given := values[column]; given {
			return fmt.Errorf("simulate: --set %s: it says which row a rule stands in, and is no rule", column)
		}
	}
	return nil
}
