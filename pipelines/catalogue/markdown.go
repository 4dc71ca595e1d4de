package catalogue

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Markdown makes a README with every table and feed, and one file for each of them. Text of headers is escaped: it makes no link, no heading and
// no HTML.
func Markdown(c Catalogue) ([]File, error) {
	m := &markdown{Catalogue: c, network: newNetwork(c)}
	files := []File{{"README.md", m.readme()}}
	for i := range c.Tables {
		files = append(files, File{markdownPage(tablePage(c.Tables[i].Name)), m.table(&c.Tables[i])})
	}
	for i := range c.Feeds {
		files = append(files, File{markdownPage(feedPage(c.Feeds[i].Name)), m.feed(&c.Feeds[i])})
	}
	var catalogue bytes.Buffer
	if err := WriteJSON(&catalogue, c); err != nil {
		return nil, err
	}
	return append(files, File{MarkFile, catalogue.Bytes()}), nil
}

func markdownPage(page string) string { return strings.TrimSuffix(page, ".html") + ".md" }

type markdown struct {
	Catalogue
	network network
}

func (m *markdown) readme() []byte {
	var out bytes.Buffer
	title := m.Brand
	if title == "" {
		title = "Countinghouse"
	}
	fmt.Fprintf(&out, "# %s\n\nEnvironment %s", plain(title), plain(m.Environment.Name))
	if m.Environment.Version > 0 {
		fmt.Fprintf(&out, ", as of %s, version %d, published %s", m.Environment.AsOf, m.Environment.Version, moment(m.Environment.PublishedAt))
	}
	out.WriteString(".\n")
	for _, group := range groupsBySchema(m.Tables) {
		fmt.Fprintf(&out, "\n## %s\n\n", plain(strings.TrimSpace(group.Name+" "+group.Zh)))
		grid(&out, []string{"table", "中文", "a row is", "owner", "rows"}, func(row func(...string)) {
			for _, table := range group.Tables {
				row(m.link("", vertex{table.Name, false}), plain(table.Chinese), plain(firstSentence(table.About)), plain(table.Owner), rowsOf(table))
			}
		})
	}
	out.WriteString("\n## Feeds\n\n")
	grid(&out, []string{"feed", "中文", "files", "gives", "landed"}, func(row func(...string)) {
		for _, feed := range m.Feeds {
			var gives []string
			for _, give := range feed.Gives {
				gives = append(gives, m.link("", vertex{"dataset." + give.Dataset, false}))
			}
			row(m.link("", vertex{feed.Name, true}), plain(feed.Chinese), code(strings.Join(feed.Names, ", ")), strings.Join(gives, ", "), count(int64(feed.Received.Files)))
		}
	})
	out.WriteString("\n## Parameters\n\n")
	grid(&out, []string{"parameter", "中文", "type", "value", "what it is"}, func(row func(...string)) {
		for _, parameter := range m.Parameters {
			row(code(parameter.Name), plain(parameter.Chinese), plain(parameter.Type), code(parameter.Value), plain(parameter.About))
		}
	})
	return out.Bytes()
}

func rowsOf(table *Table) string {
	if table.Built == nil {
		return "–"
	}
	return rows(table.Built.Rows)
}

func (m *markdown) table(table *Table) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "# %s\n\n", plain(strings.TrimSpace(table.Name+" "+table.Chinese)))
	fmt.Fprintf(&out, "%s\n\n", plain(table.About))
	for _, fact := range tableFacts(table) {
		fmt.Fprintf(&out, "- %s: %s\n", fact[0], fact[1])
	}
	out.WriteString("\n## Columns\n\n")
	grid(&out, []string{"column", "中文", "type", "unit", "what it is", "from"}, func(row func(...string)) {
		for _, column := range table.Columns {
			row(code(column.Name), plain(column.Chinese), plain(column.Type), plain(column.Unit), plain(column.About), sources(column.Sources))
		}
	})
	m.names(&out, "Made from", append(m.vertices(table.Inputs, false), m.vertices(table.Feeds, true)...))
	m.names(&out, "Read by", m.vertices(table.Readers, false))
	if len(table.Audits) > 0 {
		out.WriteString("\n## Audits\n\n")
		grid(&out, []string{"audit", "severity", "state", "finds"}, func(row func(...string)) {
			for _, audit := range table.Audits {
				row(code(audit.Name), plain(audit.Severity), plain(audit.State), code(audit.Query))
			}
		})
	}
	if table.Sample != nil {
		out.WriteString("\n## Rows\n\n")
		sample(&out, *table.Sample)
	}
	if table.SQL != "" {
		out.WriteString("\n## SQL\n\n" + fenced("sql", table.SQL))
	}
	return out.Bytes()
}

// sources are named, but for more than a line holds.
func sources(all []Source) string {
	const most = 6
	var names []string
	for _, source := range all[:min(len(all), most)] {
		names = append(names, code(source.String()))
	}
	text := strings.Join(names, ", ")
	if len(all) > most {
		text += fmt.Sprintf(" and %d more", len(all)-most)
	}
	return text
}

