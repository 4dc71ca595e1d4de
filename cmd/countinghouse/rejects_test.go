package main

import "testing"

func TestNothingFromAFileIsAnOrderToTheTerminal(t *testing.T) {
	if got, want := harmless("a\x1b[31mb\a\u009bc\r\n\td\x7f订单"), "a\ufffd[31mb\ufffd\ufffdc\ufffd\n\td\ufffd订单"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
