package erasure

import "countinghouse/internal/contract/reader"

// A Sink blanks erased persons on the way to another sink, and counts the records that held one.
type Sink struct {
	reader.Sink
	redactor *Redactor
	splitter *reader.Splitter
	// Hit, if set, is told of each record that held an erased person, and what it becomes; of one that is no fields, neither.
	Hit func(line int64, was, blank [][]byte)
	// Rows counts them.
	Rows int64
}

// Sink is for one file that is read by the redactor's contract.
func (r *Redactor) Sink(to reader.Sink) *Sink {
	return &Sink{Sink: to, redactor: r, splitter: reader.NewSplitter(r.contract)}
}

// Header implements reader.Sink.
func (s *Sink) Header(header reader.Header) error {
	s.redactor.Header(header)
	return s.Sink.Header(header)
}

// Raw implements reader.Sink.
func (s *Sink) Raw(line int64, record []byte, fields [][]byte) error {
	blank, hit := s.redactor.Fields(fields)
	if !hit {
		return s.Sink.Raw(line, record, fields)
	}
	s.hit(line, fields, blank)
	return s.Sink.Fields(line, blank)
}

// Fields implements reader.Sink.
func (s *Sink) Fields(line int64, fields [][]byte) error {
	blank, hit := s.redactor.Fields(fields)
	if hit {
		s.hit(line, fields, blank)
	}
	return s.Sink.Fields(line, blank)
}

// Reject implements reader.Sink: of a record that cannot be read as fields nothing is left.
func (s *Sink) Reject(line int64, reason string, raw []byte) error {
	if s.redactor.set.Text(string(raw)) {
		s.hit(line, nil, nil)
		raw = nil
	}
	return s.Sink.Reject(line, reason, raw)
}

func (s *Sink) hit(line int64, was, blank [][]byte) {
	s.Rows++
	if s.Hit != nil {
		s.Hit(line, was, blank)
	}
}