func tableFacts(table *Table) [][2]string {
	var facts [][2]string
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, [2]string{name, value})
		}
	}
	add("kind", plain(table.Kind))
	add("grain", code(strings.Join(table.Grain, ", ")))
	add("owner", plain(table.Owner))
	add("tags", plain(strings.Join(table.Tags, ", ")))
	add("step", plain(table.Step))
	add("file", code(table.File))
	add("parameters", code(strings.Join(table.Parameters, ", ")))
	if table.Built != nil {
		add("rows", rows(table.Built.Rows))
		add("size", size(table.Built.Bytes))
		add("built in", seconds(table.Built.Seconds))
		add("fingerprint", code(table.Built.Fingerprint))
	}
	return facts
}

func (m *markdown) feed(feed *Feed) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "# %s\n\n%s\n\n", plain(strings.TrimSpace(feed.Name+" "+feed.Chinese)), plain(feed.About))
	fmt.Fprintf(&out, "- channel: %s\n- files: %s\n- format: %s %s\n", plain(feed.Channel), code(strings.Join(feed.Names, ", ")), plain(feed.Container), plain(feed.Encoding))
	fmt.Fprintf(&out, "- landed: %s files, %s rows accepted, %s rejected\n", count(int64(feed.Received.Files)), count(feed.Received.Accepted), count(feed.Received.Rejected))
	out.WriteString("\n## Columns\n\n")
	grid(&out, []string{"column", "header in the file", "type", "unit", "required", "personal", "what it is"}, func(row func(...string)) {
		for _, column := range feed.Columns {
			row(code(column.Name), plain(strings.Join(column.Headers, " / ")), plain(column.Type), plain(column.Unit), yes(column.Required), yes(column.Personal), plain(column.About))
		}
	})
	for _, give := range feed.Gives {
		fmt.Fprintf(&out, "\n## Gives %s\n\n", m.link("../", vertex{"dataset." + give.Dataset, false}))
		grid(&out, []string{"column of the dataset", "expression over this feed"}, func(row func(...string)) {
			for _, column := range give.Columns {
				row(code(column.Column), code(column.Expression))
			}
		})
	}
	if feed.Example != nil {
		out.WriteString("\n## Sample\n\nMade up; it is run as the contract's test.\n\n" + fenced("", feed.Example.File))
		for _, given := range feed.Example.Gives {
			if len(given.Rows.Rows) == 0 {
				fmt.Fprintf(&out, "\nIt gives %s no row.\n", plain(given.Dataset))
				continue
			}
			fmt.Fprintf(&out, "\nIt gives %s:\n\n", plain(given.Dataset))
			sample(&out, given.Rows)
		}
	}
	return out.Bytes()
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return ""
}

func (m *markdown) vertices(names []string, feeds bool) []vertex {
	var vertices []vertex
	for _, name := range names {
		vertices = append(vertices, vertex{name, feeds})
	}
	return vertices
}

func (m *markdown) names(out *bytes.Buffer, title string, vertices []vertex) {
	if len(vertices) == 0 {
		return
	}
	fmt.Fprintf(out, "\n## %s\n\n", title)
	for _, v := range vertices {
		fmt.Fprintf(out, "- %s\n", m.link("../", v))
	}
}

// link leads to a table's or a feed's file, if there is one.
func (m *markdown) link(root string, v vertex) string {
	known := m.network.tables[v.name] != nil
	if v.feed {
		known = m.network.feeds[v.name] != nil
	}
	if !known {
		return code(v.name)
	}
	return "[" + plain(v.name) + "](" + root + markdownPage(v.page()) + ")"
}

func sample(out *bytes.Buffer, rows Rows) {
	header := make([]string, len(rows.Columns))
	for i, column := range rows.Columns {
		header[i] = plain(column)
	}
	grid(out, header, func(row func(...string)) {
		for _, cells := range rows.Rows {
			escaped := make([]string, len(cells))
			for i, cell := range cells {
				escaped[i] = plain(cell)
			}
			row(escaped...)
		}
	})
	if rows.More > 0 {
		fmt.Fprintf(out, "\nand %s more\n", count(int64(rows.More)))
	}
}

// grid writes a table; each gets a function that writes a row of cells that are Markdown already.
func grid(out *bytes.Buffer, header []string, each func(row func(...string))) {
	line := func(cells ...string) { out.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(header...)
	line(slices.Repeat([]string{"---"}, len(header))...)
	each(line)
}

// plain is text that stays text, on one line, whatever it holds: CommonMark lets every ASCII punctuation mark be escaped, and < begins no tag as an
// entity.
func plain(text string) string {
	return strings.NewReplacer(
		"\\", `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "#", `\#`, "|", `\|`, "~", `\~`, "!", `\!`,
		"<", "&lt;", ">", "&gt;", "&", "&amp;", "\r", " ", "\n", " ",
	).Replace(text)
}

// code is text in a code span. In a cell of a table a | must be escaped there too.
func code(text string) string {
	if text == "" {
		return ""
	}
	text = spaceless(text)
	fence := strings.Repeat("`", longestRun(text)+1)
	pad := ""
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		pad = " "
	}
	return fence + pad + strings.ReplaceAll(text, "|", `\|`) + pad + fence
}

// fenced is a block of code, in a fence that is longer than any in the text.
func fenced(language, text string) string {
	fence := strings.Repeat("`", max(3, longestRun(text)+1))
	return fence + language + "\n" + strings.TrimRight(text, "\n") + "\n" + fence + "\n"
}

// longestRun is how many backticks stand in a row.
func longestRun(text string) int {
	longest, run := 0, 0
	for _, letter := range text {
		run++
		if letter != '`' {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}
