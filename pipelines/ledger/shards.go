package ledger

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// head is where a packed movement lies and what it is sorted by.
type head struct {
	place uint64
	at    Instant
	from  uint32 // which of the sorter's blocks
	start uint32
}

// packedBlock is a block and the names of its movements.
type packedBlock struct {
	bytes []byte
	names []string
}

// sorter puts the movements of one shard after the other in order.
type sorter struct {
	blocks []packedBlock
	room   []byte // for blocks that lay in a file
	heads  []head // as they lie
	sorted []head
	ends   [1 << sorterBits]int32
}

// sorterBits is how many more bits of a place part a shard's heads before they are compared: about as many as a shard has accounts.
const sorterBits = 10

// sort gives the heads of a shard by place and time, and takes the shard's movements from the portion. They are counted into place, which leaves a few accounts at most to be sorted by comparison.
func (s *sorter) sort(p *portion, of int) ([]head, error) {
	if err := s.load(p, of); err != nil {
		return nil, err
	}
	clear(s.ends[:])
	for i := range s.heads {
		s.ends[sorterPart(s.heads[i].place)]++
	}
	end := int32(0)
	for i, count := range s.ends {
		s.ends[i] = end
		end += count
	}
	s.sorted = slices.Grow(s.sorted[:0], len(s.heads))[:len(s.heads)]
	for _, one := range s.heads {
		at := &s.ends[sorterPart(one.place)]
		s.sorted[*at] = one
		*at++
	}
	start := int32(0)
	for _, end := range s.ends {
		if end-start > 1 {
			slices.SortFunc(s.sorted[start:end], compareHeads)
		}
		start = end
	}
	return s.sorted, nil
}

// load finds a shard's blocks, and the movements in them.
func (s *sorter) load(p *portion, of int) error {
	clear(s.blocks)
	s.blocks, s.heads = s.blocks[:0], s.heads[:0]
	inFiles := 0
	for _, g := range p.gathered {
		for _, one := range g.shards[of].full {
			if one.bytes == nil {
				inFiles += one.length
			}
		}
	}
	room := slices.Grow(s.room[:0], inFiles)[:inFiles]
	s.room = room
	for _, g := range p.gathered {
		for _, one := range g.shards[of].full {
			if one.bytes == nil {
				one.bytes, room = room[:one.length], room[one.length:]
				if _, err := g.file.file.ReadAt(one.bytes, one.start); err != nil {
					return err
				}
			}
			s.find(packedBlock{one.bytes, g.packer.names.list})
		}
		s.find(packedBlock{g.shards[of].open, g.packer.names.list})
		g.shards[of] = shard{} // its memory may be used for what is made of it
	}
	return nil
}

// find finds the movements of a block.
func (s *sorter) find(block packedBlock) {
	for start := 0; start < len(block.bytes); {
		record := block.bytes[start:]
		s.heads = append(s.heads, head{
			place: binary.LittleEndian.Uint64(record), at: Instant(binary.LittleEndian.Uint64(record[8:])),
			from: uint32(len(s.blocks)), start: uint32(start + recordHead),
		})
		start += int(binary.LittleEndian.Uint32(record[16:]))
	}
	s.blocks = append(s.blocks, block)
}

// read unpacks a movement.
func (s *sorter) read(at head, group *group) error {
	block := &s.blocks[at.from]
	u := unpacker{bytes: block.bytes[at.start:], names: block.names}
	account := u.owner()
	u.movement(group.add(account))
	if u.broken {
		return errPacked
	}
	return nil
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
