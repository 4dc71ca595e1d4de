package model_test

import (
	"strings"
	"testing"

	"countinghouse/internal/model"

	"github.com/google/go-cmp/cmp"
)

func TestCheckColumns(t *testing.T) {
	described := "/* ---\nabout: x\ngrain: [order_id]\ncolumns:\n  order_id: {zh: 订单}\n  paid_amount: {unit: CNY}\n  paid_on: {zh: 日}\n--- */\nselect 1"
	bare := "/* ---\nabout: x\nkind: by_month\nmonth: paid_on\ngrain: [order_id]\n--- */\nselect 1"
	for name, c := range map[string]struct {
		text, given string
		want        []string
	}{
		"equal":        {described, "order_id paid_amount paid_on", nil},
		"in capitals":  {described, "Order_ID PAID_AMOUNT paid_on", nil},
		"a slip":       {described, "order_id paid_amuont paid_on", []string{`sql/mart/a.sql:6: header: the query gives no column "paid_amount"; did you mean "paid_amuont"?`}},
		"one too few":  {described, "order_id paid_on", []string{`sql/mart/a.sql:6: header: the query gives no column "paid_amount"`}},
		"one too many": {described, "order_id paid_amount paid_on shop", []string{`sql/mart/a.sql:5: header: columns lack "shop", which the query gives`}},
		"two other names": {described, "order_id amount shop", []string{
			`sql/mart/a.sql:5: header: columns lack "amount", which the query gives`,
			`sql/mart/a.sql:5: header: columns lack "shop", which the query gives`,
			`sql/mart/a.sql:6: header: the query gives no column "paid_amount"`,
			`sql/mart/a.sql:7: header: the query gives no column "paid_on"`,
		}},
		"another order": {described, "order_id paid_on paid_amount", []string{
			`sql/mart/a.sql:6: header: column "paid_amount" is in another place than in the query, which gives order_id, paid_on, paid_amount`,
		}},
		"nothing described, all there": {bare, "paid_on order_id", nil},
		"nothing described, a slip":    {bare, "paid_on oder_id", []string{`sql/mart/a.sql:1: header: the query gives no column "order_id"; did you mean "oder_id"?`}},
	} {
		t.Run(name, func(t *testing.T) {
			library, err := load(t, model.Source{Files: files("mart/a.sql", c.text), Label: "sql"})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			if err := model.CheckColumns(library.Models[0], strings.Fields(c.given)); err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			if difference := cmp.Diff(c.want, got); difference != "" {
				t.Errorf("(-want +got):\n%s", difference)
			}
		})
	}
}
