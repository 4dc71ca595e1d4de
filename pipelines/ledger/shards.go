package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Movements come in any order and are booked account by account. Sorting all of them by account costs more than booking them; so they are thrown
// into shards by their place, each small enough to be sorted where it lies, in the processor's cache.

// shardBits is how many of a place's first bits say which shard it is in.
const (
	shardBits  = 10
	shardCount = 1 << shardBits
)

// packedBytes is what a movement takes, packed, mostly.
const packedBytes = 64

// head is where a packed movement lies and what it is sorted by.
type head struct {
	place uint64
	at    Instant
	from  uint32 // which packer's bytes
	start uint32
}

// shard is the packed movements of some places.
type shard struct {
	heads []head
	bytes []byte
}

// gathering is what one goroutine has packed.
type gathering struct {
	packer  packer
	shards  [shardCount]shard
	circles map[uint64]uint64
	aside   *gathering // for movements of circles
}

// newGathering has room for so many movements, so that little is copied while it grows.
func newGathering(movements int64) *gathering {
	g := &gathering{packer: packer{names: newNames()}}
	room := int(movements / shardCount * 5 / 4)
	for i := range g.shards {
		g.shards[i] = shard{make([]head, 0, room), make([]byte, 0, room*packedBytes)}
	}
	return g
}

func (g *gathering) empty() {
	g.packer.names.empty()
	for i := range g.shards {
		g.shards[i] = shard{g.shards[i].heads[:0], g.shards[i].bytes[:0]}
	}
}

// mostBytes of a shard's movements can be numbered.
const mostBytes = 1<<32 - 1

var errTooMuch = errors.New("more than 4 GB of movements in a part: estimate their number higher")

func (g *gathering) add(place uint64, of owner, m *Movement) error {
	if circle, together := g.circles[place]; together {
		return g.aside.add(circle, of, m)
	}
	s := &g.shards[place>>(64-shardBits)]
	if len(s.bytes) > mostBytes-1<<20 {
		return errTooMuch
	}
	s.heads = append(s.heads, head{place: place, at: m.OccurredAt, start: uint32(len(s.bytes))})
	s.bytes = g.packer.movement(g.packer.owner(s.bytes, of), m)
	return nil
}

func (g *gathering) addBatch(batch arrow.RecordBatch) error {
	rows, err := newMovementBatch(batch)
	if err != nil {
		return err
	}
	var m Movement
	for i := range int(batch.NumRows()) {
		rows.movement(i, &m)
		if err := g.add(rows.place.Value(i), rows.owner(i), &m); err != nil {
			return err
		}
	}
	return nil
}

// portion is the movements of some accounts, all that these have.
type portion struct{ gathered []*gathering }

// newPortion has room for so many movements, which so many goroutines gather; those of circles go aside.
func newPortion(workers int, movements int64, together *circles) *portion {
	p := &portion{}
	for i := range workers {
		g := newGathering(movements / int64(workers))
		if len(together.aside) > 0 {
			g.circles, g.aside = together.places, together.aside[i]
		}
		p.gathered = append(p.gathered, g)
	}
	return p
}

func (p *portion) empty() {
	for _, g := range p.gathered {
		g.empty()
	}
}

// gather packs what a reader gives, on as many goroutines as there are gatherings, while the next batches are read.
func (p *portion) gather(ctx context.Context, movements array.RecordReader, add func(*gathering, arrow.RecordBatch) error) error {
	batches := make(chan arrow.RecordBatch, 4*len(p.gathered))
	failed := make(chan struct{})
	var fail sync.Once
	var first error
	var working sync.WaitGroup
	for _, g := range p.gathered {
		working.Go(func() {
			for batch := range batches {
				err := add(g, batch)
				batch.Release()
				if err != nil {
					fail.Do(func() { first = err; close(failed) })
				}
			}
		})
	}
	err := handOut(ctx, movements, batches, failed)
	close(batches)
	working.Wait()
	if err = cmp.Or(first, err); err != nil {
		return fmt.Errorf("read movements: %w", err)
	}
	return nil
}

func handOut(ctx context.Context, movements array.RecordReader, batches chan<- arrow.RecordBatch, failed <-chan struct{}) error {
	for movements.Next() {
		batch := movements.RecordBatch()
		batch.Retain()
		select {
		case batches <- batch:
			continue
		case <-failed:
		case <-ctx.Done():
		}
		batch.Release()
		return ctx.Err()
	}
	return cmp.Or(ctx.Err(), movements.Err())
}

// sorter puts heads in order.
type sorter struct {
	heads []head
	ends  [1 << sorterBits]int32
}

// sorterBits is how many more bits of a place part a shard's heads before they are compared: about as many as a shard has accounts.
const sorterBits = 10

// sort gives the heads of a shard by place and time. They are counted into place, which leaves a few accounts at most to be sorted by comparison.
func (s *sorter) sort(p *portion, of int) []head {
	clear(s.ends[:])
	total := 0
	for _, g := range p.gathered {
		for i := range g.shards[of].heads {
			s.ends[sorterPart(g.shards[of].heads[i].place)]++
		}
		total += len(g.shards[of].heads)
	}
	end := int32(0)
	for i, count := range s.ends {
		s.ends[i] = end
		end += count
	}
	s.heads = slices.Grow(s.heads[:0], total)[:total]
	for from, g := range p.gathered {
		for _, one := range g.shards[of].heads {
			one.from = uint32(from)
			at := &s.ends[sorterPart(one.place)]
			s.heads[*at] = one
			*at++
		}
	}
	start := int32(0)
	for _, end := range s.ends {
		if end-start > 1 {
			slices.SortFunc(s.heads[start:end], compareHeads)
		}
		start = end
	}
	return s.heads
}

func sorterPart(place uint64) uint64 { return place << shardBits >> (64 - sorterBits) }

func compareHeads(a, b head) int {
	switch {
	case a.place != b.place:
		return cmp.Compare(a.place, b.place)
	case a.at < b.at:
		return -1
	case a.at > b.at:
		return 1
	default:
		return 0
	}
}

// read unpacks a movement of a shard.
func (p *portion) read(of int, at head, group *group) error {
	g := p.gathered[at.from]
	u := unpacker{bytes: g.shards[of].bytes[at.start:], names: g.packer.names.list}
	account := u.owner()
	u.movement(group.add(account))
	if u.broken {
		return errPacked
	}
	return nil
}
