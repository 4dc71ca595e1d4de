package erase

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"

	"countinghouse/internal/contract/reader"
	"countinghouse/internal/erasure"
)

// blankWorkbook rewrites the cells that were found, and takes what they held from the sheets and parts that nobody reads.
func blankWorkbook(set *erasure.Set, stored io.ReaderAt, size int64, written io.Writer, found *finding) error {
	width := len(found.summary.Header.Names)
	cells := reader.NewCells{Sheets: found.summary.Sheets, Rows: map[int64]reader.NewRow{}, Elsewhere: map[string]bool{}}
	for line := range found.records {
		row := reader.NewRow{Cells: map[int]string{}, Width: width}
		for _, each := range found.cells[line] {
			row.Cells[each.field] = each.fresh
			cells.Elsewhere[each.old] = each.old != ""
		}
		if len(found.cells[line]) == 0 { // no fields: the row goes whole, and is refused again
			row = reader.NewRow{Cells: map[int]string{0: "erased"}}
		}
		cells.Rows[line] = row
	}
	cells.Part = func(name string, text []byte) ([]byte, error) {
		if !freeTexts.MatchString(name) {
			return text, nil
		}
		text = blankXML(text, cells.Elsewhere)
		if set.Text(string(text)) {
			return nil, errors.New(name + " holds an erased person within a longer text")
		}
		return text, nil
	}
	return reader.RewriteWorkbook(stored, size, written, cells)
}

var (
	freeTexts = regexp.MustCompile(`(?i)comment|pivotcache|drawing|persons?/`) // parts with what people wrote, and copies of cells
	wholeText = regexp.MustCompile(`<t(?: [^>]*)?>[^<]*</t>`)
	wholeCopy = regexp.MustCompile(` (?:v|displayName)="[^"]*"`)
)

// blankXML takes whole texts, and the copies of cells in pivot caches, out of a part.
func blankXML(text []byte, gone map[string]bool) []byte {
	plain := strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "&quot;", `"`)
	without := func(element []byte, opened, closed byte) []byte {
		begin, end := bytes.IndexByte(element, opened)+1, bytes.LastIndexByte(element, closed)
		if !gone[strings.TrimSpace(plain.Replace(string(element[begin:end])))] {
			return element
		}
		return append(bytes.Clone(element[:begin]), element[end:]...)
	}
	text = wholeText.ReplaceAllFunc(text, func(element []byte) []byte { return without(element, '>', '<') })
	return wholeCopy.ReplaceAllFunc(text, func(attribute []byte) []byte { return without(attribute, '"', '"') })
}

func contentOf(member *zip.File) ([]byte, error) {
	open, err := member.Open()
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(open)
	return text, errors.Join(err, open.Close())
}
