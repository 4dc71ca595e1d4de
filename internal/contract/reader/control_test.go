package reader

import (
	"bytes"
	"testing"
)

// TestControlAt tries every byte at every place of a text that is not a multiple of what is looked at at once.
func TestControlAt(t *testing.T) {
	for length := range 75 {
		for at := range length {
			for b := range 256 {
				text := bytes.Repeat([]byte{'\n'}, length)
				text[at] = byte(b)
				want := -1
				switch {
				case b == 9 || b == 10 || b == 13:
				case b < 32 || b == 127:
					want = at
				}
				if got := controlAt(text); got != want {
					t.Fatalf("byte %#x at %d of %d: %d, want %d", b, at, length, got, want)
				}
			}
		}
	}
	if got := controlAt(append(bytes.Repeat([]byte("订单\t\x09\r"), 9), 1, 2)); got != 81 {
		t.Errorf("the first of two is at %d, want 81", got)
	}
}
