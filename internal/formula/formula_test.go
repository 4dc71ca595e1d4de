package formula_test

import (
	"testing"

	"countinghouse/internal/formula"
)

func TestNoCellCanBeAFormula(t *testing.T) {
	for text, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\tx": "'\tx", "\r=1": "'\r=1", "\n=1": "'\n=1",
		"  =cmd|' /C calc'!A0": "'  =cmd|' /C calc'!A0", "＝1": "'＝1", "\u3000=1": "'\u3000=1",
		"A=1": "A=1", "": "", "订单号,1": "订单号,1", "'=1": "'=1", "1-2": "1-2",
	} {
		if got := formula.Guard(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
