package reader

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"
)

// sharedTexts are the texts that cells name by number. They are read as far as a cell asks for: a header needs the first few.
type sharedTexts struct {
	part    *zip.File // nil where the workbook has none
	scanner *xmlScanner
	content io.ReadCloser
	pages   [][][]byte // the texts, in pages: an index that is copied to grow takes twice its room
	read    int
	room    []byte // what the last texts are appended to
	size    int    // bytes that they take
}

// chunk is how much room is made at a time, in bytes, and page for how many texts.
const (
	chunk = 1 << 20
	page  = 1 << 12
)

// get gives the text of this number.
func (t *sharedTexts) get(number int) ([]byte, error) {
	for number >= t.read {
		if err := t.more(); err != nil {
			return nil, err
		}
	}
	return t.pages[number/page][number%page], nil
}

// errNoText says that a cell names a text that is not there.
var errNoText = errors.New("a cell names a text that the workbook does not have")

// more reads the next text.
func (t *sharedTexts) more() error {
	if t.part == nil {
		return errNoText
	}
	if t.scanner == nil {
		var err error
		if t.scanner, t.content, err = openPart(t.part); err != nil {
			return err
		}
	}
	for {
		err := t.scanner.next()
		if errors.Is(err, io.EOF) {
			return errNoText
		}
		if err == nil && t.scanner.kind == opening && string(t.scanner.name) == "si" {
			err = t.add()
			if err == nil {
				return nil
			}
		}
		if err != nil {
			return partProblem(t.part.Name, err)
		}
	}
}

func (t *sharedTexts) add() error {
	if cap(t.room)-len(t.room) < MaxRecord/8 {
		t.room = make([]byte, 0, chunk)
	}
	begin := len(t.room)
	if !t.scanner.closed {
		var err error
		if t.room, err = richText(t.scanner, "si", t.room); err != nil {
			return err
		}
	}
	text := unescape(t.room[begin:])
	t.room = t.room[:begin+len(text)]
	if t.read%page == 0 {
		t.pages = append(t.pages, make([][]byte, 0, page))
	}
	last := &t.pages[t.read/page]
	*last = append(*last, text[:len(text):len(text)])
	t.read++
	const header = 24 // bytes of a slice
	if t.size += len(text) + header; t.size > maxTexts {
		return problem(0, "the workbook's texts take more than %d MB: export fewer rows at a time, or as csv", maxTexts>>20)
	}
	return nil
}

// finish reads what no cell asked for: only at its end the part's checksum tells whether what was read is right.
func (t *sharedTexts) finish() error {
	if t.content == nil {
		return nil
	}
	_, err := io.Copy(io.Discard, t.content)
	return partProblem(t.part.Name, err)
}

func (t *sharedTexts) close() error {
	if t.content == nil {
		return nil
	}
	return t.content.Close()
}

// richText appends the text within the element that was opened last: that of its t elements, without how words are read aloud (rPh).
func richText(s *xmlScanner, element string, to []byte) ([]byte, error) {
	inText, aloud := false, false
	for begin := len(to); ; {
		if err := s.next(); err != nil {
			return to, cutXML(err)
		}
		switch {
		case s.kind == characters:
			if inText && !aloud {
				to = append(to, s.text...)
			}
		case s.kind == closing && string(s.name) == element:
			return to, nil
		case string(s.name) == "t":
			inText = s.kind == opening && !s.closed
		case string(s.name) == "rPh":
			aloud = s.kind == opening && !s.closed
		}
		if len(to)-begin > MaxRecord {
			return to, problem(0, "a cell of more than %d bytes", MaxRecord)
		}
	}
}

// unescape resolves _x000D_ and the like, in place: how workbooks write characters that XML does not have.
func unescape(text []byte) []byte {
	at := bytes.Index(text, []byte("_x"))
	if at < 0 {
		return text
	}
	written := text[:at]
	for rest := text[at:]; len(rest) > 0; {
		if len(rest) >= 7 && rest[0] == '_' && rest[1] == 'x' && rest[6] == '_' {
			if number, err := strconv.ParseUint(string(rest[2:6]), 16, 16); err == nil && utf8.ValidRune(rune(number)) {
				written = utf8.AppendRune(written, rune(number))
				rest = rest[7:]
				continue
			}
		}
		written = append(written, rest[0])
		rest = rest[1:]
	}
	return written
}

func isFlateError(err error) bool {
	var corrupt flate.CorruptInputError
	var internal flate.InternalError
	return errors.As(err, &corrupt) || errors.As(err, &internal)
}
