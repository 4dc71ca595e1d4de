package suggest_test

import (
	"testing"

	"countinghouse/internal/suggest"

	"pgregory.net/rapid"
)

func TestNearest(t *testing.T) {
	columns := []string{"customer_id", "order_id", "paid_amount", "refund_amount", "paid_on"}
	for word, want := range map[string]string{
		"paid_amuont":   "paid_amount",   // swapped
		"paid_amoun":    "paid_amount",   // one missing
		"paid_amounts":  "paid_amount",   // one too many
		"payd_amount":   "paid_amount",   // a wrong one
		"Paid_Amount":   "paid_amount",   // capitals only
		"refnd_amuont":  "refund_amount", // two slips
		"net_revenue":   "",
		"x":             "",
		"":              "",
		"customer_name": "customer_id", // four of thirteen letters
	} {
		if got := suggest.Nearest(word, columns); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
	for word, want := range map[string]string{"kidn": "kind", "a": "", "tgas": "tags", "客户": "客户号"} {
		if got := suggest.Nearest(word, []string{"zh", "b", "tags", "kind", "grain", "客户号"}); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}

func TestOfEqualsTheFirstByName(t *testing.T) {
	for _, candidates := range [][]string{{"core.b", "core.a"}, {"core.a", "core.b"}} {
		if got := suggest.Nearest("core.c", candidates); got != "core.a" {
			t.Errorf("%v: got %q", candidates, got)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	if got, want := suggest.DidYouMean("grian", []string{"grain"}), `; did you mean "grain"?`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := suggest.DidYouMean("grian", []string{"owner"}); got != "" {
		t.Errorf("got %q, want nothing", got)
	}
}

// TestOneSlipIsAlwaysForgiven makes one slip of each kind anywhere in a name.
func TestOneSlipIsAlwaysForgiven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-z_]{4,20}`).Draw(t, "name")
		at := rapid.IntRange(0, len(name)-2).Draw(t, "at")
		for slip, word := range map[string]string{
			"missing": name[:at] + name[at+1:], "more": name[:at] + "q" + name[at:], "wrong": name[:at] + "q" + name[at+1:],
			"swapped": name[:at] + name[at+1:at+2] + name[at:at+1] + name[at+2:],
		} {
			if got := suggest.Nearest(word, []string{"quite_another_thing_altogether", name}); got != name {
				t.Fatalf("%s: %q: got %q, want %q", slip, word, got, name)
			}
		}
	})
}
