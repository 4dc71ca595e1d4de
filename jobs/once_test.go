package jobs_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"countinghouse/internal/lease"
	"countinghouse/internal/run"
	"countinghouse/jobs"
)

func TestRunOnce(t *testing.T) {
	on(t, succeed, func(s *stage) {
		record, err := jobs.RunOnce(s.Context(), s.job, "1999-06-30", s.options)
		if err != nil || record.Status != run.Succeeded || record.Cause != "hand" || record.ScheduledAt != nil || record.Rows != 10 {
			t.Errorf("record %+v, %v", record, err)
		}
		s.expectCalls("1999-06-30 hand 1")
		s.expectRecords("1999-06-30 succeeded 1 01-01 08:00:00")
		if holder := s.leaseHolder(); holder != "" {
			t.Errorf("the lease is still held by %s", holder)
		}
	})
}

func TestRunOnceFailsOnce(t *testing.T) {
	full := errors.New("disk full")
	on(t, func(context.Context, jobs.Trigger) error { return full }, func(s *stage) {
		record, err := jobs.RunOnce(s.Context(), s.job, "1999-06-30", s.options)
		if !errors.Is(err, full) || record.Status != run.Failed || record.Error != "disk full" || len(record.Steps) != 1 {
			t.Errorf("record %+v, %v", record, err)
		}
		s.expectCalls("1999-06-30 hand 1")
	})
}

func TestRunOnceKeepsOffARunningJob(t *testing.T) {
	on(t, taking(time.Hour), func(s *stage) {
		v := s.serve()
		second := s.options
		second.Holder = "by hand"
		_, err := jobs.RunOnce(s.Context(), s.job, "1999-06-30", second)
		var held *lease.HeldError
		if !errors.As(err, &held) || held.Holder != "first" {
			t.Errorf("error %v, want a HeldError about first", err)
		}
		s.until("2000-01-01 09:30")
		v.end()
		s.expectRecords("1999-12-31 succeeded 1 01-01 08:00:00")
	})
}

func TestALostLeaseStopsTheRun(t *testing.T) {
	on(t, taking(time.Hour), func(s *stage) {
		done := make(chan error, 1)
		go func() {
			record, err := jobs.RunOnce(s.Context(), s.job, "1999-06-30", s.options)
			if record.Status != run.Cancelled {
				t.Errorf("the run ended as %s", record.Status)
			}
			done <- err
		}()
		synctest.Wait()
		s.usurp()
		if err := <-done; !errors.Is(err, lease.ErrLost) {
			t.Errorf("error %v, want ErrLost", err)
		}
		if s.leaseHolder() != "usurper" {
			t.Error("the lease of the new holder was given back")
		}
		s.expectRecords("1999-06-30 cancelled 1 01-01 08:00:00")
	})
}

// usurp takes the lease away, as a process on a machine whose clock is wrong would.
func (s *stage) usurp() {
	s.Helper()
	_, attributes, err := s.bucket.Read(s.Context(), "leases/daily.json")
	if err == nil {
		lease := `{"job":"daily","holder":"usurper","fence":99,"expires_at":"2000-01-01T09:00:00Z"}`
		_, err = s.bucket.CompareAndSet(s.Context(), "leases/daily.json", []byte(lease), attributes.Generation)
	}
	if err != nil {
		s.Fatal(err)
	}
}

func TestWhatIsMadeByHandNeedNotBeCaughtUp(t *testing.T) {
	on(t, succeed, func(s *stage) {
		s.past("1999-12-30 04:00", "1999-12-29", run.Succeeded)
		for _, date := range []run.Date{"1999-12-31", "1999-03-31"} { // the newest, and then an old one
			if _, err := jobs.RunOnce(s.Context(), s.job, date, s.options); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		v := s.serve()
		s.until("2000-01-02 12:00")
		v.end()
		s.expectCalls("1999-12-31 hand 1", "1999-03-31 hand 1", "2000-01-01 schedule 1")
	})
}
