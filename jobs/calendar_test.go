package jobs

import (
	"slices"
	"testing"
	"time"

	"countinghouse/internal/run"
)

func at(t *testing.T, text string, zone *time.Location) time.Time {
	t.Helper()
	parsed, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestTimesBetween(t *testing.T) {
	shanghai := time.FixedZone("CST", 8*60*60)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		schedule string
		zone     *time.Location
		daysBack int
		from, to string // not included, included
		want     []string
	}{
		"every day, for the day before": {
			"0 4 * * *", shanghai, 1, "2026-10-30 04:00", "2026-11-01 04:00",
			[]string{"2026-10-30 at 10-31 04:00", "2026-10-31 at 11-01 04:00"},
		},
		"a minute early is not yet": {"0 4 * * *", shanghai, 1, "2026-10-31 04:00", "2026-11-01 03:59", nil},
		"of several times of one date the last": {
			"0 */6 * * *", shanghai, 0, "2026-10-31 06:00", "2026-11-01 07:00",
			[]string{"2026-10-31 at 10-31 18:00", "2026-11-01 at 11-01 06:00"},
		},
		"once a month, for the month before's last day": {
			"30 5 1 * *", shanghai, 1, "2026-01-15 00:00", "2026-03-15 00:00",
			[]string{"2026-01-31 at 02-01 05:30", "2026-02-28 at 03-01 05:30"},
		},
		"over the night in which clocks go back": {
			"30 2 * * *", berlin, 1, "2026-10-24 12:00", "2026-10-26 12:00",
			[]string{"2026-10-24 at 10-25 02:30", "2026-10-25 at 10-26 02:30"},
		},
		"no further back than the horizon": {
			"0 0 1 1 *", shanghai, 0, "2001-01-01 00:00", "2026-01-01 00:00",
			[]string{"2025-01-01 at 01-01 00:00", "2026-01-01 at 01-01 00:00"}, // the last 400 days
		},
	} {
		calendar, err := newCalendar(Job{Schedule: c.schedule, DaysBack: c.daysBack}, c.zone)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range calendar.between(at(t, c.from, c.zone), at(t, c.to, c.zone)) {
			got = append(got, string(d.date)+" at "+d.at.In(c.zone).Format("01-02 15:04"))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestASuccessSettles(t *testing.T) {
	shanghai := time.FixedZone("CST", 8*60*60)
	calendar, err := newCalendar(Job{Schedule: "0 4 * * *", DaysBack: 1}, shanghai)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		date  run.Date
		began string
		next  string // the first time on the schedule that is still open
	}{
		{"2026-10-31", "2026-11-01 04:00", "2026-11-02 04:00"}, // on time
		{"2026-10-31", "2026-11-01 03:00", "2026-11-01 04:00"}, // too early to see all of the day's exports
		{"2026-10-31", "2026-11-01 23:00", "2026-11-02 04:00"}, // late
		{"2026-10-28", "2026-11-01 09:00", "2026-10-30 04:00"}, // catching up, with more to come
		{"2026-11-05", "2026-11-01 09:00", "2026-11-02 04:00"}, // for a day to come, by hand
	} {
		settled := calendar.settled(run.Record{LogicalDate: c.date, StartedAt: at(t, c.began, shanghai)})
		if got := calendar.Next(settled).Format("2006-01-02 15:04"); got != c.next {
			t.Errorf("a success for %s that began at %s leaves %s open, want %s", c.date, c.began, got, c.next)
		}
	}
}

func TestWaitsGrowToALimit(t *testing.T) {
	jitter := 0.0
	o := Options{FirstBackoff: time.Minute, MaxBackoff: 10 * time.Minute, Jitter: func() float64 { return jitter }}
	for attempt, longest := range []time.Duration{1: time.Minute, 2: 2 * time.Minute, 3: 4 * time.Minute, 4: 8 * time.Minute, 5: 10 * time.Minute, 60: 10 * time.Minute} {
		if longest == 0 {
			continue
		}
		jitter = 0
		if got := o.wait(attempt); got != longest/2 {
			t.Errorf("after attempt %d at least %v, want %v", attempt, got, longest/2)
		}
		jitter = 1
		if got := o.wait(attempt); got != longest {
			t.Errorf("after attempt %d at most %v, want %v", attempt, got, longest)
		}
	}
}
