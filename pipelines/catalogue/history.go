package catalogue

import (
	"fmt"
	"html/template"
	"strings"
)

// The measures of a sparkline, in CSS pixels.
const (
	sparkWidth  = 260.0
	sparkHeight = 48.0
	sparkEdge   = 4.0
)

// sparkline draws one value per version as a line from zero up; empty for fewer than two, and for a view, whose rows are not counted. The numbers
// themselves stand in a table beside it.
func sparkline(points []Point, value func(Point) int64, title string) template.HTML {
	if len(points) < 2 {
		return ""
	}
	var largest int64
	for _, point := range points {
		if value(point) < 0 {
			return ""
		}
		largest = max(largest, value(point))
	}
	var line strings.Builder
	var x, y float64
	for i, point := range points {
		x = sparkEdge + (sparkWidth-2*sparkEdge)*float64(i)/float64(len(points)-1)
		y = sparkHeight - sparkEdge
		if largest > 0 {
			y -= (sparkHeight - 2*sparkEdge) * float64(value(point)) / float64(largest)
		}
		fmt.Fprintf(&line, "%s,%s ", pixels(x), pixels(y))
	}
	return template.HTML(fmt.Sprintf( // numbers and an escaped title
		`<svg class="spark" width="%s" height="%s" viewBox="0 0 %s %s" role="img" aria-label="%s"><polyline points="%s"/><circle cx="%s" cy="%s" r="3"/></svg>`,
		pixels(sparkWidth), pixels(sparkHeight), pixels(sparkWidth), pixels(sparkHeight), template.HTMLEscapeString(title),
		strings.TrimSpace(line.String()), pixels(x), pixels(y)))
}
