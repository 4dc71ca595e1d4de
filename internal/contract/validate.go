package contract

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// problems collects what is wrong with one file.
type problems []problem

func (p *problems) add(path, format string, args ...any) {
	*p = append(*p, problem{path: path, message: fmt.Sprintf(format, args...)})
}

func (p *problems) oneOf(path, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		p.add(path, "unknown value %q, want one of %s", value, strings.Join(allowed, ", "))
	}
}

func (p *problems) pattern(path, text string) {
	if _, err := regexp.Compile(text); err != nil {
		p.add(path, "not a regular expression: %v", err)
	}
}

// reserved are the columns that every feed's rows have besides the contract's.
func reserved() []string {
	return []string{"feed", "source_file", "source_row", "exported_at", "file_no", "extra", PartNumber, PartCount, PartsUneven, BrandZone}
}

func isName(name string) bool {
	return regexp.MustCompile(`^[a-z][a-z0-9_]*$`).MatchString(name)
}

func validateDataset(file string, d *Dataset) problems {
	var found problems
	if d.Dataset != file {
		found.add("$.dataset", "must be the file's name, %q", file)
	}
	seen := map[string]bool{}
	for i, column := range d.Columns {
		at := fmt.Sprintf("$.columns[%d]", i)
		if !isName(column.Name) || slices.Contains(reserved(), column.Name) || seen[column.Name] {
			found.add(at+".name", "%q is reserved, used twice or no name (want lower case letters, digits and _)", column.Name)
		}
		seen[column.Name] = true
		if column.SQLType() == "" {
			found.oneOf(at+".type", column.Type, "text", "integer", "money", "timestamp", "date", "boolean")
		}
	}
	if len(d.Grain) == 0 {
		found.add("$", "grain is missing")
	}
	for i, name := range d.Grain {
		if !seen[name] {
			found.add(fmt.Sprintf("$.grain[%d]", i), "no column is called %q", name)
		}
	}
	return found
}

func validateContract(file string, c *Contract, datasets map[string]*Dataset) problems {
	var found problems
	if c.Feed != file || !isName(c.Feed) {
		found.add("$.feed", "must be the file's name, %q (lower case letters, digits and _)", file)
	}
	c.validateFiles(&found)
	c.validateColumns(&found)
	for _, part := range []struct {
		path  string
		names []string
	}{{"$.key", c.Key}, {"$.grain", c.Grain}} {
		c.validateNames(&found, part.path, part.names)
	}
	if rows, share := c.Rejects.Limits(); rows < 0 || share < 0 || share > 1 {
		found.add("$.rejects", "want max_rows >= 0 and max_share from 0 to 1")
	}
	c.validateRhythm(&found)
	c.validateSplit(&found)
	c.validateGives(&found, datasets)
	c.validateExample(&found)
	return found
}

func (c *Contract) validateNames(found *problems, path string, names []string) {
	for i, name := range names {
		if _, ok := c.Column(name); !ok {
			found.add(fmt.Sprintf("%s[%d]", path, i), "no column is called %q", name)
		}
	}
}

func (c *Contract) validateFiles(found *problems) {
	f := c.Files
	if len(f.Names) == 0 {
		found.add("$.files", "names is missing: say which file names the feed takes")
	}
	for i, name := range f.Names {
		if _, err := path.Match(name, ""); err != nil || strings.Contains(name, "/") {
			found.add(fmt.Sprintf("$.files.names[%d]", i), "not a pattern for a base name: %q", name)
		}
	}
	found.oneOf("$.files.container", f.Container, CSV, XLSX, JSON, JSONL)
	c.validateDialect(found)
	for i, text := range f.Drop {
		found.pattern(fmt.Sprintf("$.files.drop[%d]", i), text)
	}
	found.pattern("$.files.end", f.End)
	if f.ExportedAt != nil {
		validateExportedAt(found, *f.ExportedAt)
	}
}

