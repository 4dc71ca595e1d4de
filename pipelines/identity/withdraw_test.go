package identity_test

import (
	"strings"
	"testing"

	"countinghouse/pipelines/identity"
)

func TestWithdrawTakesOneLineOut(t *testing.T) {
	const (
		header = "\ufeffaction,channel,account_id,other_channel,other_account_id,decided_by,decided_on,why\r\n"
		first  = "together,shop,A1,pos,B1,wang,2026-06-20,\"she said\n\"\"both\"\"\"\r\n"
		second = "apart,shop,A2,pos,B1,li,2026-06-21,\n"
	)
	a1, b1 := identity.Account{Channel: "shop", ID: "A1"}, identity.Account{Channel: "pos", ID: "B1"}
	got, err := identity.Withdraw([]byte(header+first+second), b1, a1)
	if err != nil || string(got) != header+second {
		t.Errorf("%v\n%q", err, got)
	}
	got, err = identity.Withdraw([]byte(header+first+second), identity.Account{Channel: "shop", ID: "A2"}, b1)
	if err != nil || string(got) != header+first {
		t.Errorf("%v\n%q", err, got)
	}
	for _, text := range []string{"", header, header + second} {
		if _, err := identity.Withdraw([]byte(text), a1, b1); err == nil || !strings.Contains(err.Error(), "no line on shop:A1 and pos:B1") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
