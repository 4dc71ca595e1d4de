package generate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// MaxMembers is the largest brand that can be made up: order numbers stay unique up to here.
const MaxMembers = 10_000_000

const (
	historyMonths  = 24
	pointsValidity = 365
	pointsPerYuan  = 100
)

// Options of a run.
type Options struct {
	// Dir receives exports/ and truth/; it is made if it is missing, and must not hold either yet.
	Dir string
	// Members of the loyalty programme, 1 to MaxMembers. One person in three beside them is known without being a member.
	Members int
	Seed    uint64
	// Key is the brand's secret of keyed hashes: the truth names accounts as the contracts will.
	Key []byte
	// AsOf is the last day of the history; only its date counts.
	AsOf time.Time
	// Progress, if set, is called now and then with the people done and their number.
	Progress func(done, total int)
}

// ErrOptions is wrapped by errors about options; nothing has been written then.
var ErrOptions = errors.New("cannot generate with these options")

func (o Options) validate() error {
	switch {
	case o.Dir == "":
		return fmt.Errorf("%w: no folder given", ErrOptions)
	case o.Members < 1 || o.Members > MaxMembers:
		return fmt.Errorf("%w: members must be 1 to %d (got %d)", ErrOptions, MaxMembers, o.Members)
	case o.AsOf.Year() < 2000 || o.AsOf.Year() > 2100:
		return fmt.Errorf("%w: as-of day must be between 2000 and 2100 (got %s)", ErrOptions, o.AsOf.Format(time.DateOnly))
	}
	for _, name := range []string{"exports", "truth"} {
		if _, err := os.Stat(filepath.Join(o.Dir, name)); err == nil {
			return fmt.Errorf("%w: %s exists; take an empty folder", ErrOptions, filepath.Join(o.Dir, name))
		}
	}
	return nil
}

// Run makes up a brand. It stops between two people when ctx ends; what is in Dir is then incomplete and of no use.
// The summary returned is the one in truth/summary.json.
func Run(ctx context.Context, options Options) (Summary, error) {
	if err := options.validate(); err != nil {
		return Summary{}, err
	}
	w := newWorld(options)
	out, err := newWriter(w, options.Dir)
	if err != nil {
		return Summary{}, fmt.Errorf("generate: %w", err)
	}
	summary, err := out.run(ctx, options.Progress)
	if err := errors.Join(err, out.discard()); err != nil {
		return Summary{}, fmt.Errorf("generate into %s: %w", options.Dir, err)
	}
	return summary, nil
}
