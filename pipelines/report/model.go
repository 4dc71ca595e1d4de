package report

import (
	"fmt"
	"math"
)

type modelRow struct {
	Field, Level string
	M, U, Weight float64
	ByFrequency  bool
}

// modelSQL begins with where any pair begins; then the fields that tell most, and in each the best agreement first.
const modelSQL = `
select field, level, m, u, weight, by_frequency
from identity.model
order by field <> 'any pair', max(weight) over (partition by field) desc, field, level_no`

// modelView is what the model of similar accounts learnt: a bar for each level of each field, to the right where it speaks for one person.
type modelView struct {
	Width, Height, Zero, Foot float64
	Ticks                     []modelTick
	Bars                      []modelBar
}

type modelTick struct {
	X    float64
	Text string
}

type modelBar struct {
	modelRow
	Name              label // of the field, where it begins
	Bits              string
	Class             string // in: for one person; out: against
	X, Y, Width, Text float64
	ValueX            float64
	Side              string // of the bar that its figure stands on
}

const (
	modelRowHeight = 22.0
	modelBarHeight = 12.0
	modelLeft      = 400.0 // where names end
	modelMargin    = 56.0  // of figures beside the longest bars
)

func newModel(rows []modelRow) modelView {
	if len(rows) == 0 {
		return modelView{}
	}
	lowest, highest := 0.0, 0.0
	for _, row := range rows {
		lowest, highest = min(lowest, row.Weight), max(highest, row.Weight)
	}
	unit := (chartWidth - modelLeft - 2*modelMargin) / max(highest-lowest, 1)
	x := func(bits float64) float64 { return round(modelLeft + modelMargin + (bits-lowest)*unit) }
	view := modelView{Width: chartWidth, Height: modelRowHeight*float64(len(rows)) + 28, Zero: x(0), Foot: modelRowHeight * float64(len(rows))}
	const step = 5
	for bits := math.Ceil(lowest/step) * step; bits <= highest; bits += step {
		view.Ticks = append(view.Ticks, modelTick{X: x(bits), Text: signedBits(bits, 0)})
	}
	for i, row := range rows {
		bar := modelBar{
			modelRow: row, Bits: signedBits(row.Weight, 1), Class: "in", Side: "right",
			X: x(min(row.Weight, 0)), Y: modelRowHeight*float64(i) + (modelRowHeight-modelBarHeight)/2, Width: round(math.Abs(row.Weight) * unit), Text: modelRowHeight*float64(i) + 15,
		}
		bar.ValueX = bar.X + bar.Width
		if row.Weight < 0 {
			bar.Class, bar.Side, bar.ValueX = "out", "left", bar.X
		}
		if i == 0 || rows[i-1].Field != row.Field {
			bar.Name = fieldLabel(row.Field)
		}
		view.Bars = append(view.Bars, bar)
	}
	return view
}

func signedBits(bits float64, decimals int) string {
	text := fixed(bits, decimals)
	if bits > 0 {
		return "+" + text
	}
	return text
}

// probability writes m and u: a share that may be one in millions.
func probability(share float64) string { return fmt.Sprintf("%.3g", share) }

func fieldLabel(field string) label {
	names := map[string]string{
		"any pair": "任意两账号", "given name": "名", "surname": "姓", "birthday": "生日", "email": "邮箱", "phone": "手机号", "address": "地址", "place": "地区", "gender": "性别", "channel": "渠道", "name": "姓名",
	}
	return label{EN: field, ZH: names[field]}
}
