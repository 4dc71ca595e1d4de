package generate

import "time"

// moment is wall-clock time in the brand's zone, in seconds since 1970-01-01 00:00 on that clock; 0 is "never".
type moment int64

// day counts calendar days since 1970-01-01.
type day int

const secondsPerDay = 86400

// latestSecond keeps events away from midnight, so that moving one by a few seconds never changes its day.
const latestSecond = 23*3600 + 50*60

func (m moment) day() day { return day(m / secondsPerDay) }

func (m moment) time() time.Time { return time.Unix(int64(m), 0).UTC() }

func (m moment) format(layout string) string { return m.time().Format(layout) }

// stamp is the usual spelling of a time in exports; empty for never.
func (m moment) stamp() string {
	if m == 0 {
		return ""
	}
	return m.format("2006-01-02 15:04:05")
}

// epoch is the moment as Unix seconds, the brand's clock being eight hours ahead of UTC all year.
func (m moment) epoch() int64 { return int64(m) - 8*3600 }

func (d day) at(second int) moment { return moment(int64(d)*secondsPerDay + int64(second)) }

func (d day) time() time.Time { return d.at(0).time() }

func (d day) iso() string { return d.time().Format("2006-01-02") }

func (d day) compact() string { return d.time().Format("20060102") }

// month counts calendar months since year 0.
func (d day) month() int {
	t := d.time()
	return t.Year()*12 + int(t.Month()) - 1
}

func dayOf(t time.Time) day { return dateDay(t.Year(), t.Month(), t.Day()) }

func dateDay(year int, month time.Month, dayOfMonth int) day {
	return day(time.Date(year, month, dayOfMonth, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay)
}

// monthStart is the first day of a month counted as in day.month.
func monthStart(month int) day { return dateDay(month/12, time.Month(month%12+1), 1) }

// sameDay is some seconds later, but not after the last allowed second of the day.
func (m moment) sameDay(seconds int) moment {
	return max(m, min(m+moment(seconds), m.day().at(latestSecond)))
}

// shoppingHour draws a second of the day: few at night, a peak in the evening.
func shoppingHour(d *dice) int {
	weights := []int{2, 1, 0, 0, 0, 0, 1, 3, 5, 8, 10, 10, 9, 8, 8, 8, 8, 8, 9, 12, 15, 15, 11, 6}
	second := d.weighted(weights)*3600 + d.below(3600)
	return min(second, latestSecond)
}

// openingHour draws a second of the day while stores are open.
func openingHour(d *dice) int { return d.between(9*3600, 21*3600) }
