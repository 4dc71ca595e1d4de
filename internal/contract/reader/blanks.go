package reader

import "bytes"

// wideBlank gives the length of the blank that a text begins with and that is not ASCII, 0 if there is none: what Unicode calls white space,
// and the marks of no width that people copy along with a cell (zero width space, left-to-right and right-to-left mark, word joiner, byte
// order mark).
func wideBlank(text []byte) int {
	if len(text) < 2 || text[0] < 0xc2 {
		return 0
	}
	if text[0] == 0xc2 {
		if text[1] == 0xa0 { // no-break space
			return 2
		}
		return 0
	}
	if len(text) >= 3 && isWideBlank(text[0], text[1], text[2]) {
		return 3
	}
	return 0
}

// wideBlankBefore is wideBlank for the end of a text.
func wideBlankBefore(text []byte) int {
	n := len(text)
	if n < 2 || text[n-1] < 0x80 {
		return 0
	}
	if text[n-2] == 0xc2 && text[n-1] == 0xa0 {
		return 2
	}
	if n >= 3 && isWideBlank(text[n-3], text[n-2], text[n-1]) {
		return 3
	}
	return 0
}

func isWideBlank(a, b, c byte) bool {
	switch a {
	case 0xe1:
		return b == 0x9a && c == 0x80 // U+1680
	case 0xe2:
		return b == 0x80 && (c <= 0x8b || c == 0x8e || c == 0x8f || c == 0xaf) || // U+2000 to 200B, 200E, 200F, 202F
			b == 0x81 && (c == 0x9f || c == 0xa0) // U+205F, 2060
	case 0xe3:
		return b == 0x80 && c == 0x80 // U+3000
	case 0xef:
		return b == 0xbb && c == 0xbf // U+FEFF
	default:
		return false
	}
}

// trimBlanks takes away the blanks at both ends.
func trimBlanks(text []byte) []byte {
	for {
		text = bytes.Trim(text, " \t\r\n")
		if n := wideBlank(text); n > 0 {
			text = text[n:]
		} else if n := wideBlankBefore(text); n > 0 {
			text = text[:len(text)-n]
		} else {
			return text
		}
	}
}

// edgy says whether a cell, which is not empty, may have something to strip.
func edgy(cell []byte) bool {
	first, last := cell[0], cell[len(cell)-1]
	if isGuard(first) || isGuard(last) {
		return true
	}
	return first|last >= 0x80 && (wideBlank(cell) > 0 || wideBlankBefore(cell) > 0)
}
