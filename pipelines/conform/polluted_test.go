package conform_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"countinghouse/internal/contract"
	"countinghouse/pipelines/conform"
)

const pollutedFeed = `feed: shop
about: A small table that files spoil in every way.
channel: shop
files: {names: ["*"], container: csv}
rejects: {max_rows: 100, max_share: 1}
columns:
  - {name: order_id, header: [id], type: text, required: true}
  - {name: product, header: [title], type: text, required: true}
  - {name: quantity, header: [count], type: text, required: true}
  - {name: note, header: [note], type: text, required: true}
gives:
  orders: {columns: {order_id: order_id}}
example: {file: x}
`

// cleanTable is what is right. Cells hold what spoils files: delimiters, quotes, line ends, characters of other scripts.
func cleanTable() [][]string {
	return [][]string{
		{"id", "title", "count", "note"},
		{"A1", "green tea, 50 g", "2", "first line\nsecond line"},
		{"A2", `pan 24"`, "1", ""},
		{"A3", "茶杯；白色", "3", "it's fine"},
		{"A4", "plain", "4", "last; one"},
	}
}

// write puts a table down as CSV, each cell quoted that needs it.
func write(table [][]string) string {
	var text strings.Builder
	for _, row := range table {
		text.WriteString(strings.Join(quoted(row, ','), ",") + "\n")
	}
	return text.String()
}

func quoted(row []string, delimiter rune) []string {
	cells := slices.Clone(row)
	for i, cell := range cells {
		if strings.ContainsAny(cell, "\"\n"+string(delimiter)) {
			cells[i] = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
		}
	}
	return cells
}

// pollutions are files that differ from the clean table in one place each, by name.
func pollutions() map[string]string {
	found := map[string]string{}
	table := cleanTable()
	// line gives the table with one row written in another way.
	line := func(row int, written string) string {
		return write(table[:row]) + written + "\n" + write(table[row+1:])
	}
	for row := range table {
		cells := quoted(table[row], ',')
		name := func(what string, column int) string { return fmt.Sprintf("%s_row%d_column%d", what, row, column) }
		for column := range cells {
			spoiled := slices.Clone(cells)
			found[name("delimiter_more", column)] = line(row, strings.Join(slices.Insert(spoiled, column, ""), ","))
			found[name("cell_more", column)] = line(row, strings.Join(slices.Insert(slices.Clone(cells), column, "more"), ","))
			found[name("cell_less", column)] = line(row, strings.Join(slices.Delete(slices.Clone(cells), column, column+1), ","))
			for place, quote := range map[string]string{"before": `"` + cells[column], "behind": cells[column] + `"`, "within": cells[column][:len(cells[column])/2] + `"` + cells[column][len(cells[column])/2:]} {
				spoiled := slices.Clone(cells)
				spoiled[column] = quote
				found[name("quote_"+place, column)] = line(row, strings.Join(spoiled, ","))
			}
			if column > 0 {
				found[name("delimiter_less", column)] = line(row, strings.Join(cells[:column], ",")+strings.Join(cells[column:], ","))
			}
			for what, character := range map[string]string{"zero": "\x00", "bell": "\a", "mark": "\ufeff"} {
				spoiled := slices.Clone(table[row])
				spoiled[column] = "." + spoiled[column] + character + "x" // behind text, since a mark at the edge of a cell means nothing
				found[name(what, column)] = line(row, strings.Join(quoted(spoiled, ','), ","))
			}
		}
		for what, delimiter := range map[string]string{"semicolons": ";", "tabs": "\t", "bars": "|", "blanks": " "} {
			found[name(what, 0)] = line(row, strings.Join(quoted(table[row], rune(delimiter[0])), delimiter))
		}
		found[name("twice", 0)] = line(row, strings.Join(cells, ",")+"\n"+strings.Join(cells, ","))
	}
	return found
}

// TestPollutedRowsAreRightOrRefused spoils a table in one place, in more than 200 ways, as the Pollock benchmark does with a table of its own, and holds for
// each: a row that is accepted is a row of the table, and each row that is not accepted is found in the text of what was refused, or the file is refused
// with a reason. Only text that is added to a cell, and leaves it a cell, is taken for what it says.
func TestPollutedRowsAreRightOrRefused(t *testing.T) {
	s := newShop(t, pollutedFeed)
	for name, content := range pollutions() {
		s.land(name+".csv", []byte(content))
	}
	report := s.run()
	if len(report.Files) < 200 {
		t.Fatalf("only %d files: nothing is held", len(report.Files))
	}
	outcomes := map[string]int{}
	for _, file := range report.Files {
		outcomes[s.outcome(file)]++
	}
	for _, outcome := range []string{"refused", "clean", "with rejects"} {
		if outcomes[outcome] == 0 {
			t.Errorf("no file is %s: %v", outcome, outcomes)
		}
	}
}

