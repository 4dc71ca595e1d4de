package reader

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// An xmlScanner reads a part of a workbook as tags and texts, without building anything of them. It knows as much of XML as such parts use:
// names without their prefix, the five entities and numbered ones, CDATA. A document type is refused: nothing honest has one there.
type xmlScanner struct {
	from   io.Reader
	buffer []byte
	start  int // of what was not looked at yet
	end    int
	before int64 // bytes that were in the buffer and are gone
	ended  error

	// The last thing found. The slices are valid until the next one is looked for.
	kind       xmlKind
	prefix     []byte // of a tag's name, with the colon
	name       []byte // of a tag, without its prefix
	attributes []byte // of an opening tag, as written
	closed     bool   // whether an opening tag closes itself
	text       []byte // with its entities resolved
}

type xmlKind int

const (
	opening xmlKind = iota
	closing
	characters
)

// errXML says that a part is no XML that can be read.
var errXML = errors.New("its XML is broken, or of a kind that is not read here")

func newXMLScanner(from io.Reader) (*xmlScanner, error) {
	buffered := bufio.NewReaderSize(from, 1<<12)
	first, err := buffered.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	s := &xmlScanner{from: buffered, buffer: make([]byte, 1<<16)}
	if bytes.Equal(first, []byte("\xff\xfe")) || bytes.Equal(first, []byte("\xfe\xff")) {
		s.from = transform.NewReader(buffered, unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder())
	}
	return s, nil
}

// place is how many bytes of the part, as UTF-8, have been looked at.
func (s *xmlScanner) place() int64 { return s.before + int64(s.start) }

// next finds the next tag or text; io.EOF at the end.
func (s *xmlScanner) next() error {
	for {
		if err := s.need(1); err != nil {
			return err
		}
		if s.buffer[s.start] != '<' {
			return s.readText()
		}
		if err := s.need(2); err != nil {
			return cutXML(err)
		}
		switch s.buffer[s.start+1] {
		case '?':
			if err := s.declaration(); err != nil {
				return err
			}
		case '!':
			if found, err := s.special(); found || err != nil {
				return err
			}
		default:
			return s.tag()
		}
	}
}

// need makes sure that so many bytes are at hand; io.EOF only if there are none at all.
func (s *xmlScanner) need(n int) error {
	for s.end-s.start < n {
		if s.ended != nil {
			return s.ended
		}
		if err := s.fill(); err != nil {
			return err
		}
	}
	return nil
}

// fill reads more. What stands between two brackets cannot be longer than a record.
func (s *xmlScanner) fill() error {
	if s.start > 0 {
		s.before += int64(s.start)
		s.end = copy(s.buffer, s.buffer[s.start:s.end])
		s.start = 0
	}
	if s.end > MaxRecord {
		return problem(0, "a cell of more than %d bytes", MaxRecord)
	}
	if s.end == len(s.buffer) {
		s.buffer = append(s.buffer, make([]byte, len(s.buffer))...)
	}
	n, err := s.from.Read(s.buffer[s.end:])
	s.end += n
	s.ended = err
	return nil
}

