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

// mortgage is the triangle of a mortgage guarantee business (Sanders 1990), table 4 of Mack (1993); Mortgage in the R package ChainLadder.
var mortgage = [][]float64{
	{58046, 127970, 476599, 1027692, 1360489, 1647310, 1819179, 1906852, 1950105},
	{24492, 141767, 984288, 2142656, 2961978, 3683940, 4048898, 4115760},
	{32848, 274682, 1522637, 3203427, 4445927, 5158781, 5342585},
	{21439, 529828, 2900301, 4999019, 6460112, 6853904},
	{40397, 763394, 2920745, 4989572, 5648563},
	{90748, 951994, 4210640, 5866482},
	{62096, 868480, 1954797},
	{24983, 284441},
	{13121},
}

// merzWuthrich is the triangle of Merz and Wüthrich, "Modelling the claims development result for solvency purposes" (2008); MW2008 in the R package ChainLadder.
var merzWuthrich = [][]float64{
	{2202584, 3210449, 3468122, 3545070, 3621627, 3644636, 3669012, 3674511, 3678633},
	{2350650, 3553023, 3783846, 3840067, 3865187, 3878744, 3898281, 3902425},
	{2321885, 3424190, 3700876, 3798198, 3854755, 3878993, 3898825},
	{2171487, 3165274, 3395841, 3466453, 3515703, 3548422},
	{2140328, 3157079, 3399262, 3500520, 3585812},
	{2290664, 3338197, 3550332, 3641036},
	{2148216, 3219775, 3428335},
	{2143728, 3158581},
	{2144738},
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
		{"Merz-Wüthrich", merzWuthrich, 2237826.11, 108401.39}, // the paper: 2,237,826 and 108,401
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

// TestMack1999 holds factors and sigmas against table 1 of Mack, "The standard error of chain ladder reserve estimates: recursive calculation and inclusion of a tail
// factor", ASTIN Bulletin 29 (1999), of the mortgage triangle, and the standard error in percent against table 6 of Mack (1993).
func TestMack1999(t *testing.T) {
	fit, err := reserving.FitChainLadder(rowsOf(mortgage, reserving.Never))
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range []float64{11.10, 4.092, 1.708, 1.276, 1.139, 1.069, 1.026, 1.023} {
		near(t, "factor", fit.Factors[k], want, 0.005)
	}
	for k, want := range []float64{1337, 988.5, 440.1, 207, 164.2, 74.60, 35.49, 16.89} {
		near(t, "sigma", math.Sqrt(fit.Variances[k]), want, 0.5)
	}
	reserve := fit.Reserve()
	near(t, "percent", math.Round(100*reserve.StandardError/reserve.Total), 26, 0)
}

// mackByHand is Mack's mean squared error written out over the whole square, row by row and pair by pair, as slowly as can be.
func mackByHand(triangle [][]float64) (reserve, standardError float64) {
	ages := len(triangle[0])
	factors, sigmas, bases := make([]float64, ages-1), make([]float64, ages-1), make([]float64, ages-1)
	for k := range ages - 1 {
		var ratios, weights []float64
		for _, row := range triangle {
			if len(row) > k+1 {
				ratios, weights = append(ratios, row[k+1]/row[k]), append(weights, row[k])
			}
		}
		for i, weight := range weights {
			bases[k] += weight
			factors[k] += weight * ratios[i]
		}
		factors[k] /= bases[k]
		for i, weight := range weights {
			sigmas[k] += weight * (ratios[i] - factors[k]) * (ratios[i] - factors[k])
		}
		if len(ratios) > 1 {
			sigmas[k] /= float64(len(ratios) - 1)
		} else {
			sigmas[k] = math.Min(sigmas[k-1]*sigmas[k-1]/sigmas[k-2], math.Min(sigmas[k-2], sigmas[k-1]))
		}
	}
	ultimates := make([]float64, len(triangle))
	var square float64
	for i, row := range triangle {
		c := row[len(row)-1]
		reached := c
		var relative float64
		for k := len(row) - 1; k < ages-1; k++ {
			relative += sigmas[k] / (factors[k] * factors[k]) * (1/c + 1/bases[k])
			c *= factors[k]
		}
		ultimates[i] = c
		reserve += c - reached
		square += c * c * relative
	}
	for i, row := range triangle {
		for j, other := range triangle {
			for k := max(len(row), len(other)) - 1; i != j && k < ages-1; k++ {
				square += ultimates[i] * ultimates[j] * sigmas[k] / (factors[k] * factors[k]) / bases[k]
			}
		}
	}
	return reserve, math.Sqrt(square)
}

// TestMackByHand: any triangle that Mack's formulas are defined for.
func TestMackByHand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ages := rapid.IntRange(4, 9).Draw(t, "ages")
		var triangle [][]float64
		for i := range ages {
			row := rapid.SliceOfN(rapid.Float64Range(1, 1000), ages-i, ages-i).Draw(t, "increments")
			for k := 1; k < len(row); k++ {
				row[k] += row[k-1]
			}
			triangle = append(triangle, row)
		}
		fit, err := reserving.FitChainLadder(rowsOf(triangle, reserving.Never))
		if err != nil {
			t.Fatal(err)
		}
		reserve, standardError := mackByHand(triangle)
		got := fit.Reserve()
		near(t, "reserve", got.Total, reserve, 1e-7*(1+reserve))
		near(t, "standard error", got.StandardError, standardError, 1e-7*(1+standardError))
	})
}

