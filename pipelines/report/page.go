package report

import (
	"html/template"
	"strings"
)

// page is what the templates print.
type page struct {
	Meta      Meta
	Style     template.CSS
	Headlines []headline
	Pyramid   pyramidView
	Months    monthsView
	Points    []pointsView
	Churn     []churnView
	Contents  []contentView
	Model     modelView
	Run       runView
}

// headline is one figure that a founder looks at first.
type headline struct {
	Label label
	Value string
	Unit  string
	Note  string
}

func newPage(meta Meta, f figures, style template.CSS) page {
	return page{
		Meta: meta, Style: style,
		Headlines: headlines(meta, f),
		Pyramid:   newPyramid(f.layers),
		Months:    newMonths(f.months),
		Points:    newPoints(f.points, meta.Currency),
		Churn:     newChurn(f.churn),
		Contents:  newContents(f.contents),
		Model:     newModel(f.model),
		Run:       newRun(meta),
	}
}

func headlines(meta Meta, f figures) []headline {
	var customers, buyers, orders, revenue, best int64
	for _, layer := range f.layers {
		customers += layer.Customers
		buyers += layer.Buyers
		orders += layer.Orders
		revenue += layer.Revenue
		if layer.Layer <= bestLayers {
			best += layer.Revenue
		}
	}
	atRisk, drifting := revenueAtRisk(f.churn)
	var face, cost int64 // money of all currencies; their points are told one by one
	var outstanding, rates []string
	for i, one := range f.points {
		face += one.liability.FaceValue
		cost += one.liability.ExpectedCost
		name := " " + one.Currency
		if i == 0 {
			name = " points 积分"
		}
		outstanding, rates = append(outstanding, count(one.liability.Outstanding)+name), append(rates, percent(one.liability.Rate))
	}
	return []headline{
		{newLabel("Net revenue, trailing window", "净消费额"), money(revenue), meta.Currency, count(orders) + " orders 订单"},
		{newLabel("Customers who bought", "购买人数"), count(buyers), "", "of 共 " + count(customers) + " known, " + count(f.members) + " members 会员"},
		{newLabel("Orders per buyer", "购买频次"), decimal(share(orders, buyers)), "", "average ticket 客单价 " + ratioOfMoney(revenue, orders)},
		{newLabel("Revenue of the top 20 %", "前20%客户贡献"), percent(share(best, revenue)), "", "layers 1–5 层 " + money(best)},
		{newLabel("Points outstanding, face value", "未兑积分面值"), money(face), meta.Currency, strings.Join(outstanding, ", ")},
		{newLabel("Expected cost of redemptions", "预期兑换成本"), money(cost), meta.Currency, "rate in the end 最终兑换率 " + strings.Join(rates, ", ")},
		{newLabel("Revenue at risk", "流失风险收入"), money(atRisk), meta.Currency, count(drifting) + " customers drifting 客户"},
		{newLabel("Audits passed", "审计通过"), count(meta.Audits.Passed), "", count(int64(len(meta.Audits.Failed))) + " failed 未通过"},
	}
}

// bestLayers is the last layer of the top 20 %.
const bestLayers = 5

func revenueAtRisk(tiers []churnRow) (cents, customers int64) {
	for _, tier := range tiers {
		if isAtRisk(tier.Tier) {
			cents += tier.Revenue
			customers += tier.Customers
		}
	}
	return cents, customers
}

// ratioOfMoney is cents per piece, rounded half away from zero.
func ratioOfMoney(cents, pieces int64) string {
	if pieces <= 0 {
		return none
	}
	half := pieces
	if cents < 0 {
		half = -half
	}
	return money((2*cents + half) / (2 * pieces))
}

// widths makes bars of a table comparable: each part in percent of the largest.
func widths[T any](all []T, value func(T) int64) []float64 {
	var largest int64
	for _, one := range all {
		largest = max(largest, value(one))
	}
	parts := make([]float64, len(all))
	for i, one := range all {
		if largest > 0 {
			parts[i] = round(100 * float64(max(value(one), 0)) / float64(largest))
		}
	}
	return parts
}

// optional writes a number that a mart may not have.
func optional(number *int64) string {
	if number == nil {
		return none
	}
	return count(*number)
}

// orElse is the text, or what stands in for it when it is missing or blank.
func orElse(text *string, other string) string {
	if text == nil || strings.TrimSpace(*text) == "" {
		return other
	}
	return *text
}
