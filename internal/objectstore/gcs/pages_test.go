package gcs_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestListGoesThroughAllPages(t *testing.T) {
	w := newWorld(t)
	var want, got []string
	for i := range 25 { // the test service gives 10 per page
		want = append(want, fmt.Sprintf("p/%02d", i))
		if _, err := w.other.Create(t.Context(), want[i], strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
	}
	for a, err := range w.other.List(t.Context(), "p/") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, a.Key)
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed %v", got)
	}
}
