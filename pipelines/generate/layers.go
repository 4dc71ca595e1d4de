package generate

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// spending spools what each buyer spent in the window to a scratch file, and ranks it in bounded memory: two rounds of
// counting by 16 bits find the exact amount at which each layer ends.
type spending struct {
	file   *os.File
	buffer *bufio.Writer
	buyers int64
}

// offset keeps net spend positive for counting; refunds of earlier purchases can make it negative.
const (
	spendOffset = 1 << 30
	spendLimit  = 1<<32 - 1
	recordSize  = 8
)

// layerEnds are the shares of buyers, in per cent, above which the layers 1 to 5 end; layer 6 holds the other buyers.
func layerEnds() []int64 { return []int64{2, 5, 10, 15, 20} }

func newSpending(path string) (*spending, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	return &spending{file: file, buffer: bufio.NewWriterSize(file, 64<<10)}, nil
}

func (s *spending) add(net fen, orders int) error {
	value := int64(net) + spendOffset
	if value < 0 || value > spendLimit {
		return fmt.Errorf("spend of %s yuan in a year cannot be ranked", net)
	}
	var record [recordSize]byte
	binary.LittleEndian.PutUint32(record[:4], uint32(value))
	binary.LittleEndian.PutUint32(record[4:], uint32(orders))
	s.buyers++
	_, err := s.buffer.Write(record[:])
	return err
}

// each reads all records back.
func (s *spending) each(visit func(value, orders uint32)) error {
	if err := s.buffer.Flush(); err != nil {
		return err
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	reader := bufio.NewReaderSize(s.file, 64<<10)
	var record [recordSize]byte
	for range s.buyers {
		if _, err := io.ReadFull(reader, record[:]); err != nil {
			return err
		}
		visit(binary.LittleEndian.Uint32(record[:4]), binary.LittleEndian.Uint32(record[4:]))
	}
	return nil
}

// layers are the heads, orders and revenue of layers 1 to 6.
func (s *spending) layers() ([]LayerTotals, error) {
	lowest := make([]uint32, 0, len(layerEnds()))
	for _, percent := range layerEnds() {
		value, err := s.lowestOf(percent)
		if err != nil {
			return nil, err
		}
		lowest = append(lowest, value)
	}
	totals := make([]LayerTotals, len(lowest)+1)
	for i := range totals {
		totals[i].Layer = i + 1
	}
	err := s.each(func(value, orders uint32) {
		layer := 0
		for layer < len(lowest) && value < lowest[layer] {
			layer++
		}
		totals[layer].Heads++
		totals[layer].Orders += int64(orders)
		totals[layer].Revenue += fen(value) - spendOffset
	})
	return totals, err
}

// lowestOf is the least spend that is still in the top percent: fewer than percent of all buyers spent strictly more.
func (s *spending) lowestOf(percent int64) (uint32, error) {
	high, above, err := s.lastQualifying(percent, 0, func(value uint32) (int, bool) { return int(value >> 16), true })
	if err != nil {
		return 0, err
	}
	low, _, err := s.lastQualifying(percent, above, func(value uint32) (int, bool) {
		return int(value & 0xffff), int(value>>16) == high
	})
	return uint32(high)<<16 | uint32(low), err
}

// lastQualifying walks counts from the dearest class down, and returns the last class in use whose dearest buyer is still
// in the top percent, with the number of buyers above that class.
func (s *spending) lastQualifying(percent, above int64, class func(uint32) (int, bool)) (int, int64, error) {
	counts := make([]int64, 1<<16)
	err := s.each(func(value, _ uint32) {
		if c, counted := class(value); counted {
			counts[c]++
		}
	})
	last, aboveLast := 0, above
	for c := len(counts) - 1; c >= 0; c-- {
		if counts[c] == 0 {
			continue
		}
		if above*100 >= percent*s.buyers {
			break
		}
		last, aboveLast = c, above
		above += counts[c]
	}
	return last, aboveLast, err
}

func (s *spending) discard() error {
	return errors.Join(s.file.Close(), os.Remove(s.file.Name()))
}
