package grams_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"countinghouse/internal/grams"
)

func TestAlike(t *testing.T) {
	index := grams.New([]string{"sony kdl40s5100 tv", "sony kdl40s5100 tv", "kdl40s5100b bravia", "garden chair", "", "高清电视", "电视高清"})
	for _, c := range []struct {
		a, b        int32
		least, most float64
	}{{0, 1, 1 - 1e-9, 1 + 1e-9}, {0, 2, .3, .9}, {0, 3, 0, 0}, {0, 4, 0, 0}, {5, 6, .5, .99}} {
		if got, back := index.Alike(c.a, c.b), index.Alike(c.b, c.a); got < c.least || got > c.most || got != back {
			t.Errorf("%d and %d are alike by %g, and %g the other way, want %g to %g", c.a, c.b, got, back, c.least, c.most)
		}
	}
}

// The nearest are those that comparing each text with each other gives, on any number of threads; a text of no list is nobody's.
func TestNearestAreThoseOfAllPairs(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	texts, list := make([]string, 120), make([]int32, 120)
	for i := range texts {
		for range 3 + dice.IntN(4) {
			texts[i] += fmt.Sprintf("word%d ", dice.IntN(60))
		}
		list[i] = int32(dice.IntN(4) - 1)
	}
	index := grams.New(texts)
	found := index.Nearest(list, 2, math.MaxInt64, 3)
	if again := index.Nearest(list, 2, math.MaxInt64, 1); !slices.Equal(found, again) {
		t.Error("one thread finds others than three")
	}
	pairs := map[[2]int32]bool{}
	for a := range int32(120) {
		for of := range int32(3) {
			var alike []float64
			for b := range int32(120) {
				if list[a] >= 0 && list[b] == of && of != list[a] && index.Alike(a, b) > 0 {
					alike = append(alike, index.Alike(a, b))
				}
			}
			slices.Sort(alike)
			for b := range int32(120) {
				if list[a] >= 0 && list[b] == of && of != list[a] && len(alike) > 0 && index.Alike(a, b) > alike[max(0, len(alike)-2)]+1e-9 {
					pairs[[2]int32{min(a, b), max(a, b)}] = true
				}
			}
		}
	}
	for _, near := range found {
		delete(pairs, [2]int32{near.A, near.B})
		if list[near.A] < 0 || list[near.B] < 0 || list[near.A] == list[near.B] {
			t.Errorf("%+v: of lists %d and %d", near, list[near.A], list[near.B])
		}
	}
	if len(pairs) > 0 || len(found) < 100 {
		t.Errorf("%d found, and not %v", len(found), pairs)
	}
}

func TestFewProductsLeaveOutWhatManyHave(t *testing.T) {
	texts, list := make([]string, 40), make([]int32, 40)
	for i := range texts {
		texts[i], list[i] = fmt.Sprintf("everywhere only%02d", i/2), int32(i%2)
	}
	found := grams.New(texts).Nearest(list, 5, 40*5*40, 1)
	if len(found) == 0 || len(found) >= 200 {
		t.Fatalf("%d pairs, want those that share more than a word of all", len(found))
	}
	for i := range int32(20) {
		if !slices.ContainsFunc(found, func(near grams.Near) bool { return near.A == 2*i && near.B == 2*i+1 }) {
			t.Errorf("%d and %d have not met", 2*i, 2*i+1)
		}
	}
}
