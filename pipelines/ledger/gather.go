package ledger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"countinghouse/internal/warehouse"
)

// Movements come in any order and are booked account by account. Sorting all of them by account costs more than booking them; so they are thrown
// into shards by their place, each small enough to be sorted where it lies, in the processor's cache.

// shardBits is how many of a place's first bits say which shard it is in.
const (
	shardBits  = 10
	shardCount = 1 << shardBits
)

// A shard's movements lie packed in blocks, each behind its place, its time and its length: what they are sorted by is found without unpacking them. The blocks of a small
// ledger are small.
const (
	recordHead = 8 + 8 + 4
	firstBlock = 512
	mostBlock  = 32 << 10
)

// MostHeld is how many bytes of full blocks are held in memory at most, by all goroutines together: ten million movements. More lie in files until their shard is booked.
const MostHeld = 512 << 20

// block is a full block: its bytes, or where they lie in the file.
type block struct {
	bytes  []byte
	start  int64
	length int
}

// shard is the packed movements of some places.
type shard struct {
	full []block
	open []byte
}

// gathering is what has been packed by one goroutine at a time.
type gathering struct {
	packer  packer
	record  []byte // the movement that is being packed
	shards  [shardCount]shard
	held    int64
	most    int64 // held bytes
	file    overflow
	circles map[uint64]uint64
	aside   *gathering // for movements of circles
}

func newGathering(most int64, scratch string) *gathering {
	return &gathering{packer: packer{names: newNames()}, record: make([]byte, recordHead), most: most, file: overflow{folder: scratch}}
}

func (g *gathering) add(place uint64, of owner, m *Movement) error {
	if circle, together := g.circles[place]; together {
		return g.aside.add(circle, of, m)
	}
	g.record = g.packer.movement(g.packer.owner(g.record[:recordHead], of), m)
	binary.LittleEndian.PutUint64(g.record, place)
	binary.LittleEndian.PutUint64(g.record[8:], uint64(m.OccurredAt))
	binary.LittleEndian.PutUint32(g.record[16:], uint32(len(g.record)))
	s := &g.shards[place>>(64-shardBits)]
	if len(s.open)+len(g.record) > cap(s.open) {
		if err := g.turn(s); err != nil {
			return err
		}
	}
	s.open = append(s.open, g.record...)
	return nil
}

// turn puts a shard's open block to the full ones and opens another, with room for the movement that is packed.
func (g *gathering) turn(s *shard) error {
	size := max(firstBlock, min(mostBlock, 4*cap(s.open)), len(g.record))
	full := block{bytes: s.open, length: len(s.open)}
	switch {
	case len(s.open) == 0:
	case g.held+int64(len(s.open)) <= g.most:
		g.held += int64(len(s.open))
		s.full = append(s.full, full)
	default:
		var err error
		if full.start, err = g.file.write(s.open); err != nil {
			return err
		}
		full.bytes = nil
		s.full = append(s.full, full)
		if cap(s.open) >= size {
			s.open = s.open[:0]
			return nil
		}
	}
	s.open = make([]byte, 0, size)
	return nil
}

// overflow is a file that holds blocks for which there is no room in memory.
type overflow struct {
	folder  string
	file    *os.File
	written int64
}

func (o *overflow) write(bytes []byte) (start int64, err error) {
	if o.file == nil {
		if err := os.MkdirAll(o.folder, 0o700); err != nil {
			return 0, err
		}
		if o.file, err = os.CreateTemp(o.folder, "movements-*"); err != nil {
			return 0, err
		}
	}
	start = o.written
	written, err := o.file.Write(bytes)
	o.written += int64(written)
	return start, err
}

// remove removes the file.
func (o *overflow) remove() error {
	if o.file == nil {
		return nil
	}
	return errors.Join(o.file.Close(), os.Remove(o.file.Name()))
}

// portion is the movements of some accounts, all that these have.
type portion struct{ gathered []*gathering }

// newPortion is for so many goroutines, which hold so many bytes in memory together; movements of circles go aside.
func newPortion(workers int, most int64, scratch string, together *circles) *portion {
	p := &portion{}
	for i := range workers {
		g := newGathering(most/int64(workers), scratch)
		if len(together.aside) > 0 {
			g.circles, g.aside = together.places, together.aside[i]
		}
		p.gathered = append(p.gathered, g)
	}
	return p
}

func (p *portion) remove() error {
	var problems []error
	for _, g := range p.gathered {
		problems = append(problems, g.file.remove())
	}
	return errors.Join(problems...)
}

// gather packs the rows of a query as DuckDB's threads give them.
func (p *portion) gather(ctx context.Context, session *warehouse.Session, query string, columns []warehouse.Column, add func(*gathering, *warehouse.Chunk) error) error {
	idle := make(chan *gathering, len(p.gathered))
	for _, g := range p.gathered {
		idle <- g
	}
	err := session.Feed(ctx, query, columns, func(chunk *warehouse.Chunk) error {
		g := <-idle
		defer func() { idle <- g }()
		return add(g, chunk)
	})
	if err != nil {
		return fmt.Errorf("read movements: %w", err)
	}
	return nil
}
