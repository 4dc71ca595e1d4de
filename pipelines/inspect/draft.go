package inspect

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/reader"
)

// A drafting writes a contract of what was found.
type drafting struct {
	table   *table
	report  Report
	feed    string
	names   []string // of the columns, empty for those that cannot be read
	pattern string   // of file names
	text    strings.Builder
}

// draft writes a contract for the file, which a person has to finish: what its columns mean is a guess from their names. It loads as it stands, and
// its example passes.
func draft(t *table, report Report, base, feed string) string {
	d := &drafting{table: t, report: report, feed: feed, pattern: patternOf(base)}
	if d.feed == "" {
		d.feed = slug(strings.SplitN(base, ".", 2)[0])
	}
	if d.feed == "" {
		d.feed = "new_feed"
	}
	d.nameColumns()
	d.line("# A draft: look at every line that says so, and at what the columns mean.")
	d.line("feed: %s", d.feed)
	d.line("about: One row of %s.  # say what a row is", quote(base))
	d.line("channel: %s", d.feed)
	d.files()
	if key := d.key(); key >= 0 {
		d.line("key: [%s]  # what a newer export replaces: is it %s?", d.names[key], quote(report.Columns[key].Header))
	}
	d.columns()
	d.gives()
	d.example()
	return d.text.String()
}

func (d *drafting) line(format string, args ...any) {
	fmt.Fprintf(&d.text, format+"\n", args...)
}

// quote writes a text as YAML on one line: JSON is YAML.
func quote(text string) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		return `""`
	}
	return strings.TrimSpace(out.String())
}

// patternOf replaces the numbers of a file's name: they are a date, or count downloads.
func patternOf(base string) string {
	escaped := regexp.MustCompile(`[][*?\\]`).ReplaceAllString(base, "?")
	pattern := regexp.MustCompile(`[0-9][0-9 _.:-]*[0-9]|[0-9]+`).ReplaceAllString(strings.TrimSuffix(escaped, ".gz"), "*")
	if extension := path.Ext(escaped); !strings.Contains(pattern, "*") && extension != "" && extension != ".gz" {
		pattern = strings.TrimSuffix(pattern, extension) + "*" + extension
	}
	return pattern
}

func (d *drafting) files() {
	d.line("files:")
	d.line("  names: [%s]", quote(d.pattern))
	d.line("  container: %s", d.report.Container)
	switch d.report.Container {
	case contract.XLSX:
		d.line("  sheet: %s", quote(d.report.Sheet))
	default:
		if d.report.Encoding != contract.UTF8 {
			d.line("  encoding: %s", d.report.Encoding)
		}
	}
	if d.report.Container == contract.CSV && d.report.Delimiter != "," {
		d.line("  delimiter: %s", quote(d.report.Delimiter))
	}
	if decimal := d.report.decimal(); decimal != "" {
		d.line("  decimal: %s  # numbers are written 1.234,56", decimal)
	}
	if d.report.Records != "" && d.report.Records != "[]" {
		d.line("  records: %s", quote(d.report.Records))
	}
	if d.report.Preamble > 0 {
		d.line("  preamble: %d  # lines in which the header is looked for", d.report.HeaderLine+5)
	}
}

// nameColumns gives each column that has a header of its own a name.
func (d *drafting) nameColumns() {
	d.names = make([]string, len(d.report.Columns))
	headers := map[string]int{}
	for _, column := range d.report.Columns {
		headers[contract.NormalHeader(column.Header)]++
	}
	used := map[string]bool{}
	for i, column := range d.report.Columns {
		normal := contract.NormalHeader(column.Header)
		if normal == "" || headers[normal] > 1 {
			continue
		}
		name := columnName(column.Header)
		if name == "" || used[name] {
			name = fmt.Sprintf("column_%d", i+1)
		}
		used[name], d.names[i] = true, name
	}
}

// columnName is a name for a header: the usual one where its meaning is plain, or made of its own letters; empty if it has none.
func columnName(header string) string {
	for _, known := range []struct{ pattern, name string }{
		{`^(订单编?号|主订单编?号|交易单?号|order ?_?(id|no|number)\.?)$`, "order_id"},
		{`实付|实收|应付金额|买家应付`, "paid_amount"},
		{`^(订单|买家)?(付款|支付)时间`, "paid_at"},
		{`^(下单|创建|订单创建|交易)时间`, "ordered_at"},
		{`订单状态|交易状态`, "status"},
		{`手机`, "phone"},
		{`邮箱`, "email"},
		{`^商品(名称|标题)`, "product"},
		{`^(商品)?数量$`, "quantity"},
		{`^单价`, "price"},
		{`退款金额`, "refund_amount"},
		{`姓名`, "name"},
	} {
		if regexp.MustCompile("(?i)" + known.pattern).MatchString(contract.NormalHeader(header)) {
			return known.name
		}
	}
	if strings.ContainsFunc(header, func(r rune) bool { return r > unicode.MaxASCII && unicode.IsLetter(r) }) {
		return "" // of a name in Chinese, what is left in Latin letters says little
	}
	return slug(header)
}

// slug makes a name of the ASCII letters and digits of a text; what SQL or every feed has a use for gets a tail.
func slug(text string) string {
	name := strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(text), "_"), "_")
	if name == "" || name[0] < 'a' || name[0] > 'z' {
		return ""
	}
	if slices.Contains(strings.Fields(`feed source_file source_row exported_at file_no all and any as asc both case cast check column create default
		desc distinct do else end except false fetch for foreign from grant group having in initially intersect into is lateral leading limit not null
		offset on only or order pivot placing primary qualify references returning select show some summarize symmetric table then to trailing true
		union unique unpivot user using variadic when where window with like ilike isnull notnull describe analyse analyze`), name) {
		name += "_value"
	}
	return name
}

