package contract

import "time"

// Rhythms in which a feed's exports may be expected.
const (
	Daily   = "daily"
	Weekly  = "weekly"
	Monthly = "monthly"
)

// DefaultGrace is how many days an export of a rhythm may be late, unless the contract says so itself: channels close a day in the night, and
// people export a month in its first working days.
func DefaultGrace(rhythm string) int {
	switch rhythm {
	case Weekly:
		return 2
	case Monthly:
		return 7
	default:
		return 1
	}
}

func (c *Contract) validateRhythm(found *problems) {
	if c.Expected != "" {
		found.oneOf("$.expected", c.Expected, Daily, Weekly, Monthly)
	}
	switch {
	case c.Grace != nil && c.Expected == "":
		found.add("$.grace", "only with expected")
	case c.Grace != nil && *c.Grace < 0:
		found.add("$.grace", "want a number of days, 0 or more")
	}
}

// Due is the moment from which the feed is late, given when its newest export was made; false if the contract expects no rhythm.
func (c *Contract) Due(newest time.Time) (time.Time, bool) {
	grace := DefaultGrace(c.Expected)
	if c.Grace != nil {
		grace = *c.Grace
	}
	switch c.Expected {
	case Daily:
		return newest.AddDate(0, 0, 1+grace), true
	case Weekly:
		return newest.AddDate(0, 0, 7+grace), true
	case Monthly:
		return sameDayNextMonth(newest).AddDate(0, 0, grace), true
	}
	return time.Time{}, false
}

// sameDayNextMonth ends with the month where that is shorter: the month after 31 January is over on 28 February.
func sameDayNextMonth(day time.Time) time.Time {
	next := day.AddDate(0, 1, 0)
	if next.Day() != day.Day() {
		return next.AddDate(0, 0, -next.Day())
	}
	return next
}
