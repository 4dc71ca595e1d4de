package pack

import (
	"math"
	"strconv"

	"countinghouse/internal/figure"
)

// Chart is a drawing of figures that stand in a sheet.
type Chart struct {
	Sheet, Title string
	// Steps says that each bar begins where the one before it ended, but for totals, which begin at nothing: a waterfall.
	Steps bool
	Bars  []Bar
}

// Bar is one bar, of one part or several on each other.
type Bar struct {
	Label string
	Text  string // above the bar; may be empty
	Parts []Part
}

// Part is a piece of a bar. Classes: total, in and out of steps; expected and breakage.
type Part struct {
	Value float64
	Class string
	Text  string
}

// drawing is a chart as the template prints it.
type drawing struct {
	Title               string
	Width, Height, Left float64
	Ticks               []tick
	Boxes               []box
	Words               []word
}

type tick struct {
	Y    float64
	Text string
}

type box struct {
	Class, Text         string
	X, Y, Width, Height float64
}

type word struct {
	Class, Text string
	X, Y        float64
}

// The measures of a drawing, in its own units.
const (
	chartWidth  = 1000.0
	plotTop     = 28.0
	plotHeight  = 200.0
	footHeight  = 26.0
	widestBar   = 80.0
	tickCount   = 4
	barPart     = 0.62 // of the room that a bar has
	valueOffset = 6.0
	tickOffset  = 8.0
	digitWidth  = 7.5
)

// drawn are the drawings of a sheet.
func drawn(charts []Chart, sheet string) []drawing {
	var all []drawing
	for _, chart := range charts {
		if chart.Sheet == sheet && len(chart.Bars) > 0 {
			all = append(all, draw(chart))
		}
	}
	return all
}

func draw(chart Chart) drawing {
	made := drawing{Title: chart.Title, Width: chartWidth, Height: plotTop + plotHeight + footHeight}
	top := roundUp(highest(chart))
	y := func(value float64) float64 { return plotTop + plotHeight*(1-value/top) }
	for i := range tickCount + 1 {
		value := top * float64(i) / tickCount
		one := tick{Y: tenth(y(value)), Text: figure.Thousands(strconv.FormatFloat(value, 'f', -1, 64))}
		made.Ticks = append(made.Ticks, one)
		made.Left = max(made.Left, tickOffset+digitWidth*float64(len(one.Text)))
	}
	step := (chartWidth - made.Left) / float64(len(chart.Bars))
	width := min(step*barPart, widestBar)
	reached := 0.0
	for i, bar := range chart.Bars {
		middle := made.Left + step*(float64(i)+0.5)
		upper := 0.0
		for at, part := range bar.Parts {
			if !chart.Steps && at == 0 || part.Class == "total" {
				reached = 0
			}
			from, to := reached, reached+part.Value
			reached, upper = to, max(upper, from, to)
			high, low := max(from, to, 0), max(min(from, to), 0)
			made.Boxes = append(made.Boxes, box{part.Class, part.Text, tenth(middle - width/2), tenth(y(high)), tenth(width), tenth(max(y(low)-y(high), 1))})
		}
		made.Words = append(made.Words, word{"value", figure.Thousands(bar.Text), tenth(middle), tenth(y(upper) - valueOffset)}, word{"foot", bar.Label, tenth(middle), made.Height - valueOffset})
	}
	return made
}

// highest is the largest height that a chart has to hold.
func highest(chart Chart) float64 {
	most, reached := 0.0, 0.0
	for _, bar := range chart.Bars {
		for i, part := range bar.Parts {
			if !chart.Steps && i == 0 || part.Class == "total" {
				reached = 0
			}
			reached += part.Value
			most = max(most, reached)
		}
	}
	return most
}

// roundUp gives the next number of the form 1, 2, 4, 5, 8 or 10 times a power of ten.
func roundUp(value float64) float64 {
	if value <= 0 {
		return tickCount
	}
	power := math.Pow(10, math.Floor(math.Log10(value)))
	for _, step := range []float64{1, 2, 4, 5, 8} {
		if value <= step*power {
			return step * power
		}
	}
	return 10 * power
}

func tenth(value float64) float64 { return math.Round(value*10) / 10 }
