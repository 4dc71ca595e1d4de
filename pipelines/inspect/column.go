package inspect

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/reader"
)

// A Column is what the sample says of one column.
type Column struct {
	Header     string        `json:"header"`
	Type       contract.Type `json:"type"`
	Scale      int           `json:"scale,omitempty"`
	Layouts    []string      `json:"layouts,omitempty"`
	Guards     []string      `json:"guards,omitempty"` // what spreadsheets are kept off with
	Nulls      []string      `json:"nulls,omitempty"`  // spellings of "no value"
	Empty      int           `json:"empty"`            // cells of the sample without a value, Nulls among them
	Distinct   int           `json:"distinct"`
	Identifier bool          `json:"identifier,omitempty"` // every row of the sample has another value
	Comma      bool          `json:"comma,omitempty"`      // numbers are written 1.234,56
	Joined     string        `json:"joined,omitempty"`     // what stands between several identifiers in one cell
	Personal   string        `json:"personal,omitempty"`   // why it is taken for personal data; empty: it is not
	Examples   []string      `json:"examples"`             // masked where personal
}

// describe looks at the cells of one column, in a file written as told.
func describe(header string, cells []string, in writing) Column {
	column := Column{Header: header, Examples: []string{}}
	seen := map[string]bool{}
	values := valuesOf(cells)
	for _, cell := range cells {
		value := string(reader.Strip([]byte(cell)))
		if guard := guardOf(cell, value); guard != "" && !slices.Contains(column.Guards, guard) {
			column.Guards = append(column.Guards, guard)
		}
		if isNull(value) && value != "" && !slices.Contains(column.Nulls, value) {
			column.Nulls = append(column.Nulls, value)
		}
		if isNull(value) {
			column.Empty++
			continue
		}
		seen[value] = true
	}
	slices.Sort(column.Nulls)
	column.Distinct = len(seen)
	column.Comma = hasComma(values)
	if column.guess(pointed(values, in.comma), in.serials); column.Type == contract.Text {
		column.Joined = joinedBy(header, values)
	}
	named := column.Type == contract.ID || column.Type == contract.Email || column.Type == contract.Text && identifies(header)
	column.Identifier = named && len(values) > 1 && len(seen) == len(cells)
	if column.Personal = personal(header, values); column.measures() && column.Personal != "birthday" {
		column.Personal = "" // when somebody paid, and how much, is not who
	}
	for _, value := range values {
		if example := mask(value, column.Personal); len(column.Examples) < 3 && !slices.Contains(column.Examples, example) {
			column.Examples = append(column.Examples, shortened(example))
		}
	}
	return column
}

// valuesOf are the cells that hold a value, stripped.
func valuesOf(cells []string) []string {
	var values []string
	for _, cell := range cells {
		if value := string(reader.Strip([]byte(cell))); !isNull(value) {
			values = append(values, value)
		}
	}
	return values
}

// measures says that the cells are amounts, counts or times.
func (c Column) measures() bool {
	switch c.Type {
	case contract.Text, contract.ID, contract.Phone, contract.Email:
		return false
	}
	return true
}

// guardOf names what was taken away from a cell.
func guardOf(cell, value string) string {
	switch trimmed := strings.Trim(cell, " "); {
	case cell == value || trimmed == value:
		return ""
	case strings.HasPrefix(trimmed, "="):
		return `="…"`
	case strings.HasPrefix(trimmed, "'"):
		return "'"
	case strings.HasPrefix(trimmed, "`"):
		return "`"
	case strings.ContainsRune(trimmed, '\t'):
		return "TAB"
	}
	return "blanks"
}

func isNull(value string) bool {
	switch value {
	case "", "-", "--", "/", "—", "N/A", "n/a", "NULL", "null", "undefined", "\\N":
		return true
	}
	return false
}

// longest is how many characters of an example are shown.
const longest = 40

func shortened(text string) string {
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest-1]) + "…"
	}
	return text
}

// A form is what all cells of a type look like. The forms are narrower than what contracts read: what a draft says must hold.
func form(pattern string) *regexp.Regexp { return regexp.MustCompile("^(?:" + pattern + ")$") }

const thousands = `[0-9]{1,3}(?:,[0-9]{3})+|0|[1-9][0-9]{0,14}`

