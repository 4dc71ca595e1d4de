package inspect

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/reader"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// sample reads the beginning of a file as a table, counts what follows, and notes in the report what the file is.
func sample(ctx context.Context, in reader.Input, report *Report) (*table, error) {
	stored, err := in.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = stored.Close() }()
	content := bufio.NewReaderSize(stored, 1<<16)
	first, err := content.Peek(4)
	if len(first) == 0 {
		if errors.Is(err, io.EOF) {
			err = &reader.Problem{Message: "the file is empty: export it again"}
		}
		return nil, err
	}
	switch {
	case bytes.HasPrefix(first, []byte("PK\x03\x04")):
		report.Container = contract.XLSX
		return sampleWorkbook(ctx, in, report)
	case bytes.HasPrefix(first, []byte("\xd0\xcf\x11\xe0")):
		report.Container = "xls"
		return nil, &reader.Problem{Message: "an old .xls workbook, or an encrypted one: open it and save it as xlsx"}
	case bytes.HasPrefix(first, []byte{0x1f, 0x8b}):
		report.Packed = "gzip"
		unpacked, err := gzip.NewReader(content)
		if err != nil {
			return nil, &reader.Problem{Message: "the gzip file is damaged: download it again"}
		}
		content = bufio.NewReaderSize(unpacked, 1<<16)
	}
	return sampleText(ctx, content, report)
}

func sampleText(ctx context.Context, content io.Reader, report *Report) (*table, error) {
	beginning := make([]byte, sampleBytes)
	n, err := io.ReadFull(content, beginning)
	whole := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if err != nil && !whole {
		return nil, damaged(err)
	}
	beginning = beginning[:n]
	decoder, problem := report.encoding(beginning, whole)
	if problem != nil {
		return nil, problem
	}
	text, err := decodeBeginning(decoder, beginning)
	if err != nil {
		return nil, err
	}
	text = strings.TrimPrefix(text, "\ufeff")
	if !report.Mark && strings.ContainsFunc(text[:min(len(text), 1<<12)], foreign) && strings.HasPrefix(report.Encoding, "utf-16") {
		report.Encoding = ""
		return nil, noText()
	}
	if trimmed := strings.TrimSpace(text); strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[") {
		if t, ok := sampleJSON(text, report); ok {
			return t, countRest(ctx, content, whole, t)
		}
	}
	if trimmed := strings.ToLower(strings.TrimSpace(text)); strings.HasPrefix(trimmed, "<html") || strings.HasPrefix(trimmed, "<!doctype") || strings.HasPrefix(trimmed, "<table") {
		report.Container = "html"
		return nil, &reader.Problem{Message: "a web page, whatever its name says: open it in a spreadsheet and save it as xlsx or csv"}
	}
	report.Container = contract.CSV
	if !whole && !strings.ContainsAny(text, "\r\n") {
		return nil, &reader.Problem{Message: fmt.Sprintf("a line of more than %d MB: no text that people export has one", sampleBytes>>20)}
	}
	t := sampleCSV(text, whole, report)
	return t, countRest(ctx, content, whole, t)
}

// damaged tells a broken gzip from trouble with reaching the file.
func damaged(err error) error {
	if errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) {
		return &reader.Problem{Message: "the gzip file is damaged: download it again"}
	}
	return err
}

// encoding finds out how the text is encoded, by its mark, by its zero bytes, by whether it is UTF-8, and else by whether it is GB18030.
func (r *Report) encoding(text []byte, whole bool) (encoding.Encoding, error) {
	odd, even := 0, 0
	for i, b := range text[:min(len(text), 1<<12)] {
		if b == 0 && i%2 == 0 {
			even++
		} else if b == 0 {
			odd++
		}
	}
	some := min(len(text), 1<<12) / 8
	switch {
	case bytes.HasPrefix(text, []byte("\xef\xbb\xbf")):
		r.Encoding, r.Mark = contract.UTF8, true
	case bytes.HasPrefix(text, []byte("\xff\xfe")):
		r.Encoding, r.Mark = contract.UTF16LE, true
	case bytes.HasPrefix(text, []byte("\xfe\xff")):
		r.Encoding, r.Mark = contract.UTF16BE, true
	case odd > some && odd > 2*even:
		r.Encoding = contract.UTF16LE
	case even > some && even > 2*odd:
		r.Encoding = contract.UTF16BE
	case utf8.Valid(withoutCutRune(text, whole)):
		r.Encoding = contract.UTF8
	default:
		r.Encoding = contract.GB18030
	}
	switch r.Encoding {
	case contract.UTF16LE:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), nil
	case contract.UTF16BE:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), nil
	case contract.UTF8:
		return unicode.UTF8, nil
	}
	decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(text)
	if err != nil || bytes.Count(decoded, []byte("\ufffd")) > 1 || bytes.Count(text, []byte{0}) > 0 {
		r.Encoding = ""
		return nil, noText()
	}
	return simplifiedchinese.GB18030, nil
}

func noText() error {
	return &reader.Problem{Message: "not a text in any encoding that is known, nor a workbook: a picture, a program, or damaged"}
}

// foreign says that a character has no place in a text.
func foreign(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == utf8.RuneError
}

// withoutCutRune leaves out a character that the end of the sample has cut.
func withoutCutRune(text []byte, whole bool) []byte {
	for cut := 1; !whole && cut < utf8.UTFMax && cut <= len(text); cut++ {
		if utf8.RuneStart(text[len(text)-cut]) {
			if !utf8.FullRune(text[len(text)-cut:]) {
				return text[:len(text)-cut]
			}
			break
		}
	}
	return text
}

func decodeBeginning(from encoding.Encoding, text []byte) (string, error) {
	decoded, err := from.NewDecoder().Bytes(text)
	return string(decoded), err
}

// countRest adds the lines behind the sample: bytes of line feeds, which in every encoding but UTF-16 are nothing else, and hardly ever there.
func countRest(ctx context.Context, content io.Reader, whole bool, t *table) error {
	buffer := make([]byte, 1<<18)
	for !whole {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := content.Read(buffer)
		t.total += int64(bytes.Count(buffer[:n], []byte{'\n'}))
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return damaged(err)
		}
	}
	return nil
}
