package lease_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/jonboulle/clockwork"

	"countinghouse/internal/lease"
)

func TestCheckSeesWhoHoldsALease(t *testing.T) {
	bucket, clock := memory(t), clockwork.NewFakeClock()
	o := options("me", clock)
	if err := lease.Check(t.Context(), bucket, "daily", o); err != nil {
		t.Errorf("nobody ever held it: %v", err)
	}
	held, _ := acquire(t, bucket, o)
	var by *lease.HeldError
	if err := lease.Check(t.Context(), bucket, "daily", o); !errors.As(err, &by) || by.Holder != "me" || by.Job != "daily" {
		t.Errorf("held: %v", err)
	}
	known := o
	known.Dead = func(holder string) bool { return holder == "me" }
	if err := lease.Check(t.Context(), bucket, "daily", known); err != nil {
		t.Errorf("its holder is dead: %v", err)
	}
	later := options("you", clockwork.NewFakeClockAt(clock.Now().Add(2*ttl)))
	if err := lease.Check(t.Context(), bucket, "daily", later); err != nil {
		t.Errorf("it ran out: %v", err)
	}
	if err := held.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := lease.Check(t.Context(), bucket, "daily", o); err != nil {
		t.Errorf("given back: %v", err)
	}
}

// TestADroppedLeaseIsLost: its holder, if it lives after all, stops at its next renewal.
func TestADroppedLeaseIsLost(t *testing.T) {
	bucket, clock := memory(t), clockwork.NewFakeClock()
	_, work := acquire(t, bucket, options("sleeper", clock))
	if names, err := lease.Jobs(t.Context(), bucket); err != nil || !slices.Equal(names, []string{"daily"}) {
		t.Errorf("%v, %v", names, err)
	}
	if err := lease.Drop(t.Context(), bucket, "daily"); err != nil {
		t.Fatal(err)
	}
	if names, err := lease.Jobs(t.Context(), bucket); err != nil || len(names) > 0 {
		t.Errorf("%v, %v", names, err)
	}
	if err := clock.BlockUntilContext(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	clock.Advance(ttl / 3)
	<-work.Done()
	if cause := context.Cause(work); !errors.Is(cause, lease.ErrLost) {
		t.Errorf("cause %v, want ErrLost", cause)
	}
}
