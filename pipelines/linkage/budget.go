package linkage

import (
	"fmt"
	"strings"

	"countinghouse/internal/keyedhash"
	"countinghouse/internal/warehouse"
)

const (
	// MostPairs are compared where the memory allows: some minutes on two cores.
	MostPairs = 50_000_000
	// fewestPairs are compared under any limit.
	fewestPairs = 100_000
	// bytesOfPair is what a pair takes at most while its edges are sorted, scored and joined, with as much again for what DuckDB holds.
	bytesOfPair = 200
)

// PairsWithin is how many pairs may be compared under a memory limit in DuckDB's words, such as 4GB: MostPairs from 10 GB on, and where there is none or
// it is a share of a machine's memory, since what is found must not hang on the machine.
func PairsWithin(memoryLimit string) int64 {
	bytes, ok := warehouse.Bytes(memoryLimit)
	if !ok {
		return MostPairs
	}
	return min(max(int64(bytes/bytesOfPair), fewestPairs), MostPairs)
}

// Definition is what decides the step's tables beside its inputs: what is learnt from, the key of what is kept, and how many pairs may be compared, where it is
// not the usual number.
func (c Config) Definition() string {
	var parts []string
	if len(c.Key) > 0 {
		parts = append(parts, "key "+keyedhash.Text(c.Key, "fingerprint of the key"))
	}
	if c.pairs() != MostPairs {
		parts = append(parts, fmt.Sprint("pairs ", c.pairs()))
	}
	if c.Fewest != 0 {
		parts = append(parts, fmt.Sprint("fewest ", c.Fewest))
	}
	if c.EarlierFrom != "" {
		parts = append(parts, c.EarlierFrom)
	}
	return strings.Join(parts, "\n")
}

func (c Config) pairs() int64 {
	if c.Pairs == 0 {
		return MostPairs
	}
	return c.Pairs
}