// key is the column that tells what the rows describe: the first identifier with a value in every row, and best one for orders; -1 if none is.
func (d *drafting) key() int {
	best := -1
	for i, column := range d.report.Columns {
		switch {
		case d.names[i] == "" || column.Empty > 0 || column.Type != contract.ID && !column.Identifier:
		case d.names[i] == "order_id":
			return i
		case best < 0 && column.Personal == "":
			best = i
		}
	}
	return best
}

func (d *drafting) columns() {
	d.line("columns:")
	key := d.key()
	first := slices.IndexFunc(d.names, func(name string) bool { return name != "" })
	for i, column := range d.report.Columns {
		if d.names[i] == "" {
			d.line("  # %s is no header of its own: it is not read", quote(column.Header))
			continue
		}
		parts := []string{"name: " + d.names[i], "header: [" + quote(column.Header) + "]", "type: " + string(column.Type)}
		if column.Type == contract.Decimal {
			parts = append(parts, fmt.Sprintf("scale: %d", column.Scale))
		}
		if len(column.Layouts) > 0 {
			parts = append(parts, "layouts: ["+quote(column.Layouts[0])+"]")
		}
		if len(column.Nulls) > 0 {
			nulls := make([]string, len(column.Nulls))
			for at, null := range column.Nulls {
				nulls[at] = quote(null)
			}
			parts = append(parts, "nulls: ["+strings.Join(nulls, ", ")+"]")
		}
		if i == key || key < 0 && i == first || column.Empty == 0 && (column.Type == contract.Money || column.Type == contract.Timestamp) {
			parts = append(parts, "required: true")
		}
		if column.Personal != "" {
			parts = append(parts, "personal: true")
		}
		d.line("  - {%s}%s", strings.Join(parts, ", "), remark(column))
	}
}

func remark(column Column) string {
	if len(column.Layouts) > 0 && column.Type == contract.Timestamp && !strings.Contains(column.Layouts[0], "%S") {
		return "  # without seconds: has a spreadsheet cut them?"
	}
	if column.Joined != "" {
		return fmt.Sprintf("  # several in one cell, joined by %s: see split in docs/FEEDS.md", quote(column.Joined))
	}
	if column.Comma && column.Type == contract.Text {
		return "  # numbers with a decimal comma"
	}
	return ""
}

// gives guesses orders: most exports are, and a person has to say it anyway.
func (d *drafting) gives() {
	given := []string{"order_id: " + cmp.Or(d.named("order_id"), d.keyName(), "source_file || ':' || source_row")}
	if name := cmp.Or(d.named("ordered_at"), d.named("paid_at"), d.ofType(contract.Timestamp)); name != "" {
		given = append(given, "ordered_at: "+name)
	}
	if name := d.named("paid_at"); name != "" {
		given = append(given, "paid_at: "+name)
	}
	if name := cmp.Or(d.named("paid_amount"), d.ofType(contract.Money)); name != "" {
		given = append(given, "paid_amount: "+name)
	}
	d.line("gives:  # say what the rows give: see schemas/datasets")
	d.line("  orders:")
	d.line("    columns:")
	for _, each := range given {
		name, expression, _ := strings.Cut(each, ": ")
		d.line("      %s: %s", name, quote(expression))
	}
}

// named is the column of that name, if its type is what the name promises.
func (d *drafting) named(name string) string {
	at := slices.Index(d.names, name)
	if at < 0 {
		return ""
	}
	kind := d.report.Columns[at].Type
	if strings.HasSuffix(name, "_at") && kind != contract.Timestamp || strings.HasSuffix(name, "_amount") && kind != contract.Money {
		return ""
	}
	return name
}

func (d *drafting) keyName() string {
	if key := d.key(); key >= 0 {
		return d.names[key]
	}
	return ""
}

func (d *drafting) ofType(kind contract.Type) string {
	for i, column := range d.report.Columns {
		if column.Type == kind && d.names[i] != "" {
			return d.names[i]
		}
	}
	return ""
}

// exampleRows is how many rows the example has.
const exampleRows = 2

// example makes up a file of the first rows: what is personal, or an identifier, is nobody's. A record of JSON has no example: its shape is not
// in a table.
func (d *drafting) example() {
	if d.report.Container == contract.JSON || d.report.Container == contract.JSONL {
		return
	}
	var text strings.Builder
	for range d.report.Preamble {
		text.WriteString("…\n")
	}
	writer := csv.NewWriter(&text)
	if d.report.Container == contract.CSV {
		writer.Comma = d.table.delimiter
	}
	records := [][]string{headers(d.report.Columns)}
	for _, row := range d.table.rows[:min(len(d.table.rows), exampleRows)] {
		records = append(records, d.madeUp(row))
	}
	for _, record := range records {
		if err := writer.Write(record); err != nil {
			return
		}
	}
	writer.Flush()
	d.line("example:")
	d.line("  name: %s", quote(strings.ReplaceAll(strings.ReplaceAll(d.pattern, "*", "1"), "?", "1")))
	d.line("  file: %s", quote(text.String()))
	d.line("  accepted: %d", len(records)-1)
}

func headers(columns []Column) []string {
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = column.Header
	}
	return names
}

func (d *drafting) madeUp(row []string) []string {
	record := make([]string, len(d.report.Columns))
	for i, column := range d.report.Columns {
		if i >= len(row) {
			continue
		}
		record[i] = string(reader.Strip([]byte(row[i])))
		text := column.Type == contract.Text || column.Type == contract.ID || column.Type == contract.Phone || column.Type == contract.Email
		if text && !isNull(record[i]) && (column.Personal != "" || column.Identifier || column.Type == contract.ID) {
			record[i] = fmt.Sprint(madeUp(record[i]))
		}
	}
	return record
}
