package lease_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"countinghouse/internal/lease"
	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/open"
)

const ttl = time.Minute

func memory(t *testing.T) *objectstore.Bucket {
	t.Helper()
	bucket, err := open.Bucket(t.Context(), "mem://", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return bucket
}

func options(holder string, clock clockwork.Clock) lease.Options {
	return lease.Options{Holder: holder, TTL: ttl, Clock: clock}
}

func acquire(t *testing.T, bucket *objectstore.Bucket, o lease.Options) (*lease.Lease, context.Context) {
	t.Helper()
	l, work, err := lease.Acquire(t.Context(), bucket, "daily", o)
	if err != nil {
		t.Fatal(err)
	}
	return l, work
}

// expiry reads the object as anybody else would.
func expiry(t *testing.T, bucket *objectstore.Bucket) time.Time {
	t.Helper()
	data, _, err := bucket.Read(t.Context(), "leases/daily.json")
	if err != nil {
		t.Fatal(err)
	}
	var s struct {
		ExpiresAt time.Time `json:"expires_at"`
	}
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	return s.ExpiresAt
}

// eventually waits for what another goroutine is about to do.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func TestOneHolderAtATime(t *testing.T) {
	bucket, clock := memory(t), clockwork.NewFakeClock()
	first, work := acquire(t, bucket, options("a", clock))
	_, _, err := lease.Acquire(t.Context(), bucket, "daily", options("b", clock))
	var held *lease.HeldError
	if !errors.As(err, &held) || held.Holder != "a" || !held.Until.Equal(clock.Now().Add(ttl)) {
		t.Fatalf("second holder: %v, want a HeldError about a", err)
	}
	if _, _, err = lease.Acquire(t.Context(), bucket, "daily", options("a", clock)); !errors.As(err, &held) {
		t.Errorf("the same holder took it twice: %v", err)
	}
	other, _, err := lease.Acquire(t.Context(), bucket, "weekly", options("b", clock))
	if err != nil {
		t.Fatalf("another job: %v", err)
	}
	if err = errors.Join(first.Release(t.Context()), other.Release(t.Context())); err != nil {
		t.Fatal(err)
	}
	if work.Err() == nil || errors.Is(context.Cause(work), lease.ErrLost) {
		t.Errorf("after Release the work's context ended with %v", context.Cause(work))
	}
	second, _ := acquire(t, bucket, options("b", clock))
	if second.Fence() != first.Fence()+1 {
		t.Errorf("fences %d, %d", first.Fence(), second.Fence())
	}
	if err := second.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestRenewedWhileHeld(t *testing.T) {
	bucket, clock := memory(t), clockwork.NewFakeClock()
	l, work := acquire(t, bucket, options("a", clock))
	for range 10 { // more than three times the time to live
		clock.Advance(ttl / 3)
		want := clock.Now().Add(ttl)
		eventually(t, "a renewal", func() bool { return expiry(t, bucket).Equal(want) })
	}
	if work.Err() != nil {
		t.Errorf("lost: %v", context.Cause(work))
	}
	if err := l.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

// dead leaves a lease as a process that was killed does: held and never renewed.
func dead(t *testing.T, bucket *objectstore.Bucket, now time.Time) {
	t.Helper()
	data := fmt.Sprintf(`{"job":"daily","holder":"dead","fence":7,"expires_at":%q}`, now.Add(ttl).UTC().Format(time.RFC3339Nano))
	if _, err := bucket.CompareAndSet(t.Context(), "leases/daily.json", []byte(data), 0); err != nil {
		t.Fatal(err)
	}
}

func TestADeadHolderIsWaitedForThenReplaced(t *testing.T) {
	bucket, clock := memory(t), clockwork.NewFakeClock()
	dead(t, bucket, clock.Now())
	clock.Advance(ttl - time.Nanosecond)
	var held *lease.HeldError
	if _, _, err := lease.Acquire(t.Context(), bucket, "daily", options("b", clock)); !errors.As(err, &held) {
		t.Fatalf("taken before it ran out: %v", err)
	}
	clock.Advance(time.Nanosecond)
	l, _ := acquire(t, bucket, options("b", clock))
	if l.Fence() != 8 {
		t.Errorf("fence %d, want 8", l.Fence())
	}
	if err := l.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTheOneWhoLostItIsStopped(t *testing.T) {
	bucket, clock := memory(t), clockwork.NewFakeClock()
	l, work := acquire(t, bucket, options("a", clock))
	fast := clockwork.NewFakeClockAt(clock.Now().Add(2 * ttl)) // a machine whose clock is wrong
	usurper, _ := acquire(t, bucket, options("b", fast))
	clock.Advance(ttl / 3)
	<-work.Done()
	if !errors.Is(context.Cause(work), lease.ErrLost) {
		t.Errorf("cause %v, want ErrLost", context.Cause(work))
	}
	if err := l.Release(t.Context()); !errors.Is(err, lease.ErrLost) {
		t.Errorf("Release of a lost lease: %v", err)
	}
	if err := usurper.Release(t.Context()); err != nil {
		t.Errorf("the new holder was disturbed: %v", err)
	}
}

// cut is a store that fails while it is cut off.
type cut struct {
	objectstore.Driver
	off atomic.Bool
}

var errCut = errors.New("no route to the store")

func (c *cut) Read(ctx context.Context, key string) ([]byte, objectstore.Attributes, error) {
	if c.off.Load() {
		return nil, objectstore.Attributes{}, errCut
	}
	return c.Driver.Read(ctx, key)
}

func TestCutOffFromTheStore(t *testing.T) {
	for _, c := range []struct {
		name    string
		missed  int // renewals in a row that fail
		survive bool
	}{{"one renewal fails", 1, true}, {"all fail until it runs out", 3, false}} {
		t.Run(c.name, func(t *testing.T) {
			store := &cut{Driver: newDriver()}
			bucket, clock := bucketOf(t, store), clockwork.NewFakeClock()
			l, work := acquire(t, bucket, options("a", clock))
			store.off.Store(true)
			for range c.missed {
				if err := clock.BlockUntilContext(t.Context(), 1); err != nil {
					t.Fatal(err)
				}
				clock.Advance(ttl / 3)
				time.Sleep(5 * time.Millisecond) // the failed renewal leaves no trace to wait for
			}
			store.off.Store(false)
			if !c.survive {
				<-work.Done()
				if !errors.Is(context.Cause(work), lease.ErrLost) || !errors.Is(context.Cause(work), errCut) {
					t.Errorf("cause %v, want ErrLost and why", context.Cause(work))
				}
				return
			}
			clock.Advance(ttl / 3)
			eventually(t, "a renewal", func() bool { return expiry(t, bucket).Equal(clock.Now().Add(ttl)) })
			if err := errors.Join(context.Cause(work), l.Release(t.Context())); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOfManyExactlyOneWins(t *testing.T) {
	bucket, clock := memory(t), clockwork.NewFakeClock()
	for round := range 20 {
		var won atomic.Int64
		var winner *lease.Lease
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				l, _, err := lease.Acquire(t.Context(), bucket, "daily", options(fmt.Sprint("racer ", i), clock))
				var held *lease.HeldError
				switch {
				case err == nil:
					won.Add(1)
					winner = l
				case !errors.As(err, &held) || held.Holder == "":
					t.Errorf("loser %d: %v", i, err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Fatalf("round %d: %d winners", round, won.Load())
		}
		if winner.Fence() != int64(round+1) {
			t.Errorf("round %d: fence %d", round, winner.Fence())
		}
		if err := winner.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
