package warehouse

import (
	"strconv"
	"strings"
)

// Bytes reads a memory limit as it is written in DuckDB's settings, such as 4GB or 500MiB; false: it is none, or a share of a machine's memory.
func Bytes(limit string) (bytes float64, ok bool) {
	limit = strings.ToUpper(strings.TrimSpace(limit))
	digits := strings.TrimRight(limit, "KMGTIB ")
	number, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return 0, false
	}
	unit := strings.TrimSpace(limit[len(digits):])
	base := 1000.0
	if strings.HasSuffix(unit, "IB") {
		base = 1024
	}
	for _, letter := range "KMGT" {
		number *= base
		if strings.HasPrefix(unit, string(letter)) {
			return number, true
		}
	}
	return 0, false
}
