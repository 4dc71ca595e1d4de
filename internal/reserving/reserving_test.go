package reserving_test

import (
	"math"
	"testing"

	"countinghouse/internal/reserving"

	"pgregory.net/rapid"
)

// taylorAshe is the triangle of Taylor and Ashe (1983), table 1 of Mack (1993); GenIns in the R package ChainLadder.
var taylorAshe = [][]float64{
	{357848, 1124788, 1735330, 2218270, 2745596, 3319994, 3466336, 3606286, 3833515, 3901463},
	{352118, 1236139, 2170033, 3353322, 3799067, 4120063, 4647867, 4914039, 5339085},
	{290507, 1292306, 2218525, 3235179, 3985995, 4132918, 4628910, 4909315},
	{310608, 1418858, 2195047, 3757447, 4029929, 4381982, 4588268},
	{443160, 1136350, 2128333, 2897821, 3402672, 3873311},
	{396132, 1333217, 2180715, 2985752, 3691712},
	{440832, 1288463, 2419861, 3483130},
	{359480, 1421128, 2864498},
	{376686, 1363294},
	{344014},
}

// raa is the triangle of the Reinsurance Association of America in Mack (1994); RAA in the R package ChainLadder.
var raa = [][]float64{
	{5012, 8269, 10907, 11805, 13539, 16181, 18009, 18608, 18662, 18834},
	{106, 4285, 5396, 10666, 13782, 15599, 15496, 16169, 16704},
	{3410, 8992, 13873, 16141, 18735, 22214, 22863, 23466},
	{5655, 11555, 15766, 21266, 23425, 26083, 27067},
	{1092, 9565, 15836, 22169, 25955, 26180},
	{1513, 6445, 11702, 12935, 15852},
	{557, 4020, 10946, 12314},
	{1351, 6947, 13112},
	{3133, 5395},
	{2063},
}

func rowsOf(cumulative [][]float64, end int) []reserving.Row {
	var rows []reserving.Row
	for _, figures := range cumulative {
		row := reserving.Row{Exposure: 1, End: end}
		before := 0.0
		for _, figure := range figures {
			row.Increments = append(row.Increments, figure-before)
			before = figure
		}
		rows = append(rows, row)
	}
	return rows
}

func near(t interface{ Errorf(string, ...any) }, what string, got, want, tolerance float64) {
	if math.IsNaN(got) || math.Abs(got-want) > tolerance {
		t.Errorf("%s is %.6f, want %.6f", what, got, want)
	}
}

func TestPublishedTriangles(t *testing.T) {
	for _, published := range []struct {
		name                 string
		triangle             [][]float64
		total, standardError float64
	}{
		{"Taylor-Ashe", taylorAshe, 18680855.61, 2447094.86},
		{"RAA", raa, 52135.23, 26909.01},
	} {
		fit, err := reserving.FitChainLadder(rowsOf(published.triangle, reserving.Never))
		if err != nil {
			t.Fatal(err)
		}
		reserve := fit.Reserve()
		near(t, published.name+": reserve", reserve.Total, published.total, 0.005)
		near(t, published.name+": standard error", reserve.StandardError, published.standardError, 0.005)
	}
}

// TestMackTable3 holds single rows against table 3 of Mack (1993): standard errors in percent of the reserve.
func TestMackTable3(t *testing.T) {
	fit, err := reserving.FitChainLadder(rowsOf(taylorAshe, reserving.Never))
	if err != nil {
		t.Fatal(err)
	}
	reserve := fit.Reserve()
	for i, percent := range []float64{80, 26, 19, 27, 29, 26, 22, 23, 29} {
		near(t, "percent", math.Round(100*reserve.StandardErrors[i+1]/reserve.ToCome[i+1]), percent, 0)
	}
}

