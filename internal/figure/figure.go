// Package figure writes numbers for reading.
package figure

import "strings"

// Thousands parts the thousands of a number by commas: "-1234567.5" is "-1,234,567.5". The text is digits with a sign and decimals, or without either.
func Thousands(text string) string {
	whole, decimals, hasDecimals := strings.Cut(text, ".")
	digits := strings.TrimLeft(whole, "+-")
	var parted strings.Builder
	parted.WriteString(whole[:len(whole)-len(digits)])
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			parted.WriteByte(',')
		}
		parted.WriteByte(digits[i])
	}
	if hasDecimals {
		parted.WriteByte('.')
		parted.WriteString(decimals)
	}
	return parted.String()
}
