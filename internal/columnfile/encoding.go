package columnfile

import (
	"encoding/binary"
	"math/bits"
)

// appendNumbers appends small numbers of so many bits by the hybrid of RLE and bit packing: runs of eight and more as such, others packed in eights.
// https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE
func appendNumbers(to []byte, numbers []uint32, width int) []byte {
	waiting := 0 // where the numbers begin that are to be packed
	for i := 0; i < len(numbers); {
		end := i + 1
		for end < len(numbers) && numbers[end] == numbers[i] {
			end++
		}
		fill := (waiting - i) & 7 // what is packed ends with a whole eight, but for the last of all
		if end-i-fill >= 8 {
			to = appendPackedNumbers(to, numbers[waiting:i+fill], width)
			to = appendRun(to, end-i-fill, numbers[i], width)
			waiting = end
		}
		i = end
	}
	return appendPackedNumbers(to, numbers[waiting:], width)
}

// appendRun appends a number that comes n times.
func appendRun(to []byte, n int, number uint32, width int) []byte {
	to = binary.AppendUvarint(to, uint64(n)<<1)
	for ; width > 0; width -= 8 {
		to = append(to, byte(number))
		number >>= 8
	}
	return to
}

func appendPackedNumbers(to []byte, numbers []uint32, width int) []byte {
	if len(numbers) == 0 {
		return to
	}
	eights := (len(numbers) + 7) / 8
	to = binary.AppendUvarint(to, uint64(eights)<<1|1)
	end := len(to) + eights*width
	var b packer
	for _, number := range numbers {
		to = b.add(to, uint64(number), width)
	}
	to = b.rest(to)
	for len(to) < end {
		to = append(to, 0)
	}
	return to
}

// packer packs numbers bit by bit, the lowest first.
type packer struct {
	word uint64
	used int
}

func (p *packer) add(to []byte, number uint64, width int) []byte {
	p.word |= number << p.used
	if p.used += width; p.used >= 64 {
		to = binary.LittleEndian.AppendUint64(to, p.word)
		p.used -= 64
		p.word = number >> (width - p.used)
	}
	return to
}

// rest appends what has not filled a word, in whole bytes.
func (p *packer) rest(to []byte) []byte {
	for ; p.used > 0; p.used -= 8 {
		to = append(to, byte(p.word))
		p.word >>= 8
	}
	p.used = 0
	return to
}

// The format's deltas come in blocks, and these in parts, each of which packs its deltas as wide as it needs.
const (
	blockValues  = 128
	partsOfBlock = 4
	partValues   = blockValues / partsOfBlock
)

// appendDeltas appends integers, of 32 or 64 bits, as differences to the one before.
// https://parquet.apache.org/docs/file-format/data-pages/encodings/#DELTAENC
func appendDeltas(to []byte, integers []int64, size int) []byte {
	to = binary.AppendUvarint(to, blockValues)
	to = binary.AppendUvarint(to, partsOfBlock)
	to = binary.AppendUvarint(to, uint64(len(integers)))
	if len(integers) == 0 {
		return binary.AppendVarint(to, 0)
	}
	to = binary.AppendVarint(to, integers[0])
	var block [blockValues]int64
	for next := 1; next < len(integers); next += blockValues {
		deltas := block[:min(blockValues, len(integers)-next)]
		before := integers[next-1]
		for i := range deltas {
			deltas[i] = integers[next+i] - before
			before = integers[next+i]
		}
		to = appendBlock(to, deltas, size)
	}
	return to
}

// appendBlock appends what the deltas are above the least of them, in as many bits as the integers have: sums wrap around for the reader too. The last part is filled up; parts without any are left out.
func appendBlock(to []byte, deltas []int64, size int) []byte {
	least := deltas[0]
	for _, delta := range deltas {
		least = min(least, delta)
	}
	to = binary.AppendVarint(to, least)
	widths := len(to)
	to = append(to, make([]byte, partsOfBlock)...)
	mask := ^uint64(0) >> (64 - size)
	for part := 0; part*partValues < len(deltas); part++ {
		var above [partValues]uint64
		var all uint64
		for i, delta := range deltas[part*partValues : min((part+1)*partValues, len(deltas))] {
			above[i] = uint64(delta-least) & mask
			all |= above[i]
		}
		width := bits.Len64(all)
		to[widths+part] = byte(width)
		if width == 0 {
			continue
		}
		var b packer
		for _, number := range above {
			to = b.add(to, number, width)
		}
		to = b.rest(to)
	}
	return to
}
