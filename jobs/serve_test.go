package jobs_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"countinghouse/internal/run"
	"countinghouse/jobs"
)

func TestRunsOnTime(t *testing.T) {
	on(t, succeed, func(s *stage) {
		v := s.serve()
		s.until("2000-01-03 12:00")
		v.end()
		s.expectCalls("1999-12-31 catch-up 1", "2000-01-01 schedule 1", "2000-01-02 schedule 1")
		records := s.expectRecords(
			"1999-12-31 succeeded 1 01-01 08:00:00",
			"2000-01-01 succeeded 1 01-02 04:00:00",
			"2000-01-02 succeeded 1 01-03 04:00:00",
		)
		last := records[2]
		if last.Cause != "schedule" || last.Holder != "first" || last.Environment != "prod" || last.Rows != 10 || last.Rejects != 1 ||
			len(last.Steps) != 1 || last.ScheduledAt == nil || !last.ScheduledAt.Equal(time.Date(2000, 1, 2, 20, 0, 0, 0, time.UTC)) {
			t.Errorf("record %+v", last)
		}
		if s.calls[2].RunID != last.ID {
			t.Errorf("the job was told run id %s, on record is %s", s.calls[2].RunID, last.ID)
		}
	})
}

func TestMissedRunsAreCaughtUpInOrder(t *testing.T) {
	on(t, succeed, func(s *stage) {
		s.past("1999-12-28 04:00", "1999-12-27", run.Succeeded)
		s.past("1999-12-29 04:00", "1999-12-28", run.Failed)
		v := s.serve() // on 2000-01-01 at 08:00
		s.until("2000-01-01 09:00")
		v.end()
		s.expectCalls("1999-12-28 catch-up 1", "1999-12-29 catch-up 1", "1999-12-30 catch-up 1", "1999-12-31 catch-up 1")
	})
}

func TestNothingIsCaughtUpTwice(t *testing.T) {
	on(t, succeed, func(s *stage) {
		s.past("1999-12-30 04:00", "1999-12-29", run.Succeeded)
		for range 3 {
			v := s.serve()
			time.Sleep(time.Hour)
			v.end()
		}
		s.expectCalls("1999-12-30 catch-up 1", "1999-12-31 catch-up 1")
	})
}

func TestCatchUpCutShortGoesOn(t *testing.T) {
	on(t, taking(time.Hour), func(s *stage) {
		s.past("1999-12-29 04:00", "1999-12-28", run.Succeeded)
		v := s.serve()
		s.until("2000-01-01 09:30") // the first of three is done, the second half done
		v.end()
		v = s.serve()
		s.until("2000-01-01 12:00")
		v.end()
		s.expectCalls("1999-12-29 catch-up 1", "1999-12-30 catch-up 1", "1999-12-30 catch-up 1", "1999-12-31 catch-up 1")
	})
}

func TestTooManyMissedRunsAreSkippedOnRecord(t *testing.T) {
	on(t, succeed, func(s *stage) {
		s.options.MaxCatchUp = 2
		s.past("1999-12-11 04:00", "1999-12-10", run.Succeeded)
		v := s.serve()
		s.until("2000-01-01 09:00")
		v.end()
		s.expectCalls("1999-12-30 catch-up 1", "1999-12-31 catch-up 1")
		records := s.expectRecords(
			"1999-12-10 succeeded 1 12-11 04:00:00",
			"1999-12-29 skipped 1 01-01 08:00:00",
			"1999-12-30 succeeded 1 01-01 08:00:00",
			"1999-12-31 succeeded 1 01-01 08:00:00",
		)
		if !strings.Contains(records[1].Error, "19 missed runs, for 1999-12-11 to 1999-12-29,") {
			t.Errorf("the reason is %q", records[1].Error)
		}
	})
}

func TestARunLongerThanItsIntervalIsFollowedByOneRun(t *testing.T) {
	on(t, taking(150*time.Minute), func(s *stage) {
		s.job.Schedule, s.job.DaysBack = "0 * * * *", 0
		s.past("2000-01-01 08:00", "2000-01-01", run.Succeeded)
		v := s.serve()
		s.until("2000-01-01 13:30") // due at 9; at 10 and 11, while that runs; and at 12 and 13, while this does
		v.end()
		s.expectRecords(
			"2000-01-01 succeeded 1 01-01 08:00:00",
			"2000-01-01 succeeded 1 01-01 09:00:00",
			"2000-01-01 cancelled 1 01-01 11:30:00",
		)
	})
}

