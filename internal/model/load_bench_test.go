package model_test

import (
	"fmt"
	"strings"
	"testing"

	"countinghouse/internal/model"
)

// BenchmarkLoad reads a project of 400 models of ten columns, each with a grain, two promises and a written audit. Planning such a
// project takes less than a second in all, and this is the first part of it.
func BenchmarkLoad(b *testing.B) {
	serialize, _ := serializer(b)
	tree := files()
	for i := range 400 {
		tree[fmt.Sprintf("mart/m%03d.sql", i)] = files("x", generated(i))["x"]
	}
	for b.Loop() {
		if _, err := model.Load(serialize, model.Source{Files: tree, Label: "sql"}); err != nil {
			b.Fatal(err)
		}
	}
}

func generated(i int) string {
	var header, columns strings.Builder
	for column := range 10 {
		fmt.Fprintf(&header, "  c%d: {zh: 列, about: A column, not_null: %t}\n", column, column < 2)
		fmt.Fprintf(&columns, "        coalesce(below.c%d, 0) + case when below.c0 > %d then 1 else 0 end as c%d,\n", column, i, column)
	}
	input := "core.orders"
	if i > 0 {
		input = fmt.Sprintf("mart.m%03d", i-1)
	}
	return "/* ---\nabout: A model.\ngrain: [c0]\ncolumns:\n" + header.String() + "audits: {positive: c1 < 0 and c2 > getvariable('as_of')}\n--- */\n" +
		"with\nbelow as (select * from " + input + "),\n\nfinal as (\n    select\n" + columns.String() +
		"    from below\n    where below.c0 is not null\n)\n\nselect * from final\n"
}
