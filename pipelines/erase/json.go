package erase

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/reader"
)

const byteOrderMark = "\ufeff"

// fieldsOf gives the fields that members of a name are read as, by the name in its normal form.
func fieldsOf(c *contract.Contract) map[string][]int {
	fields, next := map[string][]int{}, 0
	for i := range c.Columns {
		if c.Columns[i].Computed() {
			continue
		}
		for _, name := range c.Columns[i].Header {
			normal := contract.NormalHeader(name)
			fields[normal] = append(fields[normal], next)
		}
		next++
	}
	return fields
}

// blankJSON goes down to the outermost list of the contract's path, or through the values of JSON lines, and writes each element anew that has a
// record found. All else is copied byte for byte.
func blankJSON(c *contract.Contract, text *bufio.Reader, out *bufio.Writer, found *finding) error {
	if mark, _ := text.Peek(len(byteOrderMark)); string(mark) == byteOrderMark {
		_, _ = text.Discard(len(mark))
		_, _ = out.WriteString(byteOrderMark) // Flush tells
	}
	copied := &copying{from: text, to: out}
	w := &jsonBlanker{found: found, fields: fieldsOf(c), copied: copied, decoder: json.NewDecoder(copied)}
	steps := reader.RecordPath(c.Files.Records)
	if c.Files.Container == contract.JSONL {
		for {
			if err := w.element(steps); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return err
			}
		}
	} else if err := w.descend(steps); err != nil {
		return err
	}
	return copied.rest()
}

// copying keeps what the decoder has read ahead until it is known what becomes of it.
type copying struct {
	from  io.Reader
	to    *bufio.Writer
	held  []byte
	start int64 // offset of held
}

// Read implements io.Reader.
func (c *copying) Read(into []byte) (int, error) {
	n, err := c.from.Read(into)
	c.held = append(c.held, into[:n]...)
	return n, err
}

// upTo writes what is held before an offset as it is; drop leaves it out.
func (c *copying) upTo(offset int64, drop bool) {
	n := int(offset - c.start)
	if !drop {
		_, _ = c.to.Write(c.held[:n]) // Flush tells
	}
	c.held, c.start = c.held[:copy(c.held, c.held[n:])], offset
}

func (c *copying) rest() error {
	_, _ = c.to.Write(c.held)
	_, err := io.Copy(c.to, c.from)
	return err
}

type jsonBlanker struct {
	found   *finding
	fields  map[string][]int // by the name of a member, in one spelling: what it is read as
	copied  *copying
	decoder *json.Decoder
	record  int64 // the reader's number of the last record
}

func (w *jsonBlanker) descend(steps reader.Path) error {
	switch {
	case steps.AtElement():
		return w.element(steps)
	case steps[0].Name == "":
		return w.elements(steps[1:])
	}
	if _, err := w.decoder.Token(); err != nil {
		return err
	}
	for w.decoder.More() {
		name, err := w.decoder.Token()
		switch {
		case err != nil:
		case name != steps[0].Name:
			var passed json.RawMessage
			err = w.decoder.Decode(&passed)
		case steps[0].List:
			err = w.elements(steps[1:])
		default:
			err = w.descend(steps[1:])
		}
		if err != nil {
			return err
		}
	}
	_, err := w.decoder.Token()
	return err
}

func (w *jsonBlanker) elements(steps reader.Path) error {
	if _, err := w.decoder.Token(); err != nil {
		return err
	}
	for w.decoder.More() {
		if err := w.element(steps); err != nil {
			return err
		}
	}
	_, err := w.decoder.Token()
	return err
}

// element writes one value of the outermost list.
func (w *jsonBlanker) element(steps reader.Path) error {
	var raw json.RawMessage
	if err := w.decoder.Decode(&raw); err != nil {
		return err
	}
	end := w.decoder.InputOffset()
	w.copied.upTo(end-int64(len(raw)), false)
	root, err := parseNode(raw)
	if err != nil {
		return err
	}
	var edits []edit
	w.expand(root, steps, &edits)
	if len(edits) == 0 {
		w.copied.upTo(end, false)
		return nil
	}
	w.copied.upTo(end, true)
	_, err = w.copied.to.Write(apply(raw, edits))
	return err
}

