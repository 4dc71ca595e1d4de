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

// controlAt is the place of the first control character, -1 if there is none. It is asked for every byte of a file, and takes 32 at a time.
func controlAt(text []byte) int {
	at := 0
	for ; at+32 <= len(text); at += 32 {
		found := lowBytes(text[at:]) | lowBytes(text[at+8:]) | lowBytes(text[at+16:]) | lowBytes(text[at+24:])
		if found == 0 {
			continue
		}
		for word := at; word < at+32; word += 8 {
			if lowBytes(text[word:])&^lineBytes(text[word:]) != 0 {
				return word + controlIn(text[word:word+8])
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
		if b < ' ' && b != '\t' && b != '\n' && b != '\r' || b == 0x7f {
			return i
		}
	}
	return -1
}

// Bytes repeated, for arithmetic on eight of them at once that carries nothing from one to the next.
const (
	ones   = 0x0101010101010101
	sevens = ones * 0x7f
	highs  = ones * 0x80
)

// lowBytes has the highest bit of each of eight bytes that is below a blank, or 0x7f.
func lowBytes(text []byte) uint64 {
	eight := binary.LittleEndian.Uint64(text)
	belowBlank := ^((eight&sevens + ones*(0x80-' ')) | eight)
	deleted := (eight&sevens + ones) &^ eight
	return (belowBlank | deleted) & highs
}

// lineBytes has the highest bit of each of eight bytes that is a TAB, a line feed or a return.
func lineBytes(text []byte) uint64 {
	eight := binary.LittleEndian.Uint64(text)
	return zeroBits(eight^ones*'\t') | zeroBits(eight^ones*'\n') | zeroBits(eight^ones*'\r')
}

// zeroBits has the highest bit of each byte that is zero.
func zeroBits(eight uint64) uint64 {
	return ^((eight&sevens + sevens) | eight | sevens)
}
