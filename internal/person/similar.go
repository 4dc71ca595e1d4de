package person

import "slices"

// room is how long texts may be to be compared without memory of their own.
const room = 48

func runes(into []rune, text string) []rune {
	for _, r := range text {
		into = append(into, r)
	}
	return into
}

// JaroWinkler is the similarity of two texts by runes, 0 to 1, with the bonus for a common prefix of up to four (Winkler 1990).
func JaroWinkler(a, b string) float64 {
	var leftRunes, rightRunes [room]rune
	left, right := runes(leftRunes[:0], a), runes(rightRunes[:0], b)
	jaro := jaro(left, right)
	prefix := 0
	for prefix < min(4, len(left), len(right)) && left[prefix] == right[prefix] {
		prefix++
	}
	return jaro + float64(prefix)*.1*(1-jaro)
}

func jaro(left, right []rune) float64 {
	if len(left) == 0 || len(right) == 0 {
		return 0
	}
	reach := max(max(len(left), len(right))/2-1, 0)
	var leftRoom, rightRoom [room]bool
	leftTaken, rightTaken := append(leftRoom[:0], make([]bool, len(left))...), append(rightRoom[:0], make([]bool, len(right))...)
	matches := 0
	for i, r := range left {
		for j := max(0, i-reach); j < min(len(right), i+reach+1); j++ {
			if !rightTaken[j] && right[j] == r {
				leftTaken[i], rightTaken[j] = true, true
				matches++
				break
			}
		}
	}
	if matches == 0 {
		return 0
	}
	moved, j := 0, 0
	for i, r := range left {
		if !leftTaken[i] {
			continue
		}
		for !rightTaken[j] {
			j++
		}
		if right[j] != r {
			moved++
		}
		j++
	}
	m := float64(matches)
	return (m/float64(len(left)) + m/float64(len(right)) + (m-float64(moved/2))/m) / 3
}

// Edits is the Damerau–Levenshtein distance by runes in the restricted form (optimal string alignment), or most+1 if it is more than most.
func Edits(a, b string, most int) int {
	var leftRunes, rightRunes [room]rune
	left, right := runes(leftRunes[:0], a), runes(rightRunes[:0], b)
	if len(left)-len(right) > most || len(right)-len(left) > most {
		return most + 1
	}
	if most == 1 {
		return oneEdit(left, right)
	}
	var rows [3][room]int
	width := len(right) + 1
	before, above, row := append(rows[0][:0], make([]int, width)...), append(rows[1][:0], make([]int, width)...), append(rows[2][:0], make([]int, width)...)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(left); i++ {
		row[0] = i
		for j := 1; j <= len(right); j++ {
			cost := 1
			if left[i-1] == right[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && left[i-1] == right[j-2] && left[i-2] == right[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		if slices.Min(row) > most {
			return most + 1
		}
		before, above, row = above, row, before
	}
	return min(above[len(right)], most+1)
}

// oneEdit is Edits with no more than one: what is left behind the first difference must be equal but for that one.
func oneEdit(left, right []rune) int {
	if len(left) < len(right) {
		left, right = right, left
	}
	at := 0
	for at < len(right) && left[at] == right[at] {
		at++
	}
	switch {
	case len(left) == len(right) && at == len(left):
		return 0
	case len(left) > len(right):
		if slices.Equal(left[at+1:], right[at:]) {
			return 1
		}
	case slices.Equal(left[at+1:], right[at+1:]):
		return 1
	case at+1 < len(left) && left[at] == right[at+1] && left[at+1] == right[at] && slices.Equal(left[at+2:], right[at+2:]):
		return 1
	}
	return 2
}