// outcome says what became of one polluted file, and complains of rows that are wrong or lost.
func (s *shop) outcome(file conform.FileResult) string {
	s.t.Helper()
	if file.Quarantine != "" {
		return "refused"
	}
	right := map[string]bool{}
	lost := map[string]string{} // with what else tells the row
	for _, row := range cleanTable()[1:] {
		right[strings.Join(row, "|")], lost[row[0]] = true, row[1][:4]
	}
	for _, row := range s.texts(file, file.Parquet, "concat_ws('|', order_id, coalesce(product, ''), coalesce(quantity, ''), coalesce(note, ''))") {
		spoiled := strings.ReplaceAll(row, `"`, "")
		if begin, mark, marked := strings.Cut(spoiled, "\ufeffx"); marked {
			at := strings.LastIndex(begin, ".")
			spoiled = begin[:at] + begin[at+1:] + mark
		}
		delete(lost, strings.SplitN(spoiled, "|", 2)[0])
		same := slices.ContainsFunc(slices.Collect(maps.Keys(right)), func(good string) bool { return strings.ReplaceAll(good, `"`, "") == spoiled })
		if !same {
			s.t.Errorf("%s: a row that is not in the table was accepted: %q", file.Name, row)
		}
	}
	if file.Rejected == 0 {
		if len(lost) > 0 {
			s.t.Errorf("%s: lost without a word: %v", file.Name, lost)
		}
		return "clean"
	}
	refused := strings.ReplaceAll(strings.Join(s.texts(file, file.Rejects, "raw"), "\n"), `"`, "")
	for id, text := range lost {
		if !strings.Contains(refused, id) && !strings.Contains(refused, text) {
			s.t.Errorf("%s: row %s is neither accepted nor in what was refused:\n%s", file.Name, id, refused)
		}
	}
	return "with rejects"
}

// texts gives an expression over the rows of one file of an object.
func (s *shop) texts(file conform.FileResult, key, expression string) []string {
	s.t.Helper()
	local, err := s.bucket.LocalPath(s.t.Context(), key)
	if err != nil {
		s.t.Fatal(err)
	}
	where := ""
	if key == file.Parquet && file.Part > 0 {
		where = fmt.Sprintf(" where file_no = %d", file.Part)
	}
	rows, err := s.session.Query(s.t.Context(), fmt.Sprintf("select %s from read_parquet(%s)%s order by source_row", expression, contract.Quote(local), where))
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var texts []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			s.t.Fatal(err)
		}
		texts = append(texts, text)
	}
	return texts
}

