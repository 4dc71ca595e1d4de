package reader

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"countinghouse/internal/contract"
)

// decode gives the text as UTF-8 without a byte order mark. Bytes that the encoding does not have end it with a *Problem that names
// the byte, the line and, where that can be told, the encoding that fits.
func decode(text *bufio.Reader, name string) (io.Reader, error) {
	sample, err := text.Peek(1 << 12)
	if len(sample) == 0 && err != nil {
		return nil, err
	}
	if name == contract.AnyEncoding {
		if name = Marked(sample); name == "" {
			return &anyReader{from: text}, nil
		}
	}
	if err := checkMark(sample, name); err != nil {
		return nil, err
	}
	switch name {
	case contract.GB18030:
		if found := looksLike(sample); found == contract.UTF8 {
			return nil, problem(0, "the contract says encoding gb18030, but the bytes are utf-8")
		}
		return newDecodeReader(text, name, simplifiedchinese.GB18030.NewDecoder(), stepGB18030, 0), nil
	case contract.UTF16LE, contract.UTF16BE:
		order := unicode.LittleEndian
		if name == contract.UTF16BE {
			order = unicode.BigEndian
		}
		skipped, err := skipMark(text, sample, "\xff\xfe", "\xfe\xff")
		decoder := unicode.UTF16(order, unicode.IgnoreBOM).NewDecoder()
		return newDecodeReader(text, name, decoder, stepUTF16(name), skipped), err
	default:
		skipped, err := skipMark(text, sample, "\xef\xbb\xbf")
		return &utf8Reader{from: text, offset: skipped}, err
	}
}

// Marked gives the encoding that a byte order mark tells, or the zero bytes of UTF-16 without one; empty if neither is there.
func Marked(sample []byte) string {
	switch {
	case bytes.HasPrefix(sample, []byte("\xef\xbb\xbf")):
		return contract.UTF8
	case bytes.HasPrefix(sample, []byte("\xff\xfe")):
		return contract.UTF16LE
	case bytes.HasPrefix(sample, []byte("\xfe\xff")):
		return contract.UTF16BE
	}
	return zeroBytes(sample)
}

// zeroBytes tells UTF-16 without a mark by the zero bytes of its digits and delimiters, most of which stand at even or at odd places; empty if
// it is none. A few of them in another text are damage to the rows that they are in.
func zeroBytes(sample []byte) string {
	var zeros [2]int // at even and at odd places
	for i, b := range sample {
		if b == 0 {
			zeros[i%2]++
		}
	}
	few := len(sample) / 20
	switch {
	case zeros[1] > few && zeros[0] <= zeros[1]/4:
		return contract.UTF16LE
	case zeros[0] > few && zeros[1] <= zeros[0]/4:
		return contract.UTF16BE
	default:
		return ""
	}
}

// anyReader passes ASCII through until there is something to tell the encoding by.
type anyReader struct {
	from   *bufio.Reader
	offset int64
	chosen io.Reader
}

func (r *anyReader) Read(p []byte) (int, error) {
	if r.chosen != nil {
		return r.chosen.Read(p)
	}
	sample, err := r.from.Peek(1)
	if len(sample) == 0 {
		return 0, err
	}
	sample, _ = r.from.Peek(max(1, r.from.Buffered()))
	ascii := 0
	for ascii < min(len(sample), len(p)) && sample[ascii] < utf8.RuneSelf {
		ascii++
	}
	if ascii > 0 || len(p) == 0 {
		n, err := r.from.Read(p[:ascii])
		r.offset += int64(n)
		return n, err
	}
	sample, _ = r.from.Peek(1 << 12) // what is wrong with the file comes again
	if utf8.Valid(sample[:len(sample)-partialRune(sample)]) {
		r.chosen = &utf8Reader{from: r.from, offset: r.offset}
	} else {
		r.chosen = newDecodeReader(r.from, contract.GB18030, simplifiedchinese.GB18030.NewDecoder(), stepGB18030, r.offset)
	}
	return r.chosen.Read(p)
}

// skipMark passes over a byte order mark and gives its length.
func skipMark(text *bufio.Reader, sample []byte, marks ...string) (int64, error) {
	for _, mark := range marks {
		if bytes.HasPrefix(sample, []byte(mark)) {
			skipped, err := text.Discard(len(mark))
			return int64(skipped), err
		}
	}
	return 0, nil
}

// checkMark compares the byte order mark, if there is one, with the contract.
func checkMark(sample []byte, name string) error {
	found := ""
	switch {
	case bytes.HasPrefix(sample, []byte("\xef\xbb\xbf")):
		found = contract.UTF8
	case bytes.HasPrefix(sample, []byte("\xff\xfe")):
		found = contract.UTF16LE
	case bytes.HasPrefix(sample, []byte("\xfe\xff")):
		found = contract.UTF16BE
	case name != contract.UTF16LE && name != contract.UTF16BE && zeroBytes(sample) != "":
		found = "utf-16 (it holds zero bytes)"
	}
	if found == "" || found == name || name == "" && found == contract.UTF8 {
		return nil
	}
	return problem(0, "the contract says encoding %s, but the file is %s", orUTF8(name), found)
}

func orUTF8(name string) string {
	if name == "" {
		return contract.UTF8
	}
	return name
}

