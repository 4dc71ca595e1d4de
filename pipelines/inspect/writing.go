package inspect

import (
	"regexp"
	"slices"
	"strings"

	"countinghouse/internal/contract"
)

// A writing is how a file as a whole writes its values.
type writing struct {
	serials bool // dates may be serial numbers, as in a workbook
	comma   bool // stands before decimals
}

// commaNumber is a number such as 1.234,56, 12,5 or 8,75%; pointNumber one such as 12.50.
const (
	commaNumber = `[+-]?[€£$]?(?:[0-9]{1,3}(?:[.'\x{a0}\x{202f}][0-9]{3})+|[0-9]+)(?:,[0-9]{1,2})?[ \x{a0}]?[€%]?`
	pointNumber = `[+-]?[¥￥€£$]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)\.[0-9]{1,2}[ \x{a0}]?[€%]?`
)

// hasComma says whether a column's values are numbers, and some of them have a comma before one or two decimals, as no thousands have.
func hasComma(values []string) bool {
	number, decimals := form(commaNumber), regexp.MustCompile(`,[0-9]{1,2}[ \x{a0}]?[€%]?$`)
	return slices.ContainsFunc(values, decimals.MatchString) && !slices.ContainsFunc(values, func(value string) bool { return !number.MatchString(value) })
}

// writesComma says whether the numbers of a table have a decimal comma: a column has them, and none has numbers with a point.
func writesComma(columns [][]string) bool {
	comma, point := false, false
	expression := form(pointNumber)
	for _, cells := range columns {
		values := valuesOf(cells)
		comma = comma || hasComma(values)
		point = point || len(values) > 0 && !slices.ContainsFunc(values, func(value string) bool { return !expression.MatchString(value) })
	}
	return comma && !point
}

// pointed gives numbers with a point where the file writes a comma, so that one set of forms tells all types.
func pointed(values []string, comma bool) []string {
	if !comma {
		return values
	}
	number := form(commaNumber)
	swap := strings.NewReplacer(".", ",", ",", ".", "'", ",", "\u00a0", ",", "\u202f", ",", "\u00a0€", " €", "\u00a0%", "%")
	swapped := slices.Clone(values)
	for i, value := range swapped {
		if number.MatchString(value) {
			swapped[i] = swap.Replace(value)
		}
	}
	return swapped
}

// joinedBy gives what stands between several identifiers in one cell, as platforms write that merge the lines of an order; empty if nothing does.
func joinedBy(header string, values []string) string {
	if !identifies(header) {
		return ""
	}
	for _, by := range []string{";", "；", ",", "，", "|", "、"} {
		several := 0
		one := form(`[0-9A-Za-z_-]+(?:` + regexp.QuoteMeta(by) + `[0-9A-Za-z_-]+)*`)
		for _, value := range values {
			if !one.MatchString(value) {
				several = -1
				break
			}
			if strings.Contains(value, by) {
				several++
			}
		}
		if several > 0 {
			return by
		}
	}
	return ""
}

// decimal is what a contract says of the file's numbers.
func (r *Report) decimal() string {
	if r.Comma && r.Container == contract.CSV {
		return contract.DecimalComma
	}
	return ""
}
