package contract

import (
	"fmt"
	"slices"
	"strings"
)

func types() []string {
	return []string{
		string(Text), string(ID), string(Integer), string(Count), string(Money), string(Decimal), string(Percent),
		string(Boolean), string(Date), string(Timestamp), string(Enum), string(Phone), string(Email),
	}
}

func (c *Contract) validateColumns(found *problems) {
	if len(c.Columns) == 0 {
		found.add("$", "columns is missing")
	}
	names := map[string]bool{}
	headers := map[string]string{}
	for i, column := range c.Columns {
		at := fmt.Sprintf("$.columns[%d]", i)
		if !isName(column.Name) || slices.Contains(reserved(), column.Name) || names[column.Name] {
			found.add(at+".name", "%q is reserved, used twice or no name (want lower case letters, digits and _)", column.Name)
		}
		names[column.Name] = true
		for _, header := range column.Header {
			normal := NormalHeader(header)
			if other, taken := headers[normal]; taken && other != column.Name || normal == "" {
				found.add(at+".header", "header %q is empty or already read by column %q", header, other)
			}
			headers[normal] = column.Name
		}
		column.validate(found, at)
		column.validatePlace(found, at, c.Files)
	}
	if _, fields := c.ByPlace(); !c.Files.HasHeader() && !slices.ContainsFunc(fields, func(field int) bool { return field >= 0 }) {
		found.add("$.columns", "no column has a cell to read")
	}
}

func (c Column) validate(found *problems, at string) {
	found.oneOf(at+".type", string(c.Type), types()...)
	if c.Computed() && (c.Required || c.Empty != "" || len(c.Nulls) > 0 || len(c.Layouts) > 0 || c.Zone != "" || c.Unit != "" || len(c.Values) > 0) {
		found.add(at, "column %q is computed: it has no cell to read", c.Name)
	}
	found.oneOf(at+".empty", c.Empty, "", "keep", "refuse")
	c.validateTypeOptions(found, at)
}

// validatePlace checks what says where the column's cells are.
func (c Column) validatePlace(found *problems, at string, files Files) {
	if files.HasHeader() {
		if c.Computed() == (len(c.Header) > 0) {
			found.add(at, "column %q wants either header or value", c.Name)
		}
		return
	}
	if len(c.Header) > 0 {
		found.add(at+".header", "column %q is read by its place: the files have no header", c.Name)
	}
	if c.Required && !c.Computed() {
		found.add(at+".required", "without a header every line has every column; for a value in every line write empty: refuse")
	}
}

func (c Column) validateTypeOptions(found *problems, at string) {
	only := func(key string, set bool, of ...Type) {
		if set && !slices.Contains(of, c.Type) {
			found.add(at+"."+key, "%s is not for type %s", key, c.Type)
		}
	}
	only("scale", c.Scale != 0, Decimal)
	only("unit", c.Unit != "", Money, Percent)
	only("layouts", len(c.Layouts) > 0, Date, Timestamp)
	only("year", c.Year != "", Date, Timestamp)
	only("zone", c.Zone != "", Timestamp)
	only("values", len(c.Values) > 0, Enum)
	only("other", c.Other != nil, Enum)
	if c.Scale < 0 || c.Scale > 12 {
		found.add(at+".scale", "want a scale from 0 to 12")
	}
	if c.Unit != "" && c.Type == Percent {
		found.oneOf(at+".unit", c.Unit, PercentUnit)
	} else if c.Unit != "" {
		found.oneOf(at+".unit", c.Unit, "yuan", "fen")
	}
	if c.Zone != "" {
		validateZone(found, at+".zone", c.Zone)
	}
	if c.Type == Enum && len(c.Values) == 0 && !c.Computed() {
		found.add(at, "column %q is an enum without values", c.Name)
	}
	c.validateLayouts(found, at)
}

// validateLayouts also sees to it that no date is read as one of the year 1900 because nothing tells its year.
func (c Column) validateLayouts(found *problems, at string) {
	if c.Year != "" {
		found.oneOf(at+".year", c.Year, YearFromExport)
	}
	yearless := 0
	for i, layout := range c.Layouts {
		here := fmt.Sprintf("%s.layouts[%d]", at, i)
		known := slices.Contains([]string{UnixSeconds, UnixMilliseconds, UnixMicroseconds, ExcelSerial}, layout)
		switch {
		case !strings.Contains(layout, "%") && !known:
			found.add(here, "want a strptime layout such as %%Y-%%m-%%d, unix, unix_ms, unix_us or excel")
		case !LacksYear(layout):
		case HasZone(layout) || c.Year == "":
			found.add(here, "%q tells no year: if the channel writes none, say year: from export", layout)
		default:
			yearless++
		}
	}
	if c.Year != "" && yearless == 0 {
		found.add(at+".year", "every layout tells the year already")
	}
}
