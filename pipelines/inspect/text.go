package inspect

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"countinghouse/internal/contract"
)

// sampleCSV cuts a text into lines and finds what stands between cells.
func sampleCSV(text string, whole bool, report *Report) *table {
	report.LineEnds = lineEnds(text)
	if report.LineEnds == "CR" {
		text = strings.ReplaceAll(text, "\r", "\n")
	}
	if !whole {
		text = text[:strings.LastIndexByte(text, '\n')+1] // nothing, where one line is longer than the sample
	}
	t := &table{text: text, delimiter: delimiterOf(text)}
	report.Delimiter, report.Quotes = string(t.delimiter), strings.Contains(text, `"`)
	t.total = int64(strings.Count(text, "\n"))
	if !strings.HasSuffix(text, "\n") {
		t.total++
	}
	t.cutLines()
	return t
}

// cutLines cuts the first lines into cells. A line with a quote too many goes on in the next ones, if these soon have its other half: in a preamble
// a quote need not have one.
func (t *table) cutLines() {
	var lines []string
	for line := range strings.Lines(t.text) {
		if lines = append(lines, line); len(lines) == sampleRows {
			break
		}
	}
	for at := 0; at < len(lines); {
		end := at + 1
		for whole := lines[at]; strings.Count(whole, `"`)%2 == 1 && end < min(at+longestCell, len(lines)); end++ {
			whole += lines[end]
		}
		record := strings.Join(lines[at:end], "")
		if strings.Count(record, `"`)%2 == 1 {
			record, end = lines[at], at+1
		}
		t.lines, t.numbers = append(t.lines, cut(strings.TrimRight(record, "\r\n"), t.delimiter)), append(t.numbers, int64(at+1))
		at = end
	}
}

// longestCell is how many lines a cell may have for its record to be seen as one before the header is found.
const longestCell = 6

func lineEnds(text string) string {
	feeds, pairs := strings.Count(text, "\n"), strings.Count(text, "\r\n")
	switch {
	case feeds == 0 && strings.Contains(text, "\r"):
		return "CR"
	case pairs == 0:
		return "LF"
	case pairs == feeds:
		return "CRLF"
	}
	return "LF and CRLF"
}

// cut gives the cells of one line.
func cut(line string, delimiter rune) []string {
	parser := csv.NewReader(strings.NewReader(line))
	parser.Comma, parser.LazyQuotes, parser.FieldsPerRecord = delimiter, true, -1
	cells, err := parser.Read()
	if err != nil {
		return []string{line}
	}
	return cells
}

// delimiterOf takes the one that cuts the most lines into the same number of cells, at least two; a comma if none does.
func delimiterOf(text string) rune {
	if first, _, _ := strings.Cut(text, "\n"); len(first) > 4 && strings.EqualFold(first[:4], "sep=") && len(strings.TrimRight(first, "\r")) == 5 {
		return rune(first[4])
	}
	best, most := ',', 0
	for _, delimiter := range []rune{',', '\t', ';', '|'} {
		counts := map[int]int{}
		n := 0
		for line := range strings.Lines(text) {
			if cells := len(cut(strings.TrimRight(line, "\r\n"), delimiter)); cells > 1 {
				counts[cells]++
			}
			if n++; n > 200 {
				break
			}
		}
		for cells, lines := range counts {
			if score := lines*100 + min(cells, 99); score > most {
				best, most = delimiter, score
			}
		}
	}
	return best
}

// sampleJSON reads records of JSON: one to a line, in a list, or in the first list of objects that a member of the outermost object holds.
func sampleJSON(text string, report *Report) (*table, bool) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var documents []any
	for len(documents) < sampleRows {
		var value any
		err := decoder.Decode(&value)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if len(documents) < 2 {
				return nil, false
			}
			break
		}
		documents = append(documents, value)
	}
	report.Container = contract.JSONL
	records := documents
	if len(documents) == 1 {
		report.Container = contract.JSON
		report.Records, records = listIn(documents[0])
	}
	t := &table{}
	for _, record := range records[:min(len(records), sampleRows)] {
		if object, is := record.(map[string]any); is {
			t.add(object)
		}
	}
	if t.total = int64(len(records)); report.Container == contract.JSONL {
		t.total = int64(strings.Count(strings.TrimSpace(text), "\n") + 1)
	}
	return t, t.header != nil
}

// listIn finds the records of a document, and the path to them.
func listIn(document any) (string, []any) {
	switch value := document.(type) {
	case []any:
		return "[]", value
	case map[string]any:
		for _, name := range sortedKeys(value) {
			list, is := value[name].([]any)
			if is && len(list) > 0 {
				if _, object := list[0].(map[string]any); object {
					return name + "[]", list
				}
			}
		}
	}
	return "", []any{document}
}

// add appends an object: its members that are no objects or lists are cells.
func (t *table) add(object map[string]any) {
	for _, name := range sortedKeys(object) {
		if _, is := scalar(object[name]); is && !slices.Contains(t.header, name) {
			t.header = append(t.header, name)
		}
	}
	row := make([]string, len(t.header))
	for i, name := range t.header {
		row[i], _ = scalar(object[name])
	}
	t.rows = append(t.rows, row)
}

func scalar(value any) (string, bool) {
	switch v := value.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		if v {
			return "true", true
		}
		return "false", true
	}
	return "", false
}

func sortedKeys(object map[string]any) []string {
	keys := make([]string, 0, len(object))
	for key := range object {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
