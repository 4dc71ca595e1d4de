package reader

import (
	"bytes"

	"countinghouse/internal/contract"
)

// headerAgain is the reason of a reject.
const headerAgain = "the header again: are these two files in one?"

// headerRows tells rows that are no rows: the header once more, or that of another table, whose rows would stand under the wrong names.
type headerRows struct {
	header *Header
	known  map[string]bool // the file's names, as they stand there and in their normal form
	begins [256]bool       // their first bytes
}

func newHeaderRows(header *Header) *headerRows {
	rows := &headerRows{header: header, known: make(map[string]bool, len(header.Names))}
	for _, name := range header.Names {
		for _, spelling := range []string{name, contract.NormalHeader(name)} {
			if header.Line > 0 && spelling != "" {
				rows.known[spelling], rows.begins[spelling[0]] = true, true
			}
		}
	}
	return rows
}

// looked is how many of a row's cells are looked at before it is compared with the header in earnest. Names of a table stand side by side.
const looked = 3

// unlikely says, at once, that a row is none of these, as next to no row is: it does not begin with a name.
func (h *headerRows) unlikely(cells [][]byte) bool {
	for _, cell := range cells[:min(looked, len(cells))] {
		if len(cell) > 0 && h.begins[cell[0]] && h.known[string(cell)] {
			return false
		}
	}
	return true
}

// look gives the reason to refuse a row that is the header again. A row of names of which some stand in other places, or are others, begins another
// table: a *Problem, since nobody knows how far it goes.
func (h *headerRows) look(line int64, cells [][]byte) (reason string, err error) {
	if h.unlikely(cells) {
		return "", nil
	}
	names, others := 0, 0
	for _, cell := range cells {
		switch {
		case len(cell) == 0:
		case h.known[contract.NormalHeader(string(cell))]:
			names++
		case bytes.IndexByte([]byte("+-.0123456789"), cell[0]) >= 0:
			return "", nil // no header has a number among its names
		default:
			others++
		}
	}
	switch {
	case h.again(cells):
		return headerAgain, nil
	case names >= 2 && names >= others:
		return "", problem(line, "the header of another table, with other columns than line %d has: land the two as files of their own", h.header.Line)
	}
	return "", nil
}

// again says whether a record repeats the header: every field that is read holds its column's name.
func (h *headerRows) again(cells [][]byte) bool {
	for len(cells) > 0 && len(cells[len(cells)-1]) == 0 {
		cells = cells[:len(cells)-1]
	}
	if len(cells) > len(h.header.Names) {
		return false
	}
	read := 0
	for _, field := range h.header.Fields {
		if field < 0 {
			continue
		}
		if field >= len(cells) || !h.same(cells[field], h.header.Names[field]) {
			return false
		}
		read++
	}
	return read > 0
}

func (*headerRows) same(cell []byte, name string) bool {
	return bytes.Equal(cell, []byte(name)) || contract.NormalHeader(string(cell)) == contract.NormalHeader(name)
}
