package estimate

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"countinghouse/internal/reserving"
)

// vintage is the points of one month of issue, in one scope.
type vintage struct {
	issued, end month
	points      int64
	moves       map[month]move
}

// move is what a vintage gave in a month, or up to it.
type move struct{ redeemed, expired, transferred, withdrawn int64 }

func (m move) plus(other move) move {
	return move{m.redeemed + other.redeemed, m.expired + other.expired, m.transferred + other.transferred, m.withdrawn + other.withdrawn}
}

// standing is a vintage as it was known at a moment.
type standing struct {
	net       int64 // issued less withdrawn, and less what went to other accounts, where it is a vintage again
	withdrawn int64
	redeemed  int64
	remaining int64
}

// at is the vintage with what had happened by the end of a month.
func (v *vintage) at(until month) standing {
	var sum move
	for moved, m := range v.moves {
		if moved <= until {
			sum = sum.plus(m)
		}
	}
	net := v.points - sum.withdrawn - sum.transferred
	return standing{net: net, withdrawn: sum.withdrawn, redeemed: sum.redeemed, remaining: net - sum.redeemed - sum.expired}
}

// vintages gathers the cells that are wanted, by month of issue.
func vintages(cells []cell, wanted func(*cell) bool) []*vintage {
	found := map[month]*vintage{}
	for i := range cells {
		c := &cells[i]
		if !wanted(c) {
			continue
		}
		v := found[c.issued]
		if v == nil {
			v = &vintage{issued: c.issued, moves: map[month]move{}}
			found[c.issued] = v
		}
		v.end = max(v.end, c.end)
		v.points += c.points
		moved := max(c.moved, c.issued)
		v.moves[moved] = v.moves[moved].plus(move{c.redeemed, c.expired, c.transferred, c.withdrawn})
	}
	return slices.SortedFunc(maps.Values(found), func(a, b *vintage) int { return cmp.Compare(a.issued, b.issued) })
}

// lastAge is the last age at which points of the vintage can be redeemed.
func (v *vintage) lastAge() int {
	if v.end == never {
		return reserving.Never
	}
	return max(int(v.end-v.issued), 0)
}

// row is the vintage as a row of a triangle that ends with a whole month.
func (v *vintage) row(lastWhole month, exclusions []exclusion) reserving.Row {
	row := reserving.Row{Exposure: float64(max(v.at(lastWhole).net, 0)), End: v.lastAge()}
	for moved := v.issued; moved <= lastWhole; moved++ {
		row.Increments = append(row.Increments, float64(v.moves[moved].redeemed))
		row.Excluded = append(row.Excluded, slices.ContainsFunc(exclusions, func(e exclusion) bool { return e.names(v.issued, moved) }))
	}
	return row
}

func (e exclusion) names(issued, moved month) bool {
	return (!e.issued.Valid || month(e.issued.Int64) == issued) && (!e.redeemed.Valid || month(e.redeemed.Int64) == moved)
}

func (d day) time() time.Time { return time.Unix(int64(d)*24*60*60, 0).UTC() }

func (d day) month() month { return month(12*d.time().Year() + int(d.time().Month()) - 1) }

// firstDay is the day on which a month begins.
func (m month) firstDay() day {
	return day(time.Date(int(m)/12, time.Month(int(m)%12+1), 1, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

// valuation is a day at which points are valued: the end of a month, or the as-of day.
type valuation struct {
	day       day
	month     month
	lastWhole month
}

// valuations are the month ends from the first month of issue on, and the as-of day.
func valuations(cells []cell, asOf day) []valuation {
	last := asOf.month()
	first := last
	for _, c := range cells {
		first = min(first, c.issued)
	}
	var days []valuation
	for m := first; m < last; m++ {
		days = append(days, valuation{day: (m + 1).firstDay() - 1, month: m, lastWhole: m})
	}
	end := valuation{day: asOf, month: last, lastWhole: last}
	if asOf != (last+1).firstDay()-1 {
		end.lastWhole--
	}
	return append(days, end)
}
