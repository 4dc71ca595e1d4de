package erase

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/reader"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// A recorder notes the records that held erased persons.
type recorder struct {
	contract *contract.Contract
	found    *finding
	read     []bool // by field: a column of the contract reads it
}

// Header implements reader.Sink.
func (r *recorder) Header(header reader.Header) error {
	r.read = make([]bool, len(header.Names))
	for _, field := range header.Fields {
		if field >= 0 && field < len(r.read) {
			r.read[field] = true
		}
	}
	return nil
}

// Raw implements reader.Sink.
func (*recorder) Raw(int64, []byte, [][]byte) error { return nil }

// Fields implements reader.Sink.
func (*recorder) Fields(int64, [][]byte) error { return nil }

// Reject implements reader.Sink.
func (*recorder) Reject(int64, string, []byte) error { return nil }

// hit writes the record anew. What no column reads goes too: nobody knows what it holds. A record that is no fields goes whole.
func (r *recorder) hit(line int64, was, blank [][]byte) {
	cells := make([]string, len(blank))
	for i, cell := range blank {
		if i < len(r.read) && r.read[i] {
			cells[i] = string(cell)
		}
		if old := string(was[i]); old != cells[i] {
			r.found.cells[old] = cells[i]
		}
	}
	var text strings.Builder
	writer := csv.NewWriter(&text)
	if delimiter := r.contract.Files.Delimiter; len(delimiter) == 1 {
		writer.Comma = rune(delimiter[0])
	}
	if len(cells) == 0 {
		cells = []string{"erased"} // it is refused again
	}
	_ = writer.Write(cells) // into memory
	writer.Flush()
	r.found.records[line] = strings.TrimSuffix(text.String(), "\n")
}

const gzipMark = "\x1f\x8b"

// blank gives a file's bytes with the records that were found blanked.
func blank(c *contract.Contract, stored []byte, found *finding) ([]byte, error) {
	if bytes.HasPrefix(stored, []byte(gzipMark)) {
		return blankGzip(c, stored, found)
	}
	if c.Files.Container == contract.XLSX {
		return blankWorkbook(stored, found.cells)
	}
	coding := codingOf(c, stored)
	text, err := coding.NewDecoder().Bytes(stored)
	if err != nil {
		return nil, err
	}
	switch c.Files.Container {
	case contract.JSON:
		text = []byte(blankJSON(string(text), found.cells))
	case contract.JSONL:
		text = []byte(blankLines(string(text), found, func(line string) string { return blankJSON(line, found.cells) }))
	default:
		text = []byte(blankLines(string(text), found, nil))
	}
	return coding.NewEncoder().Bytes(text)
}

func blankGzip(c *contract.Contract, stored []byte, found *finding) ([]byte, error) {
	inflated, err := gzip.NewReader(bytes.NewReader(stored))
	if err != nil {
		return nil, err
	}
	inner, err := io.ReadAll(inflated)
	if err != nil {
		return nil, err
	}
	if inner, err = blank(c, inner, found); err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, err = writer.Write(inner)
	err = errors.Join(err, writer.Close())
	return packed.Bytes(), err
}

func codingOf(c *contract.Contract, stored []byte) encoding.Encoding {
	switch {
	case c.Files.Encoding == contract.UTF16LE || bytes.HasPrefix(stored, []byte("\xff\xfe")):
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case c.Files.Encoding == contract.UTF16BE || bytes.HasPrefix(stored, []byte("\xfe\xff")):
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case utf8.Valid(stored):
		return encoding.Nop
	}
	return simplifiedchinese.GB18030
}

