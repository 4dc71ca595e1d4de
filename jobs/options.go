package jobs

import (
	"cmp"
	crand "crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"time"

	"github.com/jonboulle/clockwork"

	"countinghouse/internal/objectstore"
)

// Options say where and how jobs are run. All but Bucket have defaults, which stand for zero values.
type Options struct {
	Bucket      *objectstore.Bucket
	Environment string         // written in each record; default prod
	Zone        *time.Location // the brand's time zone; default UTC
	Log         *slog.Logger   // default: none
	Metrics     Metrics        // default: none

	Attempts     int           // tries per run before it is given up and reported; default 3
	FirstBackoff time.Duration // before the second try, then doubled; default 1 minute
	MaxBackoff   time.Duration // the longest wait between two tries; default 15 minutes
	MaxCatchUp   int           // logical dates caught up at most, the newest ones; default 7
	LeaseTTL     time.Duration // how long a process that died keeps others from its jobs; default 1 minute
	Grace        time.Duration // how long a run may take to stop when asked to; default 30 seconds

	Clock  clockwork.Clock // default: the machine's
	Random io.Reader       // for run ids; default: the machine's
	Jitter func() float64  // in [0,1), spreads the tries; default: random
	Holder string          // names this process in leases and records; default: host and process id
	// Dead, if set, says that the process of that name has ended, so that its leases need not run out (lease.Options).
	Dead func(holder string) bool
}

func (o Options) withDefaults() Options {
	o.Environment = cmp.Or(o.Environment, "prod")
	o.Zone = cmp.Or(o.Zone, time.UTC)
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	o.Attempts = cmp.Or(o.Attempts, 3)
	o.FirstBackoff = cmp.Or(o.FirstBackoff, time.Minute)
	o.MaxBackoff = cmp.Or(o.MaxBackoff, 15*time.Minute)
	o.MaxCatchUp = cmp.Or(o.MaxCatchUp, 7)
	o.LeaseTTL = cmp.Or(o.LeaseTTL, time.Minute)
	o.Grace = cmp.Or(o.Grace, 30*time.Second)
	o.Holder = cmp.Or(o.Holder, thisProcess())
	if o.Clock == nil {
		o.Clock = clockwork.NewRealClock()
	}
	if o.Random == nil {
		o.Random = crand.Reader
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	return o
}

func thisProcess() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	return fmt.Sprintf("%s, process %d", host, os.Getpid())
}

// wait is the pause after a failed try: doubled with each, at most MaxBackoff, the latter half of it random so that
// processes that failed together do not come back together.
func (o Options) wait(attempt int) time.Duration {
	full := o.FirstBackoff
	for i := 1; i < attempt && full < o.MaxBackoff; i++ {
		full *= 2
	}
	full = min(full, o.MaxBackoff)
	return full/2 + time.Duration(o.Jitter()*float64(full/2))
}
