package identity

// What a crowd is: a value that is on ten times as many accounts as 99 in 100 values of its kind, and on more than twenty. It joins nobody, whatever its
// rule allows: a till that writes the shop's number for whoever has none is found so, though nobody listed that number as junk.
const (
	crowdShare = 99 // of 100
	crowdTimes = 10
	crowdLeast = 20
)

// mostCounted is the number of accounts from which on values are counted together; no kind has one in a hundred values on so many.
const mostCounted = 1000

// crowds gives of each kind the most accounts that a value of it may have. edges is by value on how many it was seen.
func crowds(g *Graph, edges []uint32) []int {
	counts := make([][mostCounted + 1]int, len(g.rules)) // by kind, and by number of accounts
	values := make([]int, len(g.rules))
	for value, count := range edges {
		if g.links(uint32(value)) {
			counts[g.kinds[value]][min(count, mostCounted)]++
			values[g.kinds[value]]++
		}
	}
	most := make([]int, len(g.rules))
	for kind := range most {
		usual, upTo := 0, 0
		for accounts, count := range counts[kind] {
			if upTo*100 >= values[kind]*crowdShare {
				break
			}
			usual, upTo = accounts, upTo+count
		}
		most[kind] = max(crowdLeast, crowdTimes*usual)
	}
	return most
}
