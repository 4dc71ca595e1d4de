package main

import "testing"

func TestNoCellCanBeAFormula(t *testing.T) {
	for text, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\tx": "'\tx", "\r=1": "'\r=1", "\n=1": "'\n=1",
		"  =cmd|' /C calc'!A0": "'  =cmd|' /C calc'!A0", "＝1": "'＝1", "\u3000=1": "'\u3000=1",
		"A=1": "A=1", "": "", "订单号,1": "订单号,1", "'=1": "'=1", "1-2": "1-2",
	} {
		if got := plainCell(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func TestNothingFromAFileIsAnOrderToTheTerminal(t *testing.T) {
	if got, want := harmless("a\x1b[31mb\a\u009bc\r\n\td\x7f订单"), "a\ufffd[31mb\ufffd\ufffdc\ufffd\n\td\ufffd订单"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
