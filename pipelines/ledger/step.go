package ledger

import (
	"context"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Version is that of the rules: it changes whenever the same movements give another ledger.
const Version = 3

// drainEntries bounds the postings held for one account, however long its history.
const drainEntries = 8192

// Run books the movements (the columns of InputSQL, with rising places) up to and including the day asOf, and writes the tables of
// Tables to the sink; a table without rows is not written to. An error leaves what was written incomplete.
func Run(ctx context.Context, movements array.RecordReader, programme []Programme, asOf Day, sink Sink) error {
	kernel, err := NewKernel(programme, asOf)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	s := &step{kernel: kernel, writer: newWriter(sink)}
	defer s.letGo()
	if err := s.run(ctx, movements); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	return nil
}

// step feeds the kernel. The texts of a place's movements belong to the batches they came from: those are held until it is booked.
type step struct {
	kernel *Kernel
	writer *writer
	held   []arrow.RecordBatch
	place  uint64
	group  group
	open   bool
	owner  owner // of the account that is open
}

func (s *step) run(ctx context.Context, movements array.RecordReader) error {
	for movements.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.batch(movements.RecordBatch()); err != nil {
			return err
		}
	}
	if err := movements.Err(); err != nil {
		return fmt.Errorf("read movements: %w", err)
	}
	if err := s.book(); err != nil {
		return err
	}
	return s.writer.flush(1)
}

func (s *step) batch(batch arrow.RecordBatch) error {
	rows, err := newMovementBatch(batch)
	if err != nil {
		return fmt.Errorf("read movements: %w", err)
	}
	batch.Retain()
	s.held = append(s.held, batch)
	for i := range int(batch.NumRows()) {
		if place := rows.place.Value(i); place != s.place {
			if place < s.place {
				return fmt.Errorf("read movements: place %d comes after place %d: they are not sorted", place, s.place)
			}
			if err := s.book(); err != nil {
				return err
			}
			s.place = place
		}
		rows.movement(i, s.group.add(rows.owner(i)))
	}
	return nil
}

// book books the movements of a place, and lets go of all batches but the last, in which the next place begins.
func (s *step) book() error {
	for _, i := range s.group.sorted() {
		account, m := s.group.at(i)
		if err := s.turnTo(account); err != nil {
			return err
		}
		if err := s.post(m); err != nil {
			return err
		}
	}
	if err := s.close(); err != nil {
		return err
	}
	s.group.empty()
	for len(s.held) > 1 {
		s.held[0].Release()
		s.held = s.held[1:]
	}
	return nil
}

// turnTo closes the open account and opens the given one, or the next currency of it, unless it is open.
func (s *step) turnTo(next owner) error {
	if s.open && s.owner == next {
		return nil
	}
	again := s.open && s.owner.account == next.account && s.owner.channel == next.channel
	if err := s.close(); err != nil {
		return err
	}
	open := s.kernel.Open
	if again {
		open = s.kernel.OpenNext
	}
	open(next.channel, next.account, next.currency)
	s.open, s.owner = true, next
	return nil
}

func (s *step) post(m *Movement) error {
	if err := s.kernel.Post(m); err != nil {
		return err
	}
	if len(s.kernel.Postings().Entries)+len(s.kernel.Postings().Exceptions) < drainEntries {
		return nil
	}
	return s.drain()
}

func (s *step) drain() error {
	if err := s.writer.write(s.kernel.Postings()); err != nil {
		return err
	}
	s.kernel.Empty()
	return nil
}

// close ends the open account.
func (s *step) close() error {
	if !s.open {
		return nil
	}
	s.open = false
	if err := s.kernel.Close(); err != nil {
		return err
	}
	return s.drain()
}

func (s *step) letGo() {
	for _, batch := range s.held {
		batch.Release()
	}
}
