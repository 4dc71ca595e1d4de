package reader

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"countinghouse/internal/contract"
)

// Limits on one element of the outermost list, or one line.
const (
	maxElement = 64 << 20 // bytes, as written
	maxDepth   = 100      // objects and lists in one another
)

// A jsonReader reads records out of JSON objects. The outermost list is streamed; each element of it is held in memory.
type jsonReader struct {
	contract *contract.Contract
	columns  []int            // the contract's columns that have a field
	byName   map[string][]int // normal name -> positions in columns whose header it is
	text     *elementReader
	decoder  *json.Decoder
	sink     Sink
	summary  Summary
	seen     []bool // per position in columns: whether any record has it
	rank     []int  // which of its names the field at hand was found under
	fields   [][]byte
}

// A Path leads to the records of a document: it is a contract's files.records.
type Path []Step

// A Step is one part of a path: a member's name, and whether it is a list to go through.
type Step struct {
	Name string
	List bool
}

// AtElement tells that the value which the path begins at is taken whole: there is no list to stream on the way down.
func (p Path) AtElement() bool {
	return len(p) == 0 || p[0].Name == "" && !p[0].List || !slices.ContainsFunc(p, func(s Step) bool { return s.List })
}

func readJSON(c *contract.Contract, text *bufio.Reader, sink Sink) (Summary, error) {
	if err := refuseForeign(c, text); err != nil {
		return Summary{}, err
	}
	decoded, err := decode(text, c.Files.Encoding)
	if err != nil {
		return Summary{}, err
	}
	limited := &elementReader{from: decoded, left: maxElement}
	r := &jsonReader{contract: c, byName: map[string][]int{}, text: limited, decoder: json.NewDecoder(limited), sink: sink}
	r.decoder.UseNumber()
	if err := r.header(); err != nil {
		return r.summary, err
	}
	steps := RecordPath(c.Files.Records)
	if c.Files.Container == contract.JSONL {
		err = r.lines(steps)
	} else if err = r.document(steps); err == nil {
		err = r.nothingMore()
	}
	if err == nil {
		err = r.missing()
	}
	return r.summary, r.place(err)
}

// RecordPath reads list[].details[] as two steps.
func RecordPath(text string) Path {
	if text == "" {
		return nil
	}
	var steps Path
	for _, part := range strings.Split(text, ".") {
		name, list := strings.CutSuffix(part, "[]")
		steps = append(steps, Step{Name: name, List: list})
	}
	return steps
}

// header takes the contract's columns for the fields: objects have no order of their own.
func (r *jsonReader) header() error {
	header := Header{Fields: make([]int, len(r.contract.Columns))}
	for i, column := range r.contract.Columns {
		header.Fields[i] = -1
		if column.Computed() {
			continue
		}
		header.Fields[i] = len(r.columns)
		for _, name := range column.Header {
			normal := contract.NormalHeader(name)
			r.byName[normal] = append(r.byName[normal], len(r.columns))
		}
		header.Names = append(header.Names, column.Header[0])
		r.columns = append(r.columns, i)
	}
	r.seen = make([]bool, len(r.columns))
	r.rank = make([]int, len(r.columns))
	r.fields = make([][]byte, len(r.columns))
	r.summary.Header = header
	return r.sink.Header(header)
}

func (r *jsonReader) lines(steps Path) error {
	for {
		value, err := r.value()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := r.expand(value, steps, nil); err != nil {
			return err
		}
	}
}

// document streams the outermost list of the path. Members that stand before it are inherited, those behind it are not.
func (r *jsonReader) document(steps Path) error {
	return r.descend(steps, map[string]any{})
}

// descend goes down to the outermost list, in objects that are not held in memory.
func (r *jsonReader) descend(steps Path, inherited map[string]any) error {
	if steps.AtElement() {
		value, err := r.value()
		if err != nil {
			return inDocument(err)
		}
		return r.expand(value, steps, inherited)
	}
	if steps[0].Name == "" {
		return r.list(steps[1:], inherited)
	}
	if err := r.expect('{'); err != nil {
		return err
	}
	return r.members(steps, inherited)
}

func (r *jsonReader) members(steps Path, inherited map[string]any) error {
	seen := map[string]bool{}
	for r.decoder.More() {
		token, err := r.decoder.Token()
		if err != nil {
			return inDocument(err)
		}
		name, _ := token.(string)
		if seen[name] {
			return problem(0, "the member %q is there twice at byte %d: which one counts?", name, r.decoder.InputOffset())
		}
		seen[name] = true
		if err := r.member(name, steps, inherited); err != nil {
			return err
		}
	}
	if _, err := r.decoder.Token(); err != nil {
		return inDocument(err)
	}
	if !seen[steps[0].Name] {
		return problem(0, "there is no %q: not the answer that the contract describes", steps[0].Name)
	}
	return nil
}

// member reads one member of an object that is passed through.
func (r *jsonReader) member(name string, steps Path, inherited map[string]any) error {
	switch {
	case name == steps[0].Name && steps[0].List:
		return r.list(steps[1:], inherited)
	case name == steps[0].Name:
		return r.descend(steps[1:], maps.Clone(inherited))
	}
	value, err := r.value()
	if err == nil && isScalar(value) {
		inherited[name] = value
	}
	return inDocument(err)
}

func (r *jsonReader) list(rest Path, inherited map[string]any) error {
	if err := r.expect('['); err != nil {
		return err
	}
	for r.decoder.More() {
		value, err := r.value()
		if err != nil {
			return inDocument(err)
		}
		if err := r.expand(value, rest, inherited); err != nil {
			return err
		}
	}
	_, err := r.decoder.Token()
	return inDocument(err)
}