// TestOddTriangles: whatever comes, numbers come out, and no row that has reached its end gets anything.
func TestOddTriangles(t *testing.T) {
	for name, rows := range map[string][]reserving.Row{
		"one month":            {{Exposure: 100, Increments: []float64{5}, End: 12}},
		"nothing redeemed":     {{Exposure: 100, Increments: []float64{0, 0, 0}, End: 12}, {Exposure: 100, Increments: []float64{0, 0}, End: 12}, {Exposure: 100, Increments: []float64{0}, End: 12}},
		"all redeemed at once": {{Exposure: 100, Increments: []float64{100, 0, 0}, End: 12}, {Exposure: 100, Increments: []float64{100, 0}, End: 12}, {Exposure: 100, Increments: []float64{100}, End: 12}},
		"a column of zeros":    {{Exposure: 100, Increments: []float64{0, 40, 10}, End: 12}, {Exposure: 100, Increments: []float64{0, 30}, End: 12}, {Exposure: 100, Increments: []float64{0}, End: 12}},
		"credited back":        {{Exposure: 100, Increments: []float64{50, -20, 10}, End: 12}, {Exposure: 100, Increments: []float64{30, -30}, End: 12}, {Exposure: 100, Increments: []float64{-5}, End: 12}},
		"no exposure":          {{Exposure: 0, Increments: []float64{0, 0}, End: 12}, {Exposure: 0, Increments: []float64{0}, End: 12}},
		"no rows":              nil,
		"all left out":         {{Exposure: 100, Increments: []float64{10, 20}, End: 12, Excluded: []bool{true, true}}, {Exposure: 100, Increments: []float64{10}, End: 12, Excluded: []bool{true}}},
		"all ended":            {{Exposure: 100, Increments: []float64{10, 20}, End: 1}, {Exposure: 100, Increments: []float64{10, 20}, End: 0}},
	} {
		t.Run(name, func(t *testing.T) {
			ladder, err := reserving.FitChainLadder(rows)
			if err != nil {
				t.Fatal(err)
			}
			additive, err := reserving.FitAdditive(rows)
			if err != nil {
				t.Fatal(err)
			}
			for method, reserve := range map[string]reserving.Reserve{"chain ladder": ladder.Reserve(), "additive": additive.Reserve()} {
				for _, figure := range append([]float64{reserve.Total, reserve.StandardError}, append(reserve.ToCome, reserve.StandardErrors...)...) {
					if math.IsNaN(figure) || math.IsInf(figure, 0) {
						t.Errorf("%s: %+v", method, reserve)
					}
				}
				for i, row := range rows {
					if row.End < len(row.Increments) && reserve.ToCome[i] != 0 {
						t.Errorf("%s: %v is to come to a row that has ended", method, reserve.ToCome[i])
					}
				}
			}
		})
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
