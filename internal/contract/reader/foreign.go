package reader

import (
	"bufio"
	"bytes"
	"strings"

	"countinghouse/internal/contract"
)

// sniffed is how many bytes of a file are looked at to tell what it is.
const sniffed = 1 << 10

// refuseForeign tells apart what people rename to .csv or .json.
func refuseForeign(c *contract.Contract, text *bufio.Reader) error {
	first, err := text.Peek(sniffed)
	if len(first) == 0 && err != nil {
		return err
	}
	if kind := Foreign(first); kind != "" {
		return problem(0, "the contract says %s, but the file is %s", c.Files.Container, kind)
	}
	return nil
}

// Foreign says what a file is that is neither text nor a workbook, by its first bytes, and what to do; empty if it may be either.
func Foreign(first []byte) string {
	for _, kind := range []struct{ mark, is string }{
		{zipMark, "an xlsx workbook or a zip"},
		{"\xd0\xcf\x11\xe0", "an old .xls workbook, or one with a password: save it as xlsx"},
		{gzipMark, "packed with gzip twice: unpack it"},
		{"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it"},
		{"Rar!\x1a\x07", "a rar archive: unpack it"},
		{"BZh", "packed with bzip2: unpack it"},
		{"\xfd7zXZ\x00", "packed with xz: unpack it"},
		{"\x28\xb5\x2f\xfd", "packed with zstd: unpack it"},
		{"%PDF-", "a PDF: export it as csv or xlsx"},
		{"PAR1", "Parquet: export it as csv or xlsx"},
		{"SQLite format 3\x00", "a SQLite database: export it as csv"},
		{"\x89PNG", "a picture"},
		{"\xff\xd8\xff", "a picture"},
		{"GIF8", "a picture"},
		{"{\\rtf", "an RTF document: save it as csv or xlsx"},
	} {
		if bytes.HasPrefix(first, []byte(kind.mark)) && (kind.mark != "BZh" || len(first) > 4 && first[4] == '1') {
			return kind.is
		}
	}
	if len(first) > 262 && string(first[257:262]) == "ustar" {
		return "a tar archive: unpack it"
	}
	return markup(first)
}

// markup tells what back offices call .xls and browsers show: pages with a table, and the XML of Excel 2003. Texts in UTF-16 are told too.
func markup(first []byte) string {
	text := string(bytes.ReplaceAll(first, []byte{0}, nil))
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		text = strings.TrimPrefix(text, mark)
	}
	text = strings.ToLower(strings.TrimLeft(text, " \t\r\n"))
	if !strings.HasPrefix(text, "<") {
		return ""
	}
	for _, kind := range []struct{ mark, is string }{
		{"excel.sheet", "a workbook in the XML of Excel 2003: open it in a spreadsheet program and save it as xlsx"},
		{"urn:schemas-microsoft-com:office:spreadsheet", "a workbook in the XML of Excel 2003: open it in a spreadsheet program and save it as xlsx"},
		{"<html", "a web page: an error, or a table under the name of a workbook; open it in a spreadsheet program and save it as xlsx"},
		{"<!doctype html", "a web page: an error, or a table under the name of a workbook; open it in a spreadsheet program and save it as xlsx"},
		{"<table", "a web page: an error, or a table under the name of a workbook; open it in a spreadsheet program and save it as xlsx"},
		{"<?xml", "XML: export it as csv or xlsx"},
	} {
		if strings.Contains(text, kind.mark) {
			return kind.is
		}
	}
	return ""
}
