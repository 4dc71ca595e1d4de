package report

import "math"

// axis maps values to the height of a chart, from 0 at the bottom to Top.
type axis struct {
	top    float64 // value at the upper end
	height float64 // of the drawing, in SVG units
	offset float64 // of the upper end from the upper edge
}

// tick is a line across the chart.
type tick struct {
	Y    float64
	Text string
}

const tickCount = 4

// newAxis ends at a round number that holds the largest value.
func newAxis(largest, height, offset float64) axis {
	return axis{top: roundUp(largest), height: height, offset: offset}
}

// roundUp gives the next number of the form 1, 2, 3, 4, 5, 6, 8 or 10 times a power of ten; each has four round quarters.
func roundUp(value float64) float64 {
	if value <= 0 {
		return tickCount
	}
	power := math.Pow(10, math.Floor(math.Log10(value)))
	for _, step := range []float64{1, 2, 3, 4, 5, 6, 8} {
		if value <= step*power {
			return step * power
		}
	}
	return 10 * power
}

// y is where a value stands.
func (a axis) y(value float64) float64 { return a.offset + a.height*(1-value/a.top) }

// span is how high a value is.
func (a axis) span(value float64) float64 { return a.height * value / a.top }

func (a axis) ticks(unit float64) []tick {
	ticks := make([]tick, 0, tickCount+1)
	for i := range tickCount + 1 {
		value := a.top * float64(i) / tickCount
		ticks = append(ticks, tick{Y: round(a.y(value)), Text: compact(value / unit)})
	}
	return ticks
}

// round keeps a tenth of an SVG unit, so that the page stays small.
func round(value float64) float64 { return math.Round(value*10) / 10 }
