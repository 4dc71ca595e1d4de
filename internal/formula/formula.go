// Package formula keeps spreadsheets from running what stands in a CSV file.
package formula

import "strings"

// Guard is text as a cell of a CSV file that a spreadsheet takes for text and not for a formula: what begins like one gets an apostrophe in
// front (OWASP, CSV injection). Line ends and TABs within it stay: they are quoted.
func Guard(text string) string {
	trimmed := strings.TrimLeft(text, " \u00a0\u3000")
	if trimmed != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠|%", []rune(trimmed)[0]) {
		return "'" + text
	}
	return text
}