// blankLines replaces the records that begin on the lines found. A record goes on while a quote is open.
func blankLines(text string, found *finding, rewrite func(line string) string) string {
	lines := strings.SplitAfter(text, "\n")
	for _, number := range slices.Sorted(maps.Keys(found.records)) {
		first := int(number) - 1
		if first < 0 || first >= len(lines) {
			continue
		}
		if rewrite != nil {
			lines[first] = rewrite(lines[first])
			continue
		}
		last, quotes := first, strings.Count(lines[first], `"`)
		for quotes%2 == 1 && last+1 < len(lines) {
			last++
			quotes += strings.Count(lines[last], `"`)
		}
		ending := lines[last][len(strings.TrimRight(lines[last], "\r\n")):]
		lines[first] = found.records[number] + ending
		for i := first + 1; i <= last; i++ {
			lines[i] = ""
		}
	}
	return strings.Join(lines, "")
}

// blankJSON replaces whole values, as texts or as numbers.
func blankJSON(text string, cells map[string]string) string {
	for old, fresh := range cells {
		if old == "" {
			continue
		}
		was, _ := json.Marshal(old) // texts always encode
		becomes, _ := json.Marshal(fresh)
		text = strings.ReplaceAll(text, string(was), string(becomes))
		number := regexp.MustCompile(`([:\[,]\s*)` + regexp.QuoteMeta(old) + `(\s*[,}\]])`)
		text = number.ReplaceAllString(text, "${1}"+strings.ReplaceAll(string(becomes), "$", "$$")+"${2}")
	}
	return text
}

// blankWorkbook replaces whole texts, shared and in cells, and numbers that are one of the cells.
func blankWorkbook(stored []byte, cells map[string]string) ([]byte, error) {
	archive, err := zip.NewReader(bytes.NewReader(stored), int64(len(stored)))
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	writer := zip.NewWriter(&packed)
	for _, member := range archive.File {
		text, err := contentOf(member)
		if err != nil {
			return nil, err
		}
		if strings.HasSuffix(member.Name, ".xml") && strings.HasPrefix(member.Name, "xl/") {
			text = blankXML(text, cells)
		}
		into, err := writer.CreateHeader(&zip.FileHeader{Name: member.Name, Method: zip.Deflate, Modified: member.Modified})
		if err != nil {
			return nil, err
		}
		if _, err := into.Write(text); err != nil {
			return nil, err
		}
	}
	err = writer.Close()
	return packed.Bytes(), err
}

func contentOf(member *zip.File) ([]byte, error) {
	open, err := member.Open()
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(open)
	return text, errors.Join(err, open.Close())
}

func blankXML(text []byte, cells map[string]string) []byte {
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	shared := regexp.MustCompile(`<t(?: [^>]*)?>[^<]*</t>`)
	number := regexp.MustCompile(`<c ([^>]*)>(<v>)([^<]*)</v>`)
	text = shared.ReplaceAllFunc(text, func(element []byte) []byte {
		begin, end := bytes.IndexByte(element, '>')+1, bytes.LastIndexByte(element, '<')
		for old, fresh := range cells {
			if old != "" && strings.TrimSpace(string(element[begin:end])) == escape.Replace(old) {
				return []byte("<t>" + escape.Replace(fresh) + "</t>")
			}
		}
		return element
	})
	return number.ReplaceAllFunc(text, func(cell []byte) []byte {
		parts := number.FindSubmatch(cell)
		fresh, found := cells[string(parts[3])]
		if !found || strings.Contains(string(parts[1]), `t="s"`) {
			return cell
		}
		attributes := regexp.MustCompile(` ?t="[^"]*"`).ReplaceAllString(string(parts[1]), "")
		return []byte("<c " + attributes + ` t="str"><v>` + escape.Replace(fresh) + "</v>")
	})
}

// unpacked gives the bytes, or what is packed in them.
func unpacked(stored []byte) [][]byte {
	if bytes.HasPrefix(stored, []byte(gzipMark)) {
		if inflated, err := gzip.NewReader(bytes.NewReader(stored)); err == nil {
			inner, _ := io.ReadAll(inflated) // as far as it can be read
			return [][]byte{inner}
		}
	}
	texts := [][]byte{stored}
	if archive, err := zip.NewReader(bytes.NewReader(stored), int64(len(stored))); err == nil {
		for _, member := range archive.File {
			if text, err := contentOf(member); err == nil {
				texts = append(texts, text)
			}
		}
	}
	return texts
}
