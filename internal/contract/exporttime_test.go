package contract_test

import (
	"testing"
	"time"

	"countinghouse/internal/contract"
)

// TestExportTimeInNames holds names as back offices and people write them against the times that they mean.
func TestExportTimeInNames(t *testing.T) {
	zone := time.FixedZone("UTC+8", 8*3600)
	digits := contract.ExportedAt{FileName: `(20[0-5]\d(?:\d{10}|\d{8}|\d{4}))`, Layout: contract.Digits}
	apart := contract.ExportedAt{FileName: `(20\d{2}-\d{2}-\d{2}(?:-\d{2}-\d{2}-\d{2})?)`, Layout: contract.Digits}
	strict := contract.ExportedAt{FileName: `^(\d+)_`, Layout: "unix"}
	cases := map[string]struct {
		rule contract.ExportedAt
		want string
	}{
		"ExportOrderList20261101080910.csv":     {digits, "2026-11-01 08:09:10"},
		"ExportOrderList202611010809.csv":       {digits, "2026-11-01 08:09:00"},
		"京东订单20261101.csv":                      {digits, "2026-11-01 00:00:00"},
		"shop 20881034.csv":                     {digits, ""},
		"orders 20261332.csv":                   {digits, ""},
		"orders.csv":                            {digits, ""},
		"all_20261031.zip!orders_20261101.csv":  {digits, "2026-11-01 00:00:00"},
		"all_20261031.zip!orders.csv":           {digits, "2026-10-31 00:00:00"},
		"orders_export2026-11-01-10-00-01.csv":  {apart, "2026-11-01 10:00:01"},
		"orders_export2026-11-01.csv":           {apart, "2026-11-01 00:00:00"},
		"1793491200_orders.csv":                 {strict, "2026-11-01 08:00:00"},
		"99999999999999999999999999_orders.csv": {strict, "an error"},
	}
	for name, c := range cases {
		when, err := c.rule.FromName(name, zone)
		if got := told(when, err); got != c.want {
			t.Errorf("%s: %s (%v), want %s", name, got, err, c.want)
		}
	}
}

// TestOurOwnNames: what people write behind a feed's name counts for every feed, and nothing else does.
func TestOurOwnNames(t *testing.T) {
	shop := &contract.Contract{Feed: "shop_orders"}
	for name, want := range map[string]string{
		"shop_orders_20261101.csv":            "2026-11-01 00:00:00",
		"shop_orders_2026-11-01.csv.gz":       "2026-11-01 00:00:00",
		"shop_orders_20261101_0809.csv":       "2026-11-01 08:09:00",
		"shop_orders_20261101080910.xlsx":     "2026-11-01 08:09:10",
		"shop_orders_2026-11-01 08.09.10.csv": "2026-11-01 08:09:10",
		"shop_orders_20261101 (2).csv":        "2026-11-01 00:00:00",
		"all.zip!in/shop_orders_20261101.csv": "2026-11-01 00:00:00",
		"shop_orders_20261101_20261130.csv":   "2026-11-30 00:00:00",
		"shop_orders_202611.csv":              "",
		"shop_orders_20261301.csv":            "",
		"shop_orders_20261101999.csv":         "",
		"my_shop_orders_20261101.csv":         "",
		"shop_orders.csv":                     "",
		"other_20261101.csv":                  "",
	} {
		if got := told(shop.TimeInOwnName(name, time.UTC), nil); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func told(when *time.Time, err error) string {
	switch {
	case err != nil:
		return "an error"
	case when == nil:
		return ""
	}
	return when.Format(time.DateTime)
}