func TestFailuresAreTriedAgainLaterAndLater(t *testing.T) {
	third := func(_ context.Context, tr jobs.Trigger) error {
		if tr.Attempt < 3 {
			return errors.New("the store is away")
		}
		return nil
	}
	on(t, third, func(s *stage) {
		v := s.serve()
		s.until("2000-01-01 09:00")
		if code, _ := v.health(); code != 200 {
			t.Errorf("health %d after a run that succeeded at last", code)
		}
		v.end()
		// Waits of 1 and 2 minutes, of which the random half comes out as its middle.
		records := s.expectRecords(
			"1999-12-31 failed 1 01-01 08:00:00",
			"1999-12-31 failed 2 01-01 08:00:45",
			"1999-12-31 succeeded 3 01-01 08:02:15",
		)
		if records[0].Error != "the store is away" {
			t.Errorf("the record's error is %q", records[0].Error)
		}
	})
}

func TestARunGivenUpIsReportedUntilOneSucceeds(t *testing.T) {
	badDay := func(_ context.Context, tr jobs.Trigger) error {
		if tr.LogicalDate == "1999-12-31" {
			return errors.New("disk full")
		}
		return nil
	}
	on(t, badDay, func(s *stage) {
		v := s.serve()
		s.until("2000-01-01 23:00")
		s.expectCalls("1999-12-31 catch-up 1", "1999-12-31 catch-up 2", "1999-12-31 catch-up 3")
		code, h := v.health()
		if code != 503 || h.Status != "failing" || len(h.Problems) != 1 || !strings.Contains(h.Problems[0], "disk full") {
			t.Errorf("health %d: %+v", code, h)
		}
		s.until("2000-01-02 12:00")
		code, h = v.health()
		if code != 200 || h.Jobs[0].LastSuccess.LogicalDate != "2000-01-01" || !h.Jobs[0].NextRun.Equal(time.Date(2000, 1, 2, 20, 0, 0, 0, time.UTC)) {
			t.Errorf("health %d: %+v", code, h)
		}
		v.end()
	})
}

func TestWhatTryingAgainCannotMendIsTriedOnce(t *testing.T) {
	audit := func(context.Context, jobs.Trigger) error {
		return errors.Join(jobs.ErrPermanent, errors.New("audit failed"))
	}
	on(t, audit, func(s *stage) {
		v := s.serve()
		s.until("2000-01-01 20:00")
		if code, _ := v.health(); code != 503 {
			t.Errorf("health %d", code)
		}
		v.end()
		s.expectCalls("1999-12-31 catch-up 1")
	})
}

func TestAPanicIsAFailedRun(t *testing.T) {
	on(t, func(context.Context, jobs.Trigger) error { panic("out of cheese") }, func(s *stage) {
		s.options.Attempts = 1
		v := s.serve()
		v.end()
		records := s.expectRecords("1999-12-31 failed 1 01-01 08:00:00")
		if !strings.Contains(records[0].Error, "out of cheese") || !strings.Contains(records[0].Error, "serve_test.go") {
			t.Errorf("error %q, want the panic and where it was", records[0].Error)
		}
	})
}

func TestAskedToStopARunEndsCleanly(t *testing.T) {
	patient := func(ctx context.Context, _ jobs.Trigger) error {
		<-ctx.Done()
		time.Sleep(2 * time.Second) // tidying up
		return ctx.Err()
	}
	on(t, patient, func(s *stage) {
		v := s.serve()
		s.until("2000-01-01 08:10")
		if _, h := v.health(); h.Jobs[0].RunningSince == nil {
			t.Error("health does not say that a run is under way")
		}
		v.end()
		records := s.expectRecords("1999-12-31 cancelled 1 01-01 08:00:00")
		if got := records[0].Duration(); got != 10*time.Minute+2*time.Second {
			t.Errorf("the run took %v on record", got)
		}
		if holder := s.leaseHolder(); holder != "" {
			t.Errorf("the lease is still held by %s", holder)
		}
	})
}

func TestARunThatDoesNotStopIsLeftBehind(t *testing.T) {
	deaf := func(context.Context, jobs.Trigger) error { time.Sleep(time.Hour); return nil }
	on(t, deaf, func(s *stage) {
		v := s.serve()
		v.stop()
		err := <-v.done
		if err == nil || !strings.Contains(err.Error(), "did not stop within 30s") {
			t.Errorf("Serve: %v", err)
		}
		time.Sleep(2 * time.Hour)
	})
}

func TestTwoProcessesRunAJobOnce(t *testing.T) {
	on(t, taking(10*time.Minute), func(s *stage) {
		first := s.serve()
		s.options.Holder = "second"
		second := s.serve()
		s.until("2000-01-04 12:00")
		if code, _ := second.health(); code != 200 {
			t.Errorf("the one that has nothing to do answers %d", code)
		}
		first.end()
		second.end()
		s.expectRecords(
			"1999-12-31 succeeded 1 01-01 08:00:00",
			"2000-01-01 succeeded 1 01-02 04:00:00",
			"2000-01-02 succeeded 1 01-03 04:00:00",
			"2000-01-03 succeeded 1 01-04 04:00:00",
		)
	})
}

