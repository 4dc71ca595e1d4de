package report

import (
	"math"
	"time"
)

// pointsView is what the page shows of one currency of points. The main one's sections have plain names; those of others have the currency's in them.
type pointsView struct {
	Currency, Suffix string
	Money            string // what amounts are in
	Waterfall        waterfallView
	Expiry           expiryView
	Deferral         deferralView
}

func newPoints(all []pointFigures, money string) []pointsView {
	var views []pointsView
	for i, one := range all {
		view := pointsView{Money: money, Waterfall: newWaterfall(one.rollforward), Expiry: newExpiry(one.expiries, one.liability), Deferral: newDeferral(one.deferrals)}
		if i > 0 || one.Currency != mainCurrency {
			view.Currency, view.Suffix = one.Currency, "-"+one.Currency
		}
		views = append(views, view)
	}
	return views
}

// waterfallView is the roll-forward of points over the last twelve months: how the opening balance became the closing one.
type waterfallView struct {
	Width, Height, Left float64
	From, To            string // months, 2025-11 and 2026-10
	ClosingValue        int64
	Ticks               []tick
	Bars                []waterfallBar
}

type waterfallBar struct {
	Label         label
	Class         string // total, in, out
	Value         string
	X, Y          float64
	Width, Height float64
	TextX, TextY  float64
	Line          float64 // where the balance stands after this bar
	LineEnd       float64
	IsLast        bool
}

const rollforwardMonths = 12

func newWaterfall(months []rollforwardRow) waterfallView {
	if len(months) == 0 {
		return waterfallView{}
	}
	months = months[max(0, len(months)-rollforwardMonths):]
	first, last := months[0], months[len(months)-1]
	var sum rollforwardRow
	for _, month := range months {
		sum.Issued += month.Issued
		sum.Redeemed += month.Redeemed
		sum.Expired += month.Expired
		sum.ClawedBack += month.ClawedBack
		sum.Recredited += month.Recredited
		sum.Adjusted += month.Adjusted
		sum.Transferred += month.Transferred
		sum.Prior += month.Prior
	}
	movements := []movement{
		{newLabel("Issued", "发放"), sum.Issued},
		{newLabel("Redeemed", "兑换"), -sum.Redeemed},
		{newLabel("Expired", "过期"), -sum.Expired},
		{newLabel("Clawed back", "扣回"), -sum.ClawedBack},
		{newLabel("Re-credited", "返还"), sum.Recredited},
		{newLabel("Adjusted", "调整"), sum.Adjusted},
	}
	for _, rare := range []movement{{newLabel("Transferred", "转移"), sum.Transferred}, {newLabel("Prior periods", "以前期间"), sum.Prior}} {
		if rare.points != 0 {
			movements = append(movements, rare)
		}
	}
	view := drawWaterfall(first.Opening, last.Closing, movements)
	view.From, view.To, view.ClosingValue = first.Start.Format("2006-01"), last.Start.Format("2006-01"), last.Value
	return view
}

type movement struct {
	label  label
	points int64 // signed
}

func drawWaterfall(opening, closing int64, movements []movement) waterfallView {
	highest, balance := max(opening, closing), opening
	for _, move := range movements {
		balance += move.points
		highest = max(highest, balance)
	}
	scale := newAxis(float64(highest), plotHeight, plotTop+12)
	view := waterfallView{Width: chartWidth, Height: plotTop + 12 + plotHeight + labelHeight, Left: plotLeft, Ticks: scale.ticks(1)}
	step := (chartWidth - plotLeft) / float64(len(movements)+2)
	add := func(name label, class string, from, to int64, value string) {
		x := plotLeft + step*float64(len(view.Bars))
		view.Bars = append(view.Bars, newWaterfallBar(scale, name, class, x, step, from, to, value))
	}
	add(newLabel("Opening", "期初"), "total", 0, opening, count(opening))
	balance = opening
	for _, move := range movements {
		add(move.label, direction(move.points), balance, balance+move.points, signed(move.points))
		balance += move.points
	}
	add(newLabel("Closing", "期末"), "total", 0, closing, count(closing))
	view.Bars[len(view.Bars)-1].IsLast = true
	return view
}

func newWaterfallBar(scale axis, name label, class string, x, step float64, from, to int64, value string) waterfallBar {
	upper, lower := scale.y(float64(max(from, to, 0))), scale.y(float64(max(min(from, to), 0)))
	width := min(step*0.62, 84)
	return waterfallBar{
		Label: name, Class: class, Value: value,
		X: round(x + (step-width)/2), Y: round(upper), Width: round(width), Height: round(max(lower-upper, 1)),
		TextX: round(x + step/2), TextY: round(upper - 8),
		Line: round(scale.y(float64(max(to, 0)))), LineEnd: round(x + step + (step-width)/2),
	}
}

func direction(points int64) string {
	if points < 0 {
		return "out"
	}
	return "in"
}

func signed(points int64) string {
	if points > 0 {
		return "+" + count(points)
	}
	return count(points)
}