// TestPollutedFiles is one kind of damage to a whole file after the other: what is accepted, and where and why the rest is refused.
func TestPollutedFiles(t *testing.T) {
	const head = "id,title,count,note\n"
	long := strings.Repeat("x", 1<<20+1)
	cases := map[string]struct {
		content string
		rows    string   // ids and lines of what is accepted
		reasons []string // each in turn is found in the reasons of rejects
		problem string   // the file is refused
	}{
		"as it should be":         {content: head + "A1,x,1,\n", rows: "2 A1"},
		"lines end in returns":    {content: "id,title,count,note\rA1,x,1,\rA2,x,1,\r", rows: "2 A1; 3 A2"},
		"mixed line ends":         {content: "id,title,count,note\r\nA1,x,1,\nA2,x,1,\r\nA3,x,1,", rows: "2 A1; 3 A2; 4 A3"},
		"a return alone":          {content: head + "A1,x,1,\rA2,x,1,\nA3,x,1,\n", rows: "3 A3", reasons: []string{":2: want 4 fields as in the header, got 7"}},
		"blank lines":             {content: "\n" + head + "\n\nA1,x,1,\n\n\n", rows: "5 A1"},
		"no header":               {content: "A1,x,1,\nA2,x,1,\n", problem: `:1: the required header "id" is missing`},
		"a header of two lines":   {content: head + "text,text,number,text\nA1,x,1,\n", rows: "2 text; 3 A1"}, // nothing tells it from a row but the types
		"the header again":        {content: head + "A1,x,1,\n" + head + "A2,x,1,\n", rows: "2 A1; 4 A2", reasons: []string{":3: the header again"}},
		"the header, spelt wider": {content: head + "A1,x,1,\nID, title,Ｃount,note\nA2,x,1,\n", rows: "2 A1; 4 A2", reasons: []string{":3: the header again"}},
		"in another order":        {content: head + "A1,x,1,\nid,count,title,note\nA2,1,x,\n", problem: ":3: the header of another table, with other columns than line 1 has"},
		"with another column":     {content: head + "A1,x,1,\n\nid,title,price,note\nA2,x,9.90,\n", problem: ":4: the header of another table"},
		"with a column more":      {content: head + "A1,x,1,\nid,title,count,note,price\nA2,x,1,,9.90\n", problem: ":3: the header of another table"},
		"with columns less":       {content: head + "A1,x,1,\nid,note\nA2,x\n", problem: ":3: the header of another table"},
		"a row with one name":     {content: head + "note,x,1,\nA2,count,1,y\n", rows: "2 note; 3 A2"},
		"another table below":     {content: head + "A1,x,1,\n\nname,city\nAnn,Paris\n", rows: "2 A1", reasons: []string{":4: want 4 fields", ":5: want 4 fields"}},
		"lines above":             {content: "Sales of May\n" + head + "A1,x,1,\n", problem: `:1: the required header "id" is missing`},
		"a line below":            {content: head + "A1,x,1,\nTotal: 1\n", rows: "2 A1", reasons: []string{":3: want 4 fields as in the header, got 1"}},
		"delimiters behind rows":  {content: head + "A1,x,1,,\nA2,x,1,\n", rows: "3 A2", reasons: []string{":2: want 4 fields as in the header, got 5"}},
		"delimiters behind all":   {content: "id,title,count,note,\nA1,x,1,,\n", rows: "2 A1"},
		"semicolons":              {content: "id;title;count;note\nA1;x;1;\n", problem: `:1: the required header "id" is missing`},
		"semicolons, it says":     {content: "sep=;\nid;title;count;note\nA1;x,y;1;\n", rows: "3 A1"},
		"apostrophes for quotes":  {content: head + "A1,'x, y',1,\nA2,'x',1,\n", rows: "3 A2", reasons: []string{":2: want 4 fields as in the header, got 5"}},
		"backslash for quotes":    {content: head + `A1,"x \"y\" z",1,` + "\nA2,x,1,\n", rows: "3 A2", reasons: []string{":2: text after the closing quote of a cell"}},
		"a quote not closed":      {content: head + "A1,x,1,\nA2,\"x,1,\nA3,x,1,\n", problem: ":3: the file ends inside a quoted cell that begins here"},
		"a quote closed too late": {content: head + "A1,\"x,1,\nA2,y\",1,\nA3,x,1,\n", rows: "2 A1; 4 A3"}, // a cell over two lines, which nothing tells from one that was meant
		"one that shows":          {content: head + "A1,\"x,1,\nA2,y,1,\"z\"\nA3,x,1,\n", rows: "4 A3", reasons: []string{":2: text after the closing quote of a cell"}},
		"cut within a row":        {content: head + "A1,x,1,\nA2,x", problem: ":3: the file ends in the middle of a row"},
		"a mark in the middle":    {content: head + "A1,x,1,\n\ufeffA2,x,1,\n", rows: "2 A1; 3 A2"},
		"zero bytes":              {content: head + "A1,x\x00,1,\nA2,x,1,\n" + strings.Repeat("A3,x,1,\n", 20), reasons: []string{":2: the control character U+0000"}},
		"another encoding, mixed": {content: head + "A1,茶,1,\nA2,\xb2\xe8,1,\n", problem: ":3: byte 34 of the file is not utf-8"},
		"half a character":        {content: head + "A1,茶,1,\nA2,x,1,\xe8\x8c", problem: "of the file is not utf-8"},
		"a row without end":       {content: head + "A1,x,1," + long + "\nA2,x,1,\n", problem: ":2: a row of more than 1048576 bytes"},
		"a quote without end":     {content: head + "A1,x,1,\"" + strings.Repeat("x\n", 1<<20) + "\n", problem: "a row of more than 1048576 bytes"},
		"a page of the web":       {content: "<!DOCTYPE html><html><body><table></table></body></html>", problem: "is a web page"},
		"nothing but blanks":      {content: " \n\t\n", problem: "it is empty"},
		"a formula":               {content: head + "A1,=1+1,1,\n", rows: "2 A1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, pollutedFeed)
			got := s.one(c.content)
			if c.problem != "" {
				if !strings.Contains(got.Quarantine, c.problem) || got.Accepted != 0 {
					t.Errorf("got %d rows and %q, want %q", got.Accepted, got.Quarantine, c.problem)
				}
				return
			}
			if got.Quarantine != "" {
				t.Fatal(got.Quarantine)
			}
			if c.rows != "" && s.rows(got.Parquet, "source_row || ' ' || order_id") != c.rows {
				t.Errorf("rows are %s, want %s", s.rows(got.Parquet, "source_row || ' ' || order_id"), c.rows)
			}
			if len(got.Reasons) != len(c.reasons) {
				t.Fatalf("reasons are %q, want %q", got.Reasons, c.reasons)
			}
			for i, want := range c.reasons {
				if !strings.Contains(got.Reasons[i], want) {
					t.Errorf("reason %q, want %q", got.Reasons[i], want)
				}
			}
		})
	}
}