func TestADeadProcessIsSucceeded(t *testing.T) {
	on(t, succeed, func(s *stage) {
		s.past("2000-01-01 04:00", "1999-12-31", run.Running)
		lease := `{"job":"daily","holder":"earlier","fence":4,"expires_at":"2000-01-01T00:00:50Z"}`
		if _, err := s.bucket.CompareAndSet(s.Context(), "leases/daily.json", []byte(lease), 0); err != nil {
			t.Fatal(err)
		}
		v := s.serve()
		s.until("2000-01-01 08:05")
		v.end()
		s.expectRecords(
			"1999-12-31 abandoned 1 01-01 04:00:00",
			"1999-12-31 succeeded 1 01-01 08:01:00", // at the first beat after the dead one's lease ran out
		)
	})
}

func TestAStoreThatCannotBeReadIsAMatterOfHealth(t *testing.T) {
	on(t, succeed, func(s *stage) {
		s.past("1999-12-31 04:00", "1999-12-30", run.Succeeded)
		key := s.damage()
		v := s.serve()
		s.until("2000-01-01 08:10")
		code, h := v.health()
		if code != 503 || len(h.Problems) != 1 || !strings.Contains(h.Problems[0], key) {
			t.Errorf("health %d: %+v, want a problem that names %s", code, h, key)
		}
		if err := s.bucket.Delete(s.Context(), key); err != nil {
			t.Fatal(err)
		}
		s.until("2000-01-01 08:12")
		if code, _ = v.health(); code != 200 {
			t.Errorf("health %d once it can be read", code)
		}
		v.end()
		s.expectCalls("1999-12-31 catch-up 1")
	})
}

// damage breaks the only run record there is.
func (s *stage) damage() (key string) {
	s.Helper()
	for attributes, err := range s.bucket.List(s.Context(), "runs/") {
		if err != nil {
			s.Fatal(err)
		}
		key = attributes.Key
	}
	_, attributes, err := s.bucket.Read(s.Context(), key)
	if err == nil {
		_, err = s.bucket.CompareAndSet(s.Context(), key, []byte("not JSON"), attributes.Generation)
	}
	if err != nil {
		s.Fatal(err)
	}
	return key
}

func TestServeRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		list []jobs.Job
		want string
	}{
		"a schedule that is none": {[]jobs.Job{{Name: "a", Schedule: "at dawn"}}, `job a: schedule "at dawn"`},
		"a name that is none":     {[]jobs.Job{{Name: "A", Schedule: "@daily"}}, `job name "A"`},
		"one name twice":          {[]jobs.Job{{Name: "a", Schedule: "@daily"}, {Name: "a", Schedule: "@hourly"}}, "two jobs are called a"},
	} {
		t.Run(name, func(t *testing.T) {
			on(t, succeed, func(s *stage) {
				l := newLine()
				err := jobs.Serve(s.Context(), l, c.list, s.options)
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("error %v, want %q", err, c.want)
				}
				<-l.closed
			})
		})
	}
}

func TestServeEndsWhenItCannotListen(t *testing.T) {
	on(t, succeed, func(s *stage) {
		v := s.serve()
		_ = v.line.Close()
		if err := <-v.done; err == nil || !strings.Contains(err.Error(), "in memory") {
			t.Errorf("Serve: %v, want an error that names the address", err)
		}
	})
}

func TestDifferentJobsTakeTurns(t *testing.T) {
	var under, most int
	on(t, succeed, func(s *stage) {
		turn := func(context.Context, jobs.Trigger) (jobs.Result, error) {
			s.mu.Lock()
			under++
			most = max(most, under)
			s.mu.Unlock()
			time.Sleep(time.Minute)
			s.mu.Lock()
			under--
			s.mu.Unlock()
			return jobs.Result{}, nil
		}
		ctx, stop := context.WithCancel(s.Context())
		done := make(chan error, 1)
		go func() {
			done <- jobs.Serve(ctx, newLine(), []jobs.Job{
				{Name: "a", Schedule: "@daily", Run: turn}, {Name: "b", Schedule: "@daily", Run: turn}, {Name: "by-hand", Run: turn},
			}, s.options)
		}()
		time.Sleep(time.Hour)
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if most != 1 {
			t.Errorf("%d runs at once", most)
		}
		s.expectRecords("2000-01-01 succeeded 1 01-01 08:00:00", "2000-01-01 succeeded 1 01-01 08:01:00")
	})
}