// expiryView is what is outstanding by month of expiry, parted into what is expected to be redeemed and what is not.
type expiryView struct {
	liabilityRow
	Width, Height, Left float64
	Ticks               []tick
	Bars                []expiryBar
}

type expiryBar struct {
	Month, Label, Year string
	LabelX             float64
	Parts              []part
	Row                expiryRow
}

const expiryBars = 18

func newExpiry(rows []expiryRow, total liabilityRow) expiryView {
	if len(rows) == 0 {
		return expiryView{liabilityRow: total}
	}
	rows = foldLater(rows)
	var highest int64
	for _, row := range rows {
		highest = max(highest, row.Outstanding)
	}
	scale := newAxis(float64(highest), plotHeight, plotTop)
	view := expiryView{
		liabilityRow: total, Width: chartWidth, Height: plotTop + plotHeight + labelHeight, Left: plotLeft, Ticks: scale.ticks(1),
	}
	step := (chartWidth - plotLeft) / float64(len(rows))
	for i, row := range rows {
		view.Bars = append(view.Bars, newExpiryBar(scale, row, i == 0, plotLeft+step*float64(i), step))
	}
	return view
}

// foldLater puts all months beyond those that fit, and points that never expire, under one bar without a month.
func foldLater(rows []expiryRow) []expiryRow {
	var kept []expiryRow
	var later expiryRow
	for i, row := range rows {
		if i < expiryBars-1 && row.Month.Year() < neverExpires {
			kept = append(kept, row)
			continue
		}
		later.Outstanding += row.Outstanding
		later.Expected += row.Expected
		later.Breakage += row.Breakage
		later.FaceValue += row.FaceValue
	}
	if later.Outstanding > 0 {
		kept = append(kept, later)
	}
	return kept
}

// neverExpires is the year under which the mart keeps points without a last valid day.
const neverExpires = 9999

func newExpiryBar(scale axis, row expiryRow, first bool, x, step float64) expiryBar {
	bar := expiryBar{Month: "later 以后", Label: "later", LabelX: round(x + step/2), Row: row}
	if !row.Month.IsZero() {
		bar.Month, bar.Label = row.Month.Format("2006-01"), row.Month.Format("1")
		if first || row.Month.Month() == time.January {
			bar.Year = row.Month.Format("2006")
		}
	}
	width := min(step*0.6, 56)
	for _, piece := range []struct {
		class    string
		from, to int64
	}{{"expected", 0, row.Expected}, {"breakage", row.Expected, row.Outstanding}} {
		if piece.to > piece.from {
			bar.Parts = append(bar.Parts, part{
				Class: piece.class, X: round(x + (step-width)/2), Y: round(scale.y(float64(piece.to))), Width: round(width),
				Height: round(scale.span(float64(piece.to - piece.from))),
				Title:  bar.Month + ", " + piece.class + ": " + count(piece.to-piece.from),
			})
		}
	}
	return bar
}

// deferralView is the contract liability over the last twelve months: what it came to, current and not, and how it moved.
type deferralView struct {
	Width, Height, Left float64
	Ticks               []tick
	Bars                []deferralBar
	Last                deferralRow
	HasPrior            bool
}

type deferralBar struct {
	Month, Label, Year string
	LabelX             float64
	Parts              []part
	Row                deferralRow
}

func newDeferral(months []deferralRow) deferralView {
	if len(months) == 0 {
		return deferralView{}
	}
	months = months[max(0, len(months)-rollforwardMonths):]
	var highest int64
	for _, month := range months {
		highest = max(highest, month.Closing)
	}
	scale := newAxis(float64(highest), plotHeight, plotTop)
	view := deferralView{
		Width: chartWidth, Height: plotTop + plotHeight + labelHeight, Left: plotLeft, Ticks: scale.ticks(centsPerUnit), Last: months[len(months)-1],
	}
	step := (chartWidth - plotLeft) / float64(len(months))
	for i, month := range months {
		bar := deferralBar{Month: month.Start.Format("2006-01"), Label: month.Start.Format("1"), LabelX: round(plotLeft + step*(float64(i)+0.5)), Row: month}
		if i == 0 || month.Start.Month() == time.January {
			bar.Year = month.Start.Format("2006")
		}
		width := min(step*0.6, 56)
		for _, piece := range []struct {
			class    string
			from, to int64
		}{{"current", 0, month.Current}, {"noncurrent", month.Current, month.Closing}} {
			if piece.to > piece.from {
				bar.Parts = append(bar.Parts, part{
					Class: piece.class, X: round(bar.LabelX - width/2), Y: round(scale.y(float64(piece.to))), Width: round(width),
					Height: round(math.Max(scale.span(float64(piece.to-piece.from)), 1)), Title: bar.Month + ", " + piece.class + ": " + money(piece.to-piece.from),
				})
			}
		}
		view.Bars = append(view.Bars, bar)
		view.HasPrior = view.HasPrior || month.Prior != 0
	}
	return view
}

const centsPerUnit = 100
