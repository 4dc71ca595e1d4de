package person_test

import (
	"fmt"
	"slices"
	"testing"

	"countinghouse/internal/person"
)

func TestWords(t *testing.T) {
	if got := person.Words("sony 索尼电视机 kd 55x"); !slices.Equal(got, []string{"sony", "索尼", "尼电", "电视", "视机", "kd", "kd55x", "55x"}) {
		t.Errorf("%q", got)
	}
}

// What one word says hangs on how many texts have it: camera is in all, the rest in few.
func TestLevelsOfTexts(t *testing.T) {
	cases := []struct {
		what, a, b string
		want       int
	}{
		{"equal but for spaces", "power shot sd870 camera", "powershot sd870 camera", 0},
		{"another order", "canon powershot sd870 camera", "camera powershot canon sd870", 1},
		{"a slip in a word", "canon powershot sd870 camera", "cannon powershot sd870 camera", 1},
		{"one says all that the other says", "canon powershot sd870 camera black with case and strap", "powershot sd870", 2},
		{"another model has common words", "canon camera sd870", "canon camera sd990", 4},
		{"a number of a model is no slip", "dsc875", "dsc876", 5},
		{"the number of a model, of which one says the colour too", "sony kdl 40s5100 lcd tv", "bravia kdl40s5100b", 1},
		{"other numbers of models among the same words", "canon camera black case sd870is", "canon camera black case sd990is", 4},
		{"nothing in common", "garden chair", "canon camera sd870", 5},
		{"a price, nearly", "399 99", "400 00", 1},
		{"another price", "399", "120", 5},
		{"a name of one word with a slip", "broderbund", "brodebund", 1},
		{"characters without spaces", "索尼高清电视机", "索尼电视机高清", 2},
	}
	wording := person.NewWording()
	for i := range 200 {
		wording.Add(fmt.Sprintf("canon camera type%d", i))
	}
	for _, c := range cases {
		wording.Add(c.a)
		wording.Add(c.b)
	}
	for _, c := range cases {
		if got, back := wording.Compare(c.a, c.b), wording.Compare(c.b, c.a); got != c.want || back != c.want {
			t.Errorf("%s: %d, and %d the other way, want %d", c.what, got, back, c.want)
		}
	}
}
