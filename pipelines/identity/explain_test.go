package identity

import (
	"slices"
	"strings"
	"testing"
)

func TestPathIsTheShortestChain(t *testing.T) {
	link := func(a, b string) Step { return Step{Account: a, Other: b} }
	links := []Step{link("b", "a"), link("c", "b"), link("d", "c"), link("d", "a"), link("y", "x")}
	cases := map[string]struct {
		from, to string
		want     []Step
	}{
		"one step though there is a longer way": {"a", "d", []Step{link("d", "a")}},
		"two steps":                             {"a", "c", []Step{link("b", "a"), link("c", "b")}},
		"nothing joins them":                    {"a", "x", []Step{}},
		"an account and itself":                 {"a", "a", []Step{}},
	}
	for name, c := range cases {
		if got := path(links, c.from, c.to); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestAppendKeepsWhatIsThere(t *testing.T) {
	decision := Override{Together, "tmall", "a,1", "pos", "b", "Wang", "2026-11-30", "same \"voice\""}
	text, err := Append(nil, []Override{decision})
	if err != nil {
		t.Fatal(err)
	}
	want := "action,channel,account_id,other_channel,other_account_id,decided_by,decided_on,why\n" +
		"together,tmall,\"a,1\",pos,b,Wang,2026-11-30,\"same \"\"voice\"\"\"\n"
	if string(text) != want {
		t.Errorf("wrote %q, want %q", text, want)
	}
	swapped := decision
	swapped.Channel, swapped.AccountID, swapped.OtherChannel, swapped.OtherAccountID = "pos", "b", "tmall", "a,1"
	if again, err := Append(text, []Override{swapped}); err != nil || string(again) != want {
		t.Errorf("the same pair, the other way round: %q, %v", again, err)
	}
	swapped.Action = Apart
	if _, err := Append(text, []Override{swapped}); err == nil || !strings.Contains(err.Error(), "identity_overrides.csv:2") {
		t.Errorf("a contradiction gave %v, want the line that says otherwise", err)
	}
}
