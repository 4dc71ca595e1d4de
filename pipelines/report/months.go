package report

import (
	"slices"
	"time"
)

const (
	chartWidth  = 1080.0
	plotHeight  = 240.0
	plotTop     = 24.0
	plotLeft    = 64.0
	labelHeight = 48.0
)

// monthsView is revenue by layer over the months: stacked bars, and the same as a table.
type monthsView struct {
	Width, Height, Left float64
	Ticks               []tick
	Bars                []stack
	Layers              []int64
}

// stack is one month: what lies on what, from the best layer at the bottom.
type stack struct {
	Month       string // 2026-10
	Label, Year string // below the bar; the year where it begins
	X, LabelX   float64
	Parts       []part
	Cells       []string // of the table: one per layer, then the total
}

type part struct {
	Class         string
	X, Y          float64
	Width, Height float64
	Title         string
}

func newMonths(rows []monthRow) monthsView {
	byMonth, starts, layers := indexMonths(rows)
	if len(starts) == 0 {
		return monthsView{}
	}
	var highest int64
	for _, start := range starts {
		highest = max(highest, positive(byMonth[start]))
	}
	scale := newAxis(float64(highest), plotHeight, plotTop)
	view := monthsView{Width: chartWidth, Height: plotTop + plotHeight + labelHeight, Left: plotLeft, Layers: layers, Ticks: scale.ticks(100)}
	step := (chartWidth - plotLeft) / float64(len(starts))
	for i, start := range starts {
		view.Bars = append(view.Bars, newStack(start, i == 0, plotLeft+step*float64(i), step, scale, layers, byMonth[start]))
	}
	return view
}

func indexMonths(rows []monthRow) (byMonth map[time.Time]map[int64]int64, starts []time.Time, layers []int64) {
	byMonth = map[time.Time]map[int64]int64{}
	for _, row := range rows {
		if byMonth[row.Start] == nil {
			byMonth[row.Start] = map[int64]int64{}
			starts = append(starts, row.Start)
		}
		byMonth[row.Start][row.Layer] = row.Revenue
		if !slices.Contains(layers, row.Layer) {
			layers = append(layers, row.Layer)
		}
	}
	slices.Sort(layers)
	return byMonth, starts, layers
}

func newStack(start time.Time, first bool, x, step float64, scale axis, layers []int64, revenue map[int64]int64) stack {
	width := min(step*0.68, 56)
	bar := stack{Month: start.Format("2006-01"), Label: start.Format("1"), X: x, LabelX: round(x + step/2)}
	if first || start.Month() == time.January {
		bar.Year = start.Format("2006")
	}
	var below, total int64
	for _, layer := range layers {
		cents := revenue[layer]
		total += cents
		bar.Cells = append(bar.Cells, money(cents))
		if cents <= 0 {
			continue // refunds alone: in the table, not in the drawing
		}
		below += cents
		bar.Parts = append(bar.Parts, part{
			Class: layerClass(layer), X: round(x + (step-width)/2), Y: round(scale.y(float64(below))),
			Width: round(width), Height: round(scale.span(float64(cents))),
			Title: bar.Month + ", layer " + count(layer) + ": " + money(cents),
		})
	}
	bar.Cells = append(bar.Cells, money(total))
	return bar
}

func layerClass(layer int64) string { return "layer-" + count(min(max(layer, 1), 7)) }

// positive is the height of a bar: months of a layer with more refunds than sales have none.
func positive(revenue map[int64]int64) int64 {
	var sum int64
	for _, cents := range revenue {
		sum += max(cents, 0)
	}
	return sum
}
