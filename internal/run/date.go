package run

import (
	"fmt"
	"time"
)

// Date is a calendar day in ISO form, 2026-10-31, or "" for none. Dates compare with < as the days do.
type Date string

// DateOf is the day that t shows on its own clock: put t into the brand's time zone first.
func DateOf(t time.Time) Date {
	return Date(t.Format(time.DateOnly))
}

// ParseDate reads a day in ISO form.
func ParseDate(text string) (Date, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return "", fmt.Errorf("%q is not a date (want one like 2026-10-31)", text)
	}
	return DateOf(t), nil
}

// AddDays is the day n days later, or earlier if n is negative. It panics on a Date that is no date.
func (d Date) AddDays(n int) Date {
	return DateOf(d.In(time.UTC).AddDate(0, 0, n))
}

// In is the beginning of the day in a time zone. It panics on a Date that is no date: a Date comes from DateOf or ParseDate.
func (d Date) In(zone *time.Location) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, string(d), zone)
	if err != nil {
		panic(fmt.Sprintf("run: Date %q was made by hand: %v", string(d), err))
	}
	return t
}
