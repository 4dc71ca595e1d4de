package run_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"countinghouse/internal/run"
)

func TestIDsSortByTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stamps := rapid.SliceOfDistinct(rapid.Int64Range(0, 4_000_000_000_000), rapid.ID).Draw(t, "milliseconds")
		jobs := rapid.SampledFrom([]string{"daily", "a", "zz-top", "land_all"})
		var ids []string
		slices.Sort(stamps)
		for _, ms := range stamps {
			zone := time.FixedZone("", rapid.IntRange(-12, 14).Draw(t, "zone")*3600)
			id, err := run.NewID(jobs.Draw(t, "job"), time.UnixMilli(ms).In(zone), strings.NewReader(rapid.StringN(4, 4, 4).Draw(t, "random")+"...."))
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		if !slices.IsSorted(ids) {
			t.Fatalf("not in the order of time: %v", ids)
		}
	})
}

func TestIDAndItsPlace(t *testing.T) {
	now := time.Date(2026, 11, 1, 4, 5, 6, 7_000_000, time.FixedZone("CST", 8*3600))
	id, err := run.NewID("daily-run", now, strings.NewReader("\x00\x01\xfe\xff"))
	if err != nil || id != "20261031T200506.007Z-daily-run-0001feff" {
		t.Fatalf("id %q, %v", id, err)
	}
	if key, err := run.Key(id); err != nil || key != "runs/2026-10/20261031T200506.007Z-daily-run-0001feff.json" {
		t.Errorf("key %q, %v", key, err)
	}
	if _, err := run.NewID("daily", now, strings.NewReader("abc")); err == nil {
		t.Error("an id was made of too little randomness")
	}
}

func TestKeyRefusesWhatIsNoID(t *testing.T) {
	for _, id := range []string{
		"", "20261031T200506.007Z", "20261031T200506.007Z-daily", "20261031T200506.007Z-daily-0001fef", "20261331T200506.007Z-daily-0001feff",
		"20261031T200506.007Z-../x-0001feff", "20261031T200506.007Z-daily-0001fefg", "20261031T200506.007Zxdaily-0001feff",
	} {
		if key, err := run.Key(id); err == nil {
			t.Errorf("%q has a key: %s", id, key)
		}
	}
}

func TestDates(t *testing.T) {
	d, err := run.ParseDate("2024-02-28")
	if err != nil {
		t.Fatal(err)
	}
	if got := d.AddDays(2); got != "2024-03-01" {
		t.Errorf("two days after %s: %s", d, got)
	}
	if got := d.AddDays(-59); got != "2023-12-31" {
		t.Errorf("59 days before %s: %s", d, got)
	}
	zone := time.FixedZone("CST", 8*3600)
	if got := run.DateOf(time.Date(2024, 2, 28, 16, 0, 0, 0, time.UTC).In(zone)); got != "2024-02-29" {
		t.Errorf("16:00 UTC is %s in Shanghai", got)
	}
	if got := d.In(zone); !got.Equal(time.Date(2024, 2, 27, 16, 0, 0, 0, time.UTC)) {
		t.Errorf("%s begins at %v", d, got)
	}
	for _, text := range []string{"", "2024-2-28", "2023-02-29", "20240228"} {
		if _, err := run.ParseDate(text); err == nil {
			t.Errorf("%q was taken for a date", text)
		}
	}
}