// guess finds the narrowest type that every value fits.
func (c *Column) guess(values []string, serials bool) {
	all := func(pattern string) bool {
		expression := form(pattern)
		return len(values) > 0 && !slices.ContainsFunc(values, func(value string) bool { return !expression.MatchString(value) })
	}
	c.Type = contract.Text
	switch {
	case len(values) == 0:
	case c.times(values) || serials && c.serialDates(all):
	case all(`[^@\s]+@[^@\s]+\.[A-Za-z]+`):
		c.Type = contract.Email
	case all(`(?:\+?86[ -]?)?1[3-9][0-9*]{9}`):
		c.Type = contract.Phone
	case all(`是|否`) || all(`(?i:true|false)`) || all(`(?i:yes|no)`) || all(`[YN]`):
		c.Type = contract.Boolean
	case identifies(c.Header) && all(`[0-9A-Za-z_-]+`) && !all(`[0-9](?:\.[0-9]+)?[eE]\+?[0-9]+`):
		c.Type = contract.ID
	case all(`[+-]?(?:` + thousands + `)(?:\.[0-9]+)?[%]`):
		c.Type = contract.Percent
	case all(`-?(?:`+thousands+`)`) && !amount(c.Header):
		c.Type = contract.Integer
	case all(`-?[¥￥€£$]?(?:` + thousands + `)(?:\.[0-9]{1,2})?(?: ?€)?`):
		c.Type = contract.Money
	case all(`-?(?:0|[1-9][0-9]{0,5})(?:\.[0-9]{1,12})?`):
		c.Type, c.Scale = contract.Decimal, decimals(values)
	case all(`(?:[0-9]+|[0-9]+\.[0-9]{1,3})(?:万|w)?`) && !all(`[0-9.]+`):
		c.Type = contract.Count
	case all(`[0-9]{12,}`):
		c.Type = contract.ID
	}
}

func decimals(values []string) int {
	most := 0
	for _, value := range values {
		if _, behind, found := strings.Cut(value, "."); found {
			most = max(most, len(behind))
		}
	}
	return most
}

func identifies(header string) bool {
	return form(`.*(?:号|编号|编码|代码|订单|单号|流水|(?:^|[ _])id|ID|Id|code|Code|number|Number|sku|SKU|no\.?|handle|Handle)`).MatchString(header)
}

func amount(header string) bool {
	return regexp.MustCompile(`金额|价|款|费|元|余额|(?i:amount|price|total|fee|cost|paid|sales|tax|revenue)`).MatchString(header)
}

// layouts are the strptime layouts that are tried, each with its Go form and what it must look like.
func layouts() []struct {
	kind               contract.Type
	layout, inGo, like string
} {
	return []struct {
		kind               contract.Type
		layout, inGo, like string
	}{
		{contract.Timestamp, "%Y-%m-%d %H:%M:%S", "2006-01-02 15:04:05", `[12][0-9]{3}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}`},
		{contract.Timestamp, "%Y/%m/%d %H:%M:%S", "2006/01/02 15:04:05", `[12][0-9]{3}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}`},
		{contract.Timestamp, "%Y-%m-%dT%H:%M:%S%z", "2006-01-02T15:04:05Z07:00", `[12][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[+-][0-9]{2}:[0-9]{2}`},
		{contract.Timestamp, "%Y-%m-%d %H:%M:%S %z", "2006-01-02 15:04:05 -0700", `[12][0-9]{3}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{4}`},
		{contract.Timestamp, "%Y-%m-%d %H:%M", "2006-01-02 15:04", `[12][0-9]{3}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}`},
		{contract.Timestamp, "%Y/%m/%d %H:%M", "2006/01/02 15:04", `[12][0-9]{3}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}`},
		{contract.Date, "%Y-%m-%d", "2006-01-02", `[12][0-9]{3}-[0-9]{2}-[0-9]{2}`},
		{contract.Date, "%Y/%m/%d", "2006/01/02", `[12][0-9]{3}/[0-9]{2}/[0-9]{2}`},
		{contract.Date, "%Y%m%d", "20060102", `(?:19|20)[0-9]{6}`},
		{contract.Date, "%Y年%m月%d日", "2006年01月02日", `[12][0-9]{3}年[0-9]{2}月[0-9]{2}日`},
		{contract.Timestamp, "%d.%m.%Y %H:%M:%S", "02.01.2006 15:04:05", `[0-9]{2}\.[0-9]{2}\.[12][0-9]{3} [0-9]{2}:[0-9]{2}:[0-9]{2}`},
		{contract.Date, "%d.%m.%Y", "02.01.2006", `[0-9]{2}\.[0-9]{2}\.[12][0-9]{3}`},
	}
}

// times says whether all values are times or dates of one layout.
func (c *Column) times(values []string) bool {
	for _, known := range layouts() {
		expression := form(known.like)
		fits := !slices.ContainsFunc(values, func(value string) bool {
			_, err := time.Parse(known.inGo, value)
			return err != nil || !expression.MatchString(value)
		})
		if fits {
			c.Type, c.Layouts = known.kind, []string{known.layout}
			return true
		}
	}
	return false
}

// serialDates says whether a workbook's numbers are days since 1900, which their column's name must say.
func (c *Column) serialDates(all func(pattern string) bool) bool {
	if !regexp.MustCompile(`时间|日期|(?i:date|time)|[^a-z]at$`).MatchString(c.Header) || !all(`[2-7][0-9]{4}(?:\.[0-9]+)?`) {
		return false
	}
	c.Type = contract.Timestamp
	return true
}