// expand counts records as the reader does, and gives what those found have changed. What an object hands down to its records is theirs.
func (w *jsonBlanker) expand(n *node, steps reader.Path, edits *[]edit) []change {
	if n.members == nil || len(steps) == 0 {
		return w.atRecord(n, edits)
	}
	child := n.member(steps[0].Name)
	if child == nil || steps[0].List && child.items == nil {
		return w.atRecord(n, edits)
	}
	children := []*node{child}
	if steps[0].List {
		children = child.items
	}
	var handed []change
	for _, each := range children {
		handed = append(handed, w.expand(each, steps[1:], edits)...)
	}
	for _, each := range n.members {
		w.change(each, handed, edits)
	}
	return handed
}

func (w *jsonBlanker) atRecord(n *node, edits *[]edit) []change {
	w.record++
	changed := w.found.cells[w.record]
	if _, whole := w.found.records[w.record]; whole && len(changed) == 0 { // it could not be read as fields: nothing of it is left
		*edits = append(*edits, edit{n.start, n.end, `"erased"`})
		return nil
	}
	if len(changed) > 0 {
		w.blank(n, changed, edits)
	}
	return changed
}

// blank changes what was read of a record, and takes what no column reads.
func (w *jsonBlanker) blank(n *node, changed []change, edits *[]edit) {
	for _, each := range n.members {
		if each.value.scalar && len(w.fields[contract.NormalHeader(each.name)]) == 0 {
			*edits = append(*edits, edit{each.value.start, each.value.end, `""`})
			continue
		}
		w.change(each, changed, edits)
		w.blank(each.value, changed, edits)
	}
	for _, each := range n.items {
		w.blank(each, changed, edits)
	}
}

// change rewrites a member that one of the changes is of: of the same column, and with the same text. A list or an object that is read as one text goes whole.
func (w *jsonBlanker) change(m member, changed []change, edits *[]edit) {
	for _, each := range changed {
		same := m.value.text == each.old
		if !m.value.scalar {
			same = strings.HasPrefix(each.old, "[") && m.value.items != nil || strings.HasPrefix(each.old, "{") && m.value.members != nil
		}
		if same && each.old != "" && slices.Contains(w.fields[contract.NormalHeader(m.name)], each.field) {
			quoted, _ := json.Marshal(each.fresh) // texts always encode
			*edits = append(*edits, edit{m.value.start, m.value.end, string(quoted)})
			return
		}
	}
}

// A node is one JSON value and where it stands.
type node struct {
	start, end int
	text       string // of a text or a number
	scalar     bool   // one of them
	members    []member
	items      []*node
}

type member struct {
	name  string
	value *node
}

func (n *node) member(name string) *node {
	for _, each := range n.members {
		if each.name == name {
			return each.value
		}
	}
	return nil
}

// parseNode reads one value that is known to be JSON.
func parseNode(raw []byte) (*node, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	return nextNode(decoder, raw)
}

func nextNode(decoder *json.Decoder, raw []byte) (*node, error) {
	before := int(decoder.InputOffset())
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	n := &node{start: before + len(raw[before:]) - len(bytes.TrimLeft(raw[before:], " \t\r\n,:"))}
	switch value := token.(type) {
	case json.Delim:
		err = n.readChildren(decoder, raw, value == '{')
	case string:
		n.scalar, n.text = true, string(reader.Strip([]byte(value)))
	case json.Number:
		n.scalar, n.text = true, value.String()
	}
	n.end = int(decoder.InputOffset())
	return n, err
}

func (n *node) readChildren(decoder *json.Decoder, raw []byte, isObject bool) error {
	if n.items = []*node{}; isObject {
		n.items, n.members = nil, []member{}
	}
	for decoder.More() {
		name := ""
		if isObject {
			token, err := decoder.Token()
			if err != nil {
				return err
			}
			name, _ = token.(string)
		}
		value, err := nextNode(decoder, raw)
		if err != nil {
			return err
		}
		if isObject {
			n.members = append(n.members, member{name, value})
		} else {
			n.items = append(n.items, value)
		}
	}
	_, err := decoder.Token()
	return err
}

// An edit puts a text in the place of some bytes.
type edit struct {
	start, end int
	text       string
}

// apply makes edits, of which the first to name a place counts.
func apply(raw []byte, edits []edit) []byte {
	var made bytes.Buffer
	slices.SortStableFunc(edits, func(a, b edit) int { return a.start - b.start })
	at := 0
	for _, each := range edits {
		if each.start < at {
			continue
		}
		made.Write(raw[at:each.start])
		made.WriteString(each.text)
		at = each.end
	}
	made.Write(raw[at:])
	return made.Bytes()
}
