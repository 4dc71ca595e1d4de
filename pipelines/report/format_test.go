package report

import (
	"math"
	"testing"
	"time"
)

func TestNumbers(t *testing.T) {
	tenth, third, tiny := 0.1, 1.0/3, -0.0001
	for got, want := range map[string]string{
		count(0): "0", count(-999): "-999", count(1000): "1,000", count(-1234567): "-1,234,567", count(math.MinInt64): "-9,223,372,036,854,775,808",
		money(5): "0.05", money(-5): "-0.05", money(123456): "1,234.56", money(-100000): "-1,000.00",
		percent(&tenth): "10.0%", percent(nil): "–", percent(&tiny): "0.0%", decimal(&third): "0.33", decimal(nil): "–",
		compact(950): "950", compact(12500): "12.5k", compact(2.5e6): "2.5M", compact(-3e9): "-3B",
		ratioOfMoney(10, 3): "0.03", ratioOfMoney(100, 8): "0.13", ratioOfMoney(-100, 8): "-0.13", ratioOfMoney(5, 0): "–",
		signed(0): "0", signed(7): "+7", signed(-7): "-7",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestAxisHoldsTheLargestValue(t *testing.T) {
	for largest, top := range map[float64]float64{0: 4, -3: 4, 1: 1, 1.01: 2, 290: 300, 8.1: 10, 999: 1000, 4e6: 4e6} {
		if got := newAxis(largest, 100, 0).top; got != top {
			t.Errorf("the axis of %v ends at %v, want %v", largest, got, top)
		}
	}
	scale := newAxis(200, 100, 10)
	if scale.y(0) != 110 || scale.y(200) != 10 || scale.span(50) != 25 {
		t.Errorf("0, 200 and 50 of 200 stand at %v, %v, %v", scale.y(0), scale.y(200), scale.span(50))
	}
}

// TestPyramidIsATriangle: slices meet one line from the tip to each lower corner.
func TestPyramidIsATriangle(t *testing.T) {
	view := newPyramid([]layerRow{{Layer: 1}, {Layer: 2}})
	want := []string{"170.0,0.0 170.0,0.0 248.6,37.0 91.4,37.0", "85.0,40.0 255.0,40.0 333.6,77.0 6.4,77.0"}
	for i, points := range want {
		if view.Slices[i].Points != points {
			t.Errorf("slice %d is %q, want %q", i+1, view.Slices[i].Points, points)
		}
	}
}

// TestBarsStandOnEachOther: a month of 300, 100 and a refund of 50 is a stack of two on an axis that ends at 400.
func TestBarsStandOnEachOther(t *testing.T) {
	view := newMonths([]monthRow{{time.Time{}, 1, 300}, {time.Time{}, 2, -50}, {time.Time{}, 3, 100}})
	parts := view.Bars[0].Parts
	if len(parts) != 2 || parts[0].Y != 84 || parts[0].Height != 180 || parts[1].Y != 24 || parts[1].Height != 60 {
		t.Errorf("got %+v", parts)
	}
	if cells := view.Bars[0].Cells; cells[1] != "-0.50" || cells[3] != "3.50" {
		t.Errorf("the table says %v", cells)
	}
}

// TestWaterfallHangsTogether: each bar begins where the one before it ended.
func TestWaterfallHangsTogether(t *testing.T) {
	view := newWaterfall([]rollforwardRow{
		{Opening: 100, Issued: 60, Redeemed: 30, Closing: 130},
		{Opening: 130, Issued: 40, Expired: 70, Closing: 100, Value: 100},
	})
	for i, want := range []struct {
		value  string
		top    float64
		height float64
	}{{"100", 156, 120}, {"+100", 36, 120}, {"-30", 36, 36}, {"-70", 72, 84}, {"0", 156, 1}, {"0", 156, 1}, {"0", 156, 1}, {"100", 156, 120}} {
		if bar := view.Bars[i]; bar.Value != want.value || bar.Y != want.top || bar.Height != want.height {
			t.Errorf("bar %d: got %s from %v, %v high, want %+v", i, bar.Value, bar.Y, bar.Height, want)
		}
	}
}

func TestFarMonthsShareOneBar(t *testing.T) {
	rows := []expiryRow{{Month: time.Date(9999, 12, 1, 0, 0, 0, 0, time.UTC), Outstanding: 5}}
	for month := range 20 {
		rows = append([]expiryRow{{Month: time.Date(2027, time.Month(20-month), 1, 0, 0, 0, 0, time.UTC), Outstanding: 10, Expected: 4, Breakage: 6, FaceValue: 1}}, rows...)
	}
	folded := foldLater(rows)
	last := folded[len(folded)-1]
	if len(folded) != 18 || last.Outstanding != 35 || last.Expected != 12 || last.FaceValue != 3 || !last.Month.IsZero() {
		t.Errorf("got %d bars, the last %+v", len(folded), last)
	}
}