func (c *Contract) validateDialect(found *problems) {
	f := c.Files
	if f.Encoding != "" {
		found.oneOf("$.files.encoding", f.Encoding, UTF8, GB18030, UTF16LE, UTF16BE, AnyEncoding)
	}
	if f.Header != "" {
		found.oneOf("$.files.header", f.Header, NoHeader)
	}
	if f.Delimiter != "" && f.Delimiter != Blanks && (utf8.RuneCountInString(f.Delimiter) != 1 || strings.ContainsAny(f.Delimiter, "\"\r\n") || len(f.Delimiter) != 1) {
		found.add("$.files.delimiter", "want one ASCII character that is no quote and no line end, or blanks")
	}
	if f.Delimiter == Blanks && f.Loose {
		found.add("$.files.loose", "between blanks there are no quotes and no empty fields to be loose about")
	}
	if f.Decimal != "" {
		found.oneOf("$.files.decimal", f.Decimal, DecimalComma)
	}
	if f.Preamble < 0 {
		found.add("$.files.preamble", "want a number of lines")
	}
	misplaced := []struct {
		key  string
		set  bool
		only []string
	}{
		{"header", f.Header != "", []string{CSV, XLSX}},
		{"delimiter", f.Delimiter != "", []string{CSV}},
		{"decimal", f.Decimal != "", []string{CSV}},
		{"loose", f.Loose, []string{CSV}},
		{"encoding", f.Encoding != "", []string{CSV, JSON, JSONL}},
		{"sheet", f.Sheet != "", []string{XLSX}},
		{"records", f.Records != "", []string{JSON, JSONL}},
		{"preamble", f.Preamble != 0, []string{CSV, XLSX}},
		{"drop", len(f.Drop) > 0, []string{CSV, XLSX}},
		{"end", f.End != "", []string{CSV, XLSX}},
	}
	for _, m := range misplaced {
		if m.set && !slices.Contains(m.only, f.Container) {
			found.add("$.files."+m.key, "only for %s", strings.Join(m.only, ", "))
		}
	}
}

func validateExportedAt(found *problems, e ExportedAt) {
	if e.FileName == "" && e.Preamble == "" && !e.Metadata {
		found.add("$.files.exported_at", "want file_name or preamble, a pattern with the time in a group, or metadata")
	}
	for key, text := range map[string]string{"file_name": e.FileName, "preamble": e.Preamble} {
		expression, err := regexp.Compile(text)
		if err != nil || text != "" && expression.NumSubexp() == 0 {
			found.add("$.files.exported_at."+key, "want a regular expression with the time in a group")
		}
	}
	if e.Layout == "" && (e.FileName != "" || e.Preamble != "") {
		found.add("$.files.exported_at", "layout is missing: digits (of a day, with or without a time), unix, or a Go layout such as 02-Jan-2006")
	}
}

func (c *Contract) validateGives(found *problems, datasets map[string]*Dataset) {
	if len(c.Gives) == 0 {
		found.add("$", "gives is missing: say which canonical datasets the rows give")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Gives)) {
		at := "$.gives." + name
		dataset, ok := datasets[name]
		if !ok {
			found.add(at, "there is no canonical dataset %q", name)
			continue
		}
		c.validateGive(found, at, c.Gives[name], dataset)
	}
}

func (c *Contract) validateGive(found *problems, at string, give Give, dataset *Dataset) {
	c.validateNames(found, at+".group_by", give.GroupBy)
	for _, column := range slices.Sorted(maps.Keys(give.Columns)) {
		if _, ok := dataset.Column(column); !ok {
			found.add(at+".columns."+column, "dataset %s has no column %q", dataset.Dataset, column)
		}
	}
	_, given := give.Columns["channel"]
	if _, has := dataset.Column("channel"); has && !given && c.Channel == "" {
		found.add(at, "channel is missing, here or at the top")
	}
	for _, name := range dataset.Grain {
		if _, given := give.Columns[name]; !given && name != "channel" && !optionalInGrain(name) {
			found.add(at, "%s is missing: it tells the rows of %s apart", name, dataset.Dataset)
		}
	}
}

// optionalInGrain are columns of a grain that may be NULL: a touch need not belong to a piece or a campaign, and most channels have one kind of points.
func optionalInGrain(name string) bool {
	return name == "content_id" || name == "campaign_id" || name == "currency"
}

func (c *Contract) validateExample(found *problems) {
	e := c.Example
	if e.Name != "" && !c.Takes(e.Name) {
		found.add("$.example.name", "%q fits none of files.names", e.Name)
	}
	for i, text := range e.Reasons {
		if strings.TrimSpace(text) == "" {
			found.add(fmt.Sprintf("$.example.reasons[%d]", i), "an empty text is found in every reason")
		}
	}
	for _, dataset := range slices.Sorted(maps.Keys(e.Gives)) {
		if _, ok := c.Gives[dataset]; !ok {
			found.add("$.example.gives."+dataset, "the feed gives no %s", dataset)
		}
	}
}

func validateZone(found *problems, path, zone string) {
	if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
		found.add(path, "unknown time zone %q", zone)
	}
}
