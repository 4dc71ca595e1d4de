package reader

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// brokenValue stands for an element that is JSON, but no record can be made of it.
type brokenValue struct {
	reason string
	text   []byte
}

// value reads one whole value: maps, slices, strings, json.Numbers, booleans and nil. A value with a name twice in one object, of which
// nobody could say which counts, or nested too deeply becomes a brokenValue. It is io.EOF where there is none.
func (r *jsonReader) value() (any, error) {
	r.text.left = maxElement
	var raw json.RawMessage
	if err := r.decoder.Decode(&raw); err != nil {
		return nil, err
	}
	if bytes.Contains(raw, []byte(`\u`)) && halfCharacter(raw) {
		return brokenValue{reason: "half of a character, such as \\ud83d alone", text: raw[:min(len(raw), MaxRecord)]}, nil
	}
	builder := valueBuilder{decoder: json.NewDecoder(bytes.NewReader(raw))}
	builder.decoder.UseNumber()
	value, err := builder.next(0)
	if errors.Is(err, errDoubled) || errors.Is(err, errDeep) {
		return brokenValue{reason: err.Error(), text: raw[:min(len(raw), MaxRecord)]}, nil
	}
	return value, err
}

// halfCharacter says whether JSON has an escape that is one half of a pair of surrogates without the other: any two of them would be read alike.
func halfCharacter(raw []byte) bool {
	high := false
	for at := 0; at < len(raw); at++ {
		unit, escaped := rune(0), raw[at] == '\\' && at+1 < len(raw)
		if escaped {
			at++
			if raw[at] == 'u' && at+5 <= len(raw) {
				number, err := strconv.ParseUint(string(raw[at+1:at+5]), 16, 32)
				if err == nil {
					unit = rune(number)
				}
				at += 4
			}
		}
		low := unit >= 0xdc00 && unit < 0xe000
		if high != low {
			return true
		}
		high = unit >= 0xd800 && unit < 0xdc00
	}
	return high
}

// inDocument is for an end where none may be.
func inDocument(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

var (
	errDoubled = errors.New("a name is there twice in one object")
	errDeep    = fmt.Errorf("more than %d objects and lists in one another", maxDepth)
)

type valueBuilder struct{ decoder *json.Decoder }

func (b valueBuilder) next(depth int) (any, error) {
	token, err := b.decoder.Token()
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, errDeep
	}
	switch token {
	case json.Delim('{'):
		return b.object(depth + 1)
	case json.Delim('['):
		return b.list(depth + 1)
	default:
		return token, nil
	}
}

func (b valueBuilder) object(depth int) (any, error) {
	members := map[string]any{}
	for b.decoder.More() {
		token, err := b.decoder.Token()
		if err != nil {
			return nil, err
		}
		name, _ := token.(string)
		if _, there := members[name]; there {
			return nil, fmt.Errorf("%w: %q", errDoubled, name)
		}
		if members[name], err = b.next(depth); err != nil {
			return nil, err
		}
	}
	_, err := b.decoder.Token()
	return members, err
}

func (b valueBuilder) list(depth int) (any, error) {
	elements := []any{}
	for b.decoder.More() {
		element, err := b.next(depth)
		if err != nil {
			return nil, err
		}
		elements = append(elements, element)
	}
	_, err := b.decoder.Token()
	return elements, err
}

// An elementReader ends a text in which one element is larger than memory should hold.
type elementReader struct {
	from io.Reader
	left int64 // bytes until then
}

func (r *elementReader) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, problem(0, "one record, or what stands between two, takes more than %d MB: not the answer that the contract describes", maxElement>>20)
	}
	n, err := r.from.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	return n, err
}