// upTo gives the length of what comes before mark, which begins at or after from.
func (s *xmlScanner) upTo(mark string, from int) (int, error) {
	for {
		if at := bytes.Index(s.buffer[min(s.start+from, s.end):s.end], []byte(mark)); at >= 0 {
			return from + at, nil
		}
		from = max(from, s.end-s.start-len(mark)+1)
		if s.ended != nil {
			return 0, cutXML(s.ended)
		}
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
}

// cutXML is for an end where none may be.
func cutXML(err error) error {
	if errors.Is(err, io.EOF) {
		return errXML
	}
	return err
}

func (s *xmlScanner) readText() error {
	length, err := s.upTo("<", 0)
	if errors.Is(err, errXML) { // nothing but blanks may stand behind the last tag
		if len(bytes.TrimSpace(s.buffer[s.start:s.end])) == 0 {
			s.start = s.end
			return io.EOF
		}
	}
	if err != nil {
		return err
	}
	s.kind = characters
	s.text, err = resolve(lineFeeds(s.buffer[s.start : s.start+length]))
	s.start += length
	return err
}

// declaration passes over <?…?>. One that names another encoding than UTF-8 ends it.
func (s *xmlScanner) declaration() error {
	length, err := s.upTo("?>", 2)
	if err != nil {
		return err
	}
	text := bytes.ToLower(s.buffer[s.start : s.start+length])
	s.start += length + 2
	if at := bytes.Index(text, []byte("encoding")); bytes.HasPrefix(text, []byte("<?xml ")) && at >= 0 {
		if !bytes.Contains(text[at:], []byte("utf-8")) && !bytes.Contains(text[at:], []byte("utf-16")) && !bytes.Contains(text[at:], []byte("ascii")) {
			return errXML
		}
	}
	return nil
}

// special passes over a comment and finds CDATA.
func (s *xmlScanner) special() (found bool, err error) {
	const comment, data = "<!--", "<![CDATA["
	if err := s.need(len(data)); err != nil {
		return false, cutXML(err)
	}
	switch {
	case bytes.HasPrefix(s.buffer[s.start:], []byte(comment)):
		length, err := s.upTo("-->", len(comment))
		s.start += length + len("-->")
		return false, err
	case bytes.HasPrefix(s.buffer[s.start:], []byte(data)):
		length, err := s.upTo("]]>", len(data))
		if err != nil {
			return false, err
		}
		s.kind, s.text = characters, s.buffer[s.start+len(data):s.start+length]
		s.start += length + len("]]>")
		return true, nil
	default:
		return false, errXML
	}
}

func (s *xmlScanner) tag() error {
	length, err := s.tagLength()
	if err != nil {
		return err
	}
	inside := s.buffer[s.start+1 : s.start+length]
	s.start += length + 1
	s.kind, s.closed = opening, false
	if inside[0] == '/' {
		s.kind, inside = closing, inside[1:]
	} else if n := len(inside); inside[n-1] == '/' {
		s.closed, inside = true, inside[:n-1]
	}
	end := 0
	for end < len(inside) && !isXMLBlank(inside[end]) {
		end++
	}
	colon := bytes.IndexByte(inside[:end], ':') + 1
	s.prefix, s.name, s.attributes = inside[:colon], inside[colon:end], inside[end:]
	if len(s.name) == 0 {
		return errXML
	}
	return nil
}

// tagLength is the number of bytes before the bracket that closes a tag; one within quotes closes nothing.
func (s *xmlScanner) tagLength() (int, error) {
	var quote byte
	for at := 1; ; at++ {
		if s.start+at >= s.end {
			if err := s.need(at + 1); err != nil {
				return 0, cutXML(err)
			}
		}
		switch b := s.buffer[s.start+at]; {
		case quote != 0:
			if b == quote {
				quote = 0
			}
		case b == '"' || b == '\'':
			quote = b
		case b == '>' && at == 1:
			return 0, errXML
		case b == '>':
			return at, nil
		}
	}
}

func isXMLBlank(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

// attribute gives the value of the attribute with this name, whatever its prefix, with its entities resolved; nil if there is none.
func (s *xmlScanner) attribute(name string) []byte {
	for rest := s.attributes; ; {
		equals := bytes.IndexByte(rest, '=')
		if equals < 0 {
			return nil
		}
		key := bytes.TrimSpace(rest[:equals])
		if colon := bytes.IndexByte(key, ':'); colon >= 0 {
			key = key[colon+1:]
		}
		rest = bytes.TrimLeft(rest[equals+1:], " \t\r\n")
		if len(rest) == 0 {
			return nil
		}
		end := bytes.IndexByte(rest[1:], rest[0])
		if end < 0 || rest[0] != '"' && rest[0] != '\'' {
			return nil
		}
		if string(key) == name {
			value, err := resolve(bytes.Clone(rest[1 : end+1])) // it may be asked for again
			if err != nil {
				return nil
			}
			return value
		}
		rest = rest[end+2:]
	}
}

// lineFeeds makes the line ends of a text line feeds, in place, as XML wants it.
func lineFeeds(text []byte) []byte {
	at := bytes.IndexByte(text, '\r')
	if at < 0 {
		return text
	}
	written := text[:at]
	for i, b := range text[at:] {
		switch {
		case b != '\r':
			written = append(written, b)
		case at+i+1 == len(text) || text[at+i+1] != '\n':
			written = append(written, '\n')
		}
	}
	return written
}

// resolve replaces entities, in place: none is shorter than what it stands for.
func resolve(text []byte) ([]byte, error) {
	at := bytes.IndexByte(text, '&')
	if at < 0 {
		return text, nil
	}
	written := text[:at]
	for rest := text[at:]; len(rest) > 0; {
		if rest[0] != '&' {
			next := bytes.IndexByte(rest, '&')
			if next < 0 {
				next = len(rest)
			}
			written = append(written, rest[:next]...)
			rest = rest[next:]
			continue
		}
		end := bytes.IndexByte(rest, ';')
		if end < 0 {
			return nil, errXML
		}
		character, ok := entity(rest[1:end])
		if !ok {
			return nil, errXML
		}
		rest = rest[end+1:]
		written = utf8.AppendRune(written, character)
	}
	return written, nil
}

func entity(name []byte) (rune, bool) {
	switch string(name) {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	digits, base := bytes.TrimPrefix(name, []byte("#")), 10
	if len(digits) == len(name) {
		return 0, false
	}
	if hex := bytes.TrimPrefix(digits, []byte("x")); len(hex) < len(digits) {
		digits, base = hex, 16
	}
	number, err := strconv.ParseUint(string(digits), base, 21)
	return rune(number), err == nil && utf8.ValidRune(rune(number))
}
