package reader

import (
	"bytes"
	"fmt"
)

// looseQuotes follows the quotes in a record's unquoted cells. Pairs of them in one cell are text. One too many is text where it means inches; elsewhere a
// quoted cell may have lost the quote that it began with, or the delimiter or line end before it, and the number of fields may be right by chance.
type looseQuotes struct {
	cell int // number of the first cell that has any
	odd  bool
}

// look takes in the next unquoted cell, as written, and gives the reason to refuse the record.
func (l *looseQuotes) look(written []byte, number int) (reason string) {
	quotes := bytes.Count(written, []byte{'"'})
	if quotes == 0 {
		return ""
	}
	odd := quotes%2 == 1
	if l.cell > 0 && (odd || l.odd) {
		return fmt.Sprintf("quotes within the unquoted cells %d and %d: a delimiter may be lost", l.cell, number)
	}
	if l.cell == 0 {
		l.cell = number
	}
	l.odd = l.odd || odd
	if odd && !inches(written) {
		return fmt.Sprintf("a quote within the unquoted cell %d: another one, a delimiter or a line end may be lost", number)
	}
	return ""
}

// inches says whether a quote stands behind a digit, or feet and minutes, and before no letter or digit of ASCII: 24" x, 5'6".
func inches(written []byte) bool {
	for at, b := range written {
		if b != '"' || at == 0 {
			continue
		}
		before := written[at-1]
		measured := before >= '0' && before <= '9' || before == '\''
		if measured && (at+1 == len(written) || !isWordByte(written[at+1])) {
			return true
		}
	}
	return false
}

func isWordByte(b byte) bool {
	return b >= '0' && b <= '9' || b|0x20 >= 'a' && b|0x20 <= 'z'
}
