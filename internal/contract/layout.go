package contract

import (
	"slices"
	"strings"
)

// Layouts that are no strptime patterns.
const (
	UnixSeconds      = "unix"
	UnixMilliseconds = "unix_ms"
	UnixMicroseconds = "unix_us"
	ExcelSerial      = "excel" // days since 1899-12-30, with the time as a fraction, as spreadsheets store dates
)

// YearFromExport is the value of Column.Year for dates that are written without one: the latest that is not after the day of the export.
const YearFromExport = "from export"

// PercentUnit is the value of Column.Unit for percentages that are written without their sign: 5.3 is 5.3 %.
const PercentUnit = "percent"

// BrandZone is a column that computed columns may use besides those above them: the name of the brand's time zone, in every row the same.
const BrandZone = "brand_zone"

// HasZone says that a strptime layout reads a time zone, so that what it reads is an instant.
func HasZone(layout string) bool {
	return strings.Contains(layout, "%z") || strings.Contains(layout, "%Z")
}

// LacksYear says that a layout reads a day, but not of which year.
func LacksYear(layout string) bool {
	return reads(layout, "mbBdjUW") && !reads(layout, "YyGcxs")
}

// reads says whether a layout has one of these directives, with or without the - that lets leading zeros be missing.
func reads(layout, letters string) bool {
	directives := strings.Split(strings.ReplaceAll(layout, "%%", ""), "%")
	return slices.ContainsFunc(directives[1:], func(directive string) bool {
		directive = strings.TrimPrefix(directive, "-")
		return directive != "" && strings.IndexByte(letters, directive[0]) >= 0
	})
}
