package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"countinghouse/internal/figure"
)

// none stands where a mart has no value.
const none = "–"

// count writes a whole number with thousands separators.
func count(number int64) string { return figure.Thousands(strconv.FormatInt(number, 10)) }

// money writes cents (fen) as units of the currency with two decimals.
func money(cents int64) string {
	sign := ""
	if cents < 0 {
		sign = "-"
	}
	whole, rest := cents/100, cents%100
	if rest < 0 {
		whole, rest = -whole, -rest
	} else if cents < 0 {
		whole = -whole
	}
	return fmt.Sprintf("%s%s.%02d", sign, count(whole), rest)
}

// percent writes a share with one decimal; a missing one as a dash.
func percent(share *float64) string {
	if share == nil {
		return none
	}
	return fixed(*share*100, 1) + "%"
}

// decimal writes a ratio with two decimals; a missing one as a dash.
func decimal(ratio *float64) string {
	if ratio == nil {
		return none
	}
	return fixed(*ratio, 2)
}

// fixed writes so many decimals, and no sign before a zero.
func fixed(number float64, decimals int) string {
	text := strconv.FormatFloat(number, 'f', decimals, 64)
	if strings.Trim(text, "-0.") == "" {
		return strings.TrimPrefix(text, "-")
	}
	return text
}

// compact writes the labels of an axis: 0, 250k, 1.5M, 2B.
func compact(number float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "B"}, {1e6, "M"}, {1e3, "k"}} {
		if math.Abs(number) >= unit.size {
			return strconv.FormatFloat(number/unit.size, 'f', -1, 64) + unit.name
		}
	}
	return strconv.FormatFloat(number, 'f', -1, 64)
}

// share is part / whole, or nil where there is no whole.
func share(part, whole int64) *float64 {
	if whole == 0 {
		return nil
	}
	ratio := float64(part) / float64(whole)
	return &ratio
}