func (r *jsonReader) expect(delimiter json.Delim) error {
	token, err := r.decoder.Token()
	if err == nil && token != delimiter {
		err = problem(0, "want %q where the records begin, got %v: not the answer that the contract describes", delimiter.String(), token)
	}
	return inDocument(err)
}

// nothingMore refuses what stands behind the document: two answers in one file, of which only the first would be read.
func (r *jsonReader) nothingMore() error {
	_, err := r.decoder.Token()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err == nil:
		return problem(0, "there is more behind the JSON document, at byte %d: two files in one?", r.decoder.InputOffset())
	default:
		return err
	}
}

// expand goes down the path from one value. Scalar members of the objects passed through are inherited.
func (r *jsonReader) expand(value any, steps Path, inherited map[string]any) error {
	object, ok := value.(map[string]any)
	if broken, is := value.(brokenValue); is {
		return r.reject(broken.text, broken.reason)
	}
	if !ok {
		return r.reject(compact(value), "want an object")
	}
	if len(steps) == 0 {
		return r.record(object, inherited)
	}
	handed := map[string]any{}
	for _, members := range []map[string]any{inherited, object} {
		for name, member := range members {
			if isScalar(member) {
				handed[name] = member
			}
		}
	}
	member, there := object[steps[0].Name]
	if !there {
		return r.reject(compact(value), fmt.Sprintf("there is no %q", steps[0].Name))
	}
	if !steps[0].List {
		return r.expand(member, steps[1:], handed)
	}
	elements, ok := member.([]any)
	if !ok {
		return r.reject(compact(value), fmt.Sprintf("%q is no list", steps[0].Name))
	}
	for _, element := range elements {
		if err := r.expand(element, steps[1:], handed); err != nil {
			return err
		}
	}
	return nil
}

func isScalar(value any) bool {
	switch value.(type) {
	case map[string]any, []any:
		return false
	default:
		return true
	}
}

func (r *jsonReader) record(object, inherited map[string]any) error {
	for i := range r.fields {
		r.fields[i], r.rank[i] = nil, len(r.contract.Columns[r.columns[i]].Header)
	}
	for _, members := range []map[string]any{object, inherited} {
		if reason := r.putAll(members); reason != "" {
			return r.reject(compact(object), reason)
		}
	}
	if reason := controlsIn(r.fields); reason != "" {
		return r.reject(compact(object), reason)
	}
	r.summary.Records++
	return r.sink.Fields(r.summary.Records, r.fields)
}

// putAll writes an object's values into their columns, or says why that cannot be done.
func (r *jsonReader) putAll(members map[string]any) (reason string) {
	names := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		normal := contract.NormalHeader(name)
		if len(r.byName[normal]) == 0 {
			continue
		}
		if other, twice := names[normal]; twice {
			return fmt.Sprintf("the names %q and %q mean the same: which one counts?", other, name)
		}
		names[normal] = name
		for _, position := range r.byName[normal] {
			if r.contract.Columns[r.columns[position]].Type == contract.ID && !canBeID(members[name]) {
				return fmt.Sprintf("%q: no identifier, but %s", name, compact(members[name]))
			}
		}
		r.put(normal, members[name])
	}
	return ""
}

// canBeID says that a value is one text or number. A list of ids as text would be an id that nobody else has.
func canBeID(value any) bool {
	switch value.(type) {
	case nil, string, json.Number:
		return true
	default:
		return false
	}
}

// put writes a value into the columns that are called so; a column's earlier names go first, and an object's own members before
// inherited ones.
func (r *jsonReader) put(normal string, value any) {
	for _, position := range r.byName[normal] {
		for rank, name := range r.contract.Columns[r.columns[position]].Header {
			if contract.NormalHeader(name) == normal && rank < r.rank[position] {
				r.rank[position] = rank
				r.seen[position] = true
				r.fields[position] = cellOf(value)
			}
		}
	}
}

func cellOf(value any) []byte {
	switch v := value.(type) {
	case nil:
		return nil
	case string:
		return Strip([]byte(v))
	case json.Number:
		return []byte(v.String())
	case bool:
		return fmt.Append(nil, v)
	default:
		return compact(v)
	}
}

func compact(value any) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil
	}
	return bytes.TrimSpace(text.Bytes())
}

func (r *jsonReader) reject(raw []byte, reason string) error {
	r.summary.Records++
	r.summary.Rejects++
	return r.sink.Reject(r.summary.Records, reason, raw)
}

func (r *jsonReader) missing() error {
	if r.summary.Records == r.summary.Rejects {
		return nil
	}
	for position, column := range r.columns {
		if r.contract.Columns[column].Required && !r.seen[position] {
			return problem(0, "the required field %q is in no record", r.contract.Columns[column].Header[0])
		}
	}
	return nil
}

// place says where the JSON is broken.
func (r *jsonReader) place(err error) error {
	var syntax *json.SyntaxError
	var bad *badByte
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return problem(0, "the JSON is cut short after %d bytes: fetch it again", r.decoder.InputOffset())
	case errors.As(err, &syntax):
		return problem(0, "not JSON at byte %d: %s", syntax.Offset, syntax.Error())
	case errors.As(err, &bad):
		return problem(0, "byte %d of the file %s", bad.offset+1, bad.message)
	default:
		return err
	}
}
