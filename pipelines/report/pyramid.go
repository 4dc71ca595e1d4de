package report

import "fmt"

const (
	sliceHeight  = 40.0 // as a row of the table beside it
	pyramidWidth = 340.0
	sliceGap     = 3.0
)

// pyramidView is the pyramid: a drawing of slices from the top layer down, and a table with the same rows.
type pyramidView struct {
	Width, Height float64
	Slices        []slice
	Layers        []layerView
}

type slice struct {
	Layer  int64
	Points string // of the polygon
	X, Y   float64
	Title  string
}

type layerView struct {
	layerRow
	Label label
	Bar   float64 // revenue, in percent of the largest layer's
}

func newPyramid(layers []layerRow) pyramidView {
	view := pyramidView{Width: pyramidWidth, Height: sliceHeight * float64(len(layers))}
	bars := widths(layers, func(layer layerRow) int64 { return layer.Revenue })
	for i, layer := range layers {
		view.Slices = append(view.Slices, newSlice(i, len(layers), layer))
		view.Layers = append(view.Layers, layerView{layerRow: layer, Label: stageLabel(layer.Stage), Bar: bars[i]})
	}
	return view
}

func newSlice(index, of int, layer layerRow) slice {
	upper, lower := sliceHeight*float64(index), sliceHeight*float64(index+1)-sliceGap
	half := func(y float64) float64 { return y / (sliceHeight * float64(of)) * pyramidWidth / 2 }
	middle := pyramidWidth / 2
	return slice{
		Layer: layer.Layer,
		Points: fmt.Sprintf("%.1f,%.1f %.1f,%.1f %.1f,%.1f %.1f,%.1f",
			middle-half(upper), upper, middle+half(upper), upper, middle+half(lower), lower, middle-half(lower), lower),
		X: middle, Y: round(upper + (lower-upper)*0.5 + textDrop(index)),
		Title: fmt.Sprintf("Layer %d: %s heads, revenue %s, %s", layer.Layer, count(layer.Heads), money(layer.Revenue), percent(layer.Share)),
	}
}

// textDrop puts a number on the optical centre of its slice; the tip is a triangle, whose centre lies lower.
func textDrop(index int) float64 {
	if index == 0 {
		return 14
	}
	return 6
}
