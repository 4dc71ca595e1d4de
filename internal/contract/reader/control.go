package reader

import (
	"encoding/binary"
	"fmt"
)

// controlsIn says, as the reason of a reject, which control character is in a record's fields; empty if there is none. TABs and line ends
// within a cell are text.
func controlsIn(fields [][]byte) string {
	for _, field := range fields {
		if at := controlAt(field); at >= 0 {
			return fmt.Sprintf("the control character U+%04X", field[at])
		}
	}
	return ""
}

// controlAt is the place of the first control character, -1 if there is none.
func controlAt(text []byte) int {
	at := 0
	for ; at+8 <= len(text); at += 8 {
		if mayHoldControl(binary.LittleEndian.Uint64(text[at:])) {
			if found := controlIn(text[at : at+8]); found >= 0 {
				return at + found
			}
		}
	}
	if found := controlIn(text[at:]); found >= 0 {
		return at + found
	}
	return -1
}

func controlIn(text []byte) int {
	for i, b := range text {
		if isControl(b) {
			return i
		}
	}
	return -1
}

func isControl(b byte) bool {
	return b < ' ' && b != '\t' && b != '\n' && b != '\r' || b == 0x7f
}

// mayHoldControl is true if one of eight bytes is below a blank or 0x7f, and seldom else.
func mayHoldControl(eight uint64) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	low := (eight - ones*' ') &^ eight & highs
	deleted := eight ^ ones*0x7f
	return low != 0 || (deleted-ones)&^deleted&highs != 0
}