// looksLike tells the encoding of bytes that are not plain ASCII; empty if it cannot be told.
func looksLike(sample []byte) string {
	whole := sample[:len(sample)-partialRune(sample)]
	switch {
	case utf8.Valid(whole) && !isASCII(whole):
		return contract.UTF8
	case isASCII(whole):
		return ""
	}
	decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(sample[:len(sample)-len(sample)%2])
	if err == nil && bytes.Count(decoded, []byte("\ufffd")) <= 1 { // the last character may be cut
		return contract.GB18030
	}
	return ""
}

func isASCII(text []byte) bool {
	for _, b := range text {
		if b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// partialRune is how many bytes at the end of text are the beginning of a character.
func partialRune(text []byte) int {
	for n := 1; n <= min(utf8.UTFMax-1, len(text)); n++ {
		tail := text[len(text)-n:]
		if utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return n
		}
	}
	return 0
}

// utf8Reader passes UTF-8 through and stops at the first byte that is not.
type utf8Reader struct {
	from   io.Reader
	offset int64 // of the next byte, in the file
	carry  [utf8.UTFMax]byte
	kept   int
	bad    *badByte // the end of it
}

func (r *utf8Reader) Read(p []byte) (int, error) {
	if r.bad != nil {
		return 0, r.bad
	}
	kept := copy(p, r.carry[:r.kept])
	n, err := r.from.Read(p[kept:])
	n += kept
	r.kept = 0
	if n == 0 {
		return 0, err
	}
	cut := 0
	if !errors.Is(err, io.EOF) { // more was to come
		cut = partialRune(p[:n])
	}
	if !utf8.Valid(p[:n-cut]) {
		return r.upToBad(p[:n])
	}
	r.kept = copy(r.carry[:], p[n-cut:n])
	r.offset += int64(n - cut)
	return n - cut, err
}

// upToBad hands on what is good, so that the line reader's count is right, and then the problem.
func (r *utf8Reader) upToBad(text []byte) (int, error) {
	good := 0
	for good < len(text) {
		character, size := utf8.DecodeRune(text[good:])
		if character == utf8.RuneError && size <= 1 {
			break
		}
		good += size
	}
	hint := ""
	if found := looksLike(text[good:]); found == contract.GB18030 {
		hint = ", but looks like gb18030: set encoding in the contract"
	}
	r.bad = &badByte{offset: r.offset + int64(good), message: "is not " + contract.UTF8 + hint}
	return good, r.bad
}

// badByte becomes a Problem when the line is known.
type badByte struct {
	offset  int64
	message string
}

func (b *badByte) Error() string { return b.message }

// decodeReader decodes and stops at the first bytes that mean nothing: the decoder would write U+FFFD for them.
type decodeReader struct {
	from    io.Reader
	decoder *encoding.Decoder
	name    string
	step    func([]byte) int // length of the first character
	in      [1 << 15]byte
	start   int
	end     int
	offset  int64 // of in[start], in the file
	ended   error
	bad     *badByte // the end of it
}

func newDecodeReader(from io.Reader, name string, decoder *encoding.Decoder, step func([]byte) int, offset int64) *decodeReader {
	return &decodeReader{from: from, decoder: decoder, name: name, step: step, offset: offset}
}

func (r *decodeReader) Read(p []byte) (int, error) {
	if r.bad != nil {
		return 0, r.bad
	}
	for {
		if r.start < r.end || r.ended != nil {
			written, read, err := r.decoder.Transform(p, r.in[r.start:r.end], errors.Is(r.ended, io.EOF))
			if at := bytes.Index(p[:written], []byte("\ufffd")); at >= 0 {
				r.bad = &badByte{offset: r.badOffset(p[:at]), message: "is not " + r.name}
				return at, r.bad
			}
			r.start += read
			r.offset += int64(read)
			if written > 0 {
				return written, nil
			}
			if r.ended != nil && (r.start == r.end || !errors.Is(r.ended, io.EOF)) {
				return 0, r.ended
			}
			if err != nil && r.ended != nil {
				return 0, &badByte{offset: r.offset, message: "is not " + r.name}
			}
		}
		r.fill()
	}
}

func (r *decodeReader) fill() {
	r.end = copy(r.in[:], r.in[r.start:r.end])
	r.start = 0
	n, err := r.from.Read(r.in[r.end:])
	r.end += n
	r.ended = err
}

// badOffset walks over the characters that were decoded well.
func (r *decodeReader) badOffset(good []byte) int64 {
	at := r.start
	for range utf8.RuneCount(good) {
		if at < r.end {
			at += r.step(r.in[at:r.end])
		}
	}
	return r.offset + int64(at-r.start)
}

func stepGB18030(text []byte) int {
	switch {
	case text[0] <= utf8.RuneSelf || len(text) < 2: // a lone 0x80 is the euro sign
		return 1
	case text[1] >= '0' && text[1] <= '9':
		return 4
	default:
		return 2
	}
}

// stepUTF16 knows pairs of surrogates by the high byte of the first one.
func stepUTF16(name string) func([]byte) int {
	high := 0
	if name == contract.UTF16LE {
		high = 1
	}
	return func(text []byte) int {
		if len(text) >= 4 && text[high]&0xfc == 0xd8 {
			return 4
		}
		return min(2, len(text))
	}
}
