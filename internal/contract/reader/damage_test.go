package reader_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/reader"
)

// A tagged table says in each cell where it belongs: b7… is of column b, row 7.
type tagged struct {
	random    *rand.Rand
	delimiter string
	breaks    bool // cells may have line ends
	text      string
}

// newTagged makes rows of three cells, with what spoils files behind each tag.
func newTagged(random *rand.Rand) tagged {
	t := tagged{random: random, delimiter: []string{",", ";", "\t", "|"}[random.IntN(4)], breaks: random.IntN(2) == 0}
	spoilers := []string{"", "", "", " x", t.delimiter + "y", ` "quoted" `, "，全角", "'s", " 5\""}
	if t.breaks {
		spoilers = append(spoilers, "\nnext line", "\r\nand returns")
	}
	rows := []string{strings.Join([]string{"订单号", "金额", "时间"}, t.delimiter)}
	for row := range 2 + random.IntN(8) {
		var cells []string
		for _, column := range "abc" {
			cell := fmt.Sprintf("%c%d", column, row) + spoilers[random.IntN(len(spoilers))]
			if strings.ContainsAny(cell, "\"\r\n"+t.delimiter) || random.IntN(4) == 0 {
				cell = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
			}
			cells = append(cells, cell)
		}
		rows = append(rows, strings.Join(cells, t.delimiter))
	}
	end := []string{"\n", "\r\n"}[random.IntN(2)]
	t.text = strings.Join(rows, end) + end
	return t
}

// damage does one thing to one byte behind the header, as an editor, a broken export or a bad disk does.
func (t tagged) damage() (text, how string) {
	at := strings.Index(t.text, "\n") + 1
	at += t.random.IntN(len(t.text) - at)
	byteIn := []string{`"`, t.delimiter, "\n", "\r", " ", "\x00", "x"}[t.random.IntN(7)]
	switch t.random.IntN(4) {
	case 0:
		return t.text[:at] + t.text[at+1:], "deleted"
	case 1:
		return t.text[:at] + byteIn + t.text[at:], fmt.Sprintf("%q inserted", byteIn)
	case 2:
		return t.text[:at] + byteIn + t.text[at+1:], fmt.Sprintf("made %q", byteIn)
	default:
		return t.text[:at], "cut"
	}
}

// A misplaced complains of cells that stand in another column than their tag says, or that hold what belongs to another row.
type misplaced struct {
	tag     *regexp.Regexp
	wrong   string
	rejects int
}

func (*misplaced) Header(reader.Header) error { return nil }

func (m *misplaced) Reject(int64, string, []byte) error {
	m.rejects++
	return nil
}

func (m *misplaced) Raw(line int64, _ []byte, fields [][]byte) error {
	return m.Fields(line, fields)
}

func (m *misplaced) Fields(line int64, fields [][]byte) error {
	row := ""
	for i, field := range fields {
		for _, tag := range m.tag.FindAllStringSubmatch(string(field), -1) {
			if row == "" {
				row = tag[2]
			}
			if tag[1] != string("abc"[i]) || tag[2] != row {
				m.wrong = fmt.Sprintf("line %d: %q", line, fields)
			}
		}
	}
	return nil
}

// TestDamagedTextsKeepTheirColumns damages tables in one byte, thousands of times: every cell that is accepted stands in its column, beside cells of its
// own row, and what cannot be told is refused. Where cells have line ends, the beginning of a broken record may look like a whole one: then its
// end is refused, so that it is not in silence.
func TestDamagedTextsKeepTheirColumns(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 11))
	tag := regexp.MustCompile(`([abc])([0-9])`)
	for range 10_000 {
		table := newTagged(random)
		text, how := table.damage()
		c := feed(contract.Files{Delimiter: table.delimiter, Loose: random.IntN(4) == 0})
		found := &misplaced{tag: tag}
		_, err := readInto(c, []byte(text), found)
		var problem *reader.Problem
		if err != nil && !errors.As(err, &problem) {
			t.Fatalf("%q: %v", text, err)
		}
		if found.wrong != "" && err == nil && (found.rejects == 0 || !table.breaks) {
			t.Errorf("%s (loose %v): %s of\n%q\nfrom %q", how, c.Files.Loose, found.wrong, text, table.text)
		}
	}
}