// TestTailIsCut: cohorts end at age 1, and one that has ended says nothing about age 2, where only the cohort without an end has something.
func TestTailIsCut(t *testing.T) {
	rows := []reserving.Row{
		{Exposure: 100, Increments: []float64{10, 20, 30}, End: reserving.Never},
		{Exposure: 100, Increments: []float64{10, 20, 0}, End: 1},
		{Exposure: 100, Increments: []float64{10}, End: 1},
		{Exposure: 100, Increments: []float64{10}, End: reserving.Never},
	}
	ladder, err := reserving.FitChainLadder(rows)
	if err != nil {
		t.Fatal(err)
	}
	additive, err := reserving.FitAdditive(rows)
	if err != nil {
		t.Fatal(err)
	}
	for name, reserve := range map[string]reserving.Reserve{"chain ladder": ladder.Reserve(), "additive": additive.Reserve()} {
		for i, want := range []float64{0, 0, 20, 50} {
			near(t, name, reserve.ToCome[i], want, 1e-9)
		}
	}
}

// TestAdditiveByHand: of 100 + 300 issued 40 came at age 0: 0.1; of 100, 20 came at age 1: 0.2; so 60 are to come to the second row.
func TestAdditiveByHand(t *testing.T) {
	fit, err := reserving.FitAdditive([]reserving.Row{
		{Exposure: 100, Increments: []float64{20, 20}, End: 1},
		{Exposure: 300, Increments: []float64{20}, End: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	reserve := fit.Reserve()
	near(t, "to come", reserve.Total, 60, 1e-9)
	// at age 0 the variance is 100 (0.2 - 0.1)^2 + 300 (0.0667 - 0.1)^2 = 1.3333; only one row tells of age 1, which takes it over;
	// for 300 of exposure that is 1.3333 (300 + 300^2 / 100) = 1600
	near(t, "standard error", reserve.StandardError, 40, 1e-9)
}

func TestExcludedMonthSaysNothing(t *testing.T) {
	odd := reserving.Row{Exposure: 100, Increments: []float64{10, 90}, End: 1, Excluded: []bool{false, true}}
	rows := []reserving.Row{odd, {Exposure: 100, Increments: []float64{10, 20}, End: 1}, {Exposure: 100, Increments: []float64{10}, End: 1}}
	ladder, err := reserving.FitChainLadder(rows)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "chain ladder", ladder.Reserve().Total, 20, 1e-9)
	additive, err := reserving.FitAdditive(rows)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "additive", additive.Reserve().Total, 20, 1e-9)
}

func TestRefused(t *testing.T) {
	for _, row := range []reserving.Row{{Exposure: 1}, {Exposure: math.NaN(), Increments: []float64{1}}, {Exposure: -1, Increments: []float64{1}}} {
		if _, err := reserving.FitChainLadder([]reserving.Row{row}); err == nil {
			t.Errorf("chain ladder took %+v", row)
		}
		if _, err := reserving.FitAdditive([]reserving.Row{row}); err == nil {
			t.Errorf("additive took %+v", row)
		}
	}
}

// TestSameShapeEverywhere: rows that differ in size only are predicted to the unit, with no error, by both methods.
func TestSameShapeEverywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SliceOfN(rapid.Float64Range(0.01, 1), 2, 8).Draw(t, "shape")
		sizes := rapid.SliceOfN(rapid.Float64Range(1, 1000), len(shape), len(shape)).Draw(t, "sizes")
		var rows []reserving.Row
		var want float64
		for i, size := range sizes {
			row := reserving.Row{Exposure: size, End: len(shape) - 1}
			for k, part := range shape {
				if k <= len(shape)-1-i {
					row.Increments = append(row.Increments, part*size)
				} else {
					want += part * size
				}
			}
			rows = append(rows, row)
		}
		ladder, err := reserving.FitChainLadder(rows)
		if err != nil {
			t.Fatal(err)
		}
		additive, err := reserving.FitAdditive(rows)
		if err != nil {
			t.Fatal(err)
		}
		for name, reserve := range map[string]reserving.Reserve{"chain ladder": ladder.Reserve(), "additive": additive.Reserve()} {
			near(t, name, reserve.Total, want, 1e-6*(1+want))
			near(t, name+": error", reserve.StandardError, 0, 1e-5*(1+want))
		}
	})
}
