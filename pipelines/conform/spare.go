package conform

import (
	"encoding/json"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/reader"
)

// extraName is the column that keeps what stands under headers that nobody knows, as a JSON object of texts. It may be personal: nothing reads it
// but people who may open files/.
const extraName = "extra"

// A spare is the fields of a file that neither the contract nor its example knows.
type spare struct {
	contract *contract.Contract
	fields   []int
	names    [][]byte // of each, as JSON
	buffer   []byte
}

func (s *spare) header(header reader.Header) {
	s.fields, s.names = s.contract.UnknownFields(header.Names), nil
	for _, field := range s.fields {
		s.names = append(s.names, jsonText(contract.UnknownName(header.Names[field])))
	}
}

// text is the JSON object of a record, without the cells that are empty; empty if all are. It is valid until the next one.
func (s *spare) text(fields [][]byte) []byte {
	s.buffer = s.buffer[:0]
	for i, field := range s.fields {
		if len(fields[field]) == 0 {
			continue
		}
		before := byte(',')
		if len(s.buffer) == 0 {
			before = '{'
		}
		s.buffer = append(s.buffer, before)
		s.buffer = append(s.buffer, s.names[i]...)
		s.buffer = append(s.buffer, ':')
		s.buffer = append(s.buffer, jsonText(string(fields[field]))...)
	}
	if len(s.buffer) > 0 {
		s.buffer = append(s.buffer, '}')
	}
	return s.buffer
}

func jsonText(text string) []byte {
	encoded, err := json.Marshal(text)
	if err != nil {
		panic("conform: a text does not encode: " + err.Error())
	}
	return encoded
}
