package ledger

import (
	"cmp"
	"context"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Version is that of the rules: it changes whenever the same movements give another ledger.
const Version = 3

// drainEntries bounds the postings held for one account, however long its history.
const drainEntries = 8192

// Run books the movements (the columns of InputSQL, in its order) up to and including the day asOf, and writes the tables of
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

// step feeds the kernel. The texts of the open account belong to the batches they came from: those are held until it is closed.
type step struct {
	kernel *Kernel
	writer *writer
	held   []arrow.RecordBatch
	open   bool

	channel, account, currency string
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
	if err := s.close(); err != nil {
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
	var m Movement
	for i := range int(batch.NumRows()) {
		if err := s.turnTo(text(rows.channel, i), text(rows.account, i), text(rows.currency, i)); err != nil {
			return err
		}
		rows.movement(i, &m)
		if err := s.post(&m); err != nil {
			return err
		}
	}
	return nil
}

// turnTo closes the open account and opens the given one, or the next currency of it, unless it is open.
func (s *step) turnTo(channel, account, currency string) error {
	if s.open && account == s.account && channel == s.channel && currency == s.currency {
		return nil
	}
	if s.open && cmp.Or(cmp.Compare(channel, s.channel), cmp.Compare(account, s.account), cmp.Compare(currency, s.currency)) < 0 {
		return fmt.Errorf("account %q of channel %q comes after account %q of channel %q: movements are not sorted",
			account, channel, s.account, s.channel)
	}
	open := s.kernel.Open
	if s.open && account == s.account && channel == s.channel {
		open = s.kernel.OpenNext
	}
	if err := s.close(); err != nil { // lets go of the texts of the account before
		return err
	}
	s.open, s.channel, s.account, s.currency = true, channel, account, currency
	open(channel, account, currency)
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

// close ends the open account and lets go of all batches but the last, which the next account begins in.
func (s *step) close() error {
	if !s.open {
		return nil
	}
	if err := s.kernel.Close(); err != nil {
		return err
	}
	if err := s.drain(); err != nil {
		return err
	}
	last := len(s.held) - 1
	for _, batch := range s.held[:last] {
		batch.Release()
	}
	s.held = append(s.held[:0], s.held[last])
	return nil
}

func (s *step) letGo() {
	for _, batch := range s.held {
		batch.Release()
	}
}
