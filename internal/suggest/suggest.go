// Package suggest finds the name that somebody most likely meant when the one that was written is unknown.
package suggest

import "slices"

// Nearest gives the candidate that is fewest slips away from word: a letter missing, one too many, a wrong one, or two neighbours
// swapped; the case of letters does not count. Empty when none is near: at most one slip for each three letters of the word, and one
// for shorter words. Of several equally near the first in alphabetical order.
func Nearest(word string, candidates []string) string {
	written := fold(word)
	nearest, fewest := "", max(1, len(written)/3)+1
	for _, candidate := range slices.Sorted(slices.Values(candidates)) {
		meant := fold(candidate)
		if len(meant)-len(written) >= fewest || len(written)-len(meant) >= fewest {
			continue
		}
		if slips := distance(written, meant); slips < fewest && slips < len(meant) {
			nearest, fewest = candidate, slips
		}
	}
	return nearest
}

// DidYouMean is the half sentence `; did you mean "name"?` to end a message with, or empty when nothing is near.
func DidYouMean(word string, candidates []string) string {
	if nearest := Nearest(word, candidates); nearest != "" {
		return `; did you mean "` + nearest + `"?`
	}
	return ""
}

func fold(word string) []rune {
	letters := []rune(word)
	for i, letter := range letters {
		if letter >= 'A' && letter <= 'Z' {
			letters[i] = letter + 'a' - 'A'
		}
	}
	return letters
}

// distance is that of Damerau and Levenshtein in its restricted form (optimal string alignment): no letter is touched twice.
func distance(a, b []rune) int {
	before, last, current := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		current[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			current[j+1] = min(last[j+1]+1, current[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				current[j+1] = min(current[j+1], before[j-1]+1)
			}
		}
		before, last, current = last, current, before
	}
	return last[len(b)]
}
