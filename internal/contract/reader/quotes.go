package reader

import (
	"bytes"
	"fmt"
)

// looseQuotes follows the quotes in a record's unquoted cells. Pairs of them in one cell are text. One too many is text where it means inches; elsewhere a
// quoted cell may have lost the quote that it began with, or the delimiter or line end before it, and the number of fields may be right by chance.
type looseQuotes struct {
	first, second int  // numbers of the first cells that have any
	odd           bool // in one of them one too many
	doubtful      int  // number of a cell in which it means no inches
}

// look takes in the next unquoted cell, as written.
func (l *looseQuotes) look(written []byte, number int) {
	quotes := bytes.Count(written, []byte{'"'})
	switch {
	case quotes == 0:
		return
	case l.first == 0:
		l.first = number
	case l.second == 0:
		l.second = number
	}
	if quotes%2 == 1 {
		l.odd = true
		if !inches(written) {
			l.doubtful = number
		}
	}
}

// reason is why the record is refused, at its end.
func (l *looseQuotes) reason() string {
	switch {
	case l.odd && l.second > 0:
		return fmt.Sprintf("quotes within the unquoted cells %d and %d: a delimiter may be lost", l.first, l.second)
	case l.doubtful > 0:
		return fmt.Sprintf("a quote within the unquoted cell %d: another one, a delimiter or a line end may be lost", l.doubtful)
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
