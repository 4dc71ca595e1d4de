package linkage_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"countinghouse/internal/linkage"

	"pgregory.net/rapid"
)

// chance is a field with two levels.
func chance(name string, household float64) linkage.Field {
	return linkage.Field{
		Name: name, Levels: []linkage.Level{{Name: "equal", M: .8, U: .1}, {Name: "different", M: .2, U: .9}}, Household: household,
		Compare: func(_, _ string) int { return 1 },
	}
}

// TestLearnFindsWhatMadeTheData draws patterns from known m and u: the fit must give them back.
func TestLearnFindsWhatMadeTheData(t *testing.T) {
	fields := []linkage.Field{chance("a", 0), chance("b", 0), chance("c", 0), chance("d", 0)}
	m, u := []float64{.95, .9, .85, .7}, []float64{.02, .05, .1, .2}
	dice := rand.New(rand.NewPCG(1, 2))
	draw := func(agree []float64) linkage.Pattern {
		var pattern linkage.Pattern
		for field, probability := range agree {
			level := 1
			if dice.Float64() < probability {
				level = 0
			}
			pattern |= linkage.Pattern(level+1) << (4 * field)
		}
		return pattern
	}
	random, blocked := linkage.Counter{}, linkage.Counter{}
	for range 200_000 {
		random.Add(draw(u), 0)
	}
	for range 60_000 { // two rules, each of which holds one field
		for rule := range 2 {
			agree := slices.Clone(u)
			if dice.Float64() < .3 {
				agree = slices.Clone(m)
			}
			agree[rule] = 1
			blocked.Add(draw(agree), 1<<rule)
		}
	}
	model := linkage.Learn(fields, random.Sorted(), blocked.Sorted(), []linkage.Rule{{Held: []int{0}}, {Held: []int{1}}}, 1e9, 40_000, false)
	for field := range fields {
		if got := model.M[field][0]; math.Abs(got-m[field]) > .02 {
			t.Errorf("m of %s: %.3f, want %.3f", fields[field].Name, got, m[field])
		}
		if got := model.U[field][0]; math.Abs(got-u[field]) > .005 {
			t.Errorf("u of %s: %.3f, want %.3f", fields[field].Name, got, u[field])
		}
	}
}

func cluster(records int, edges []linkage.Edge) []int32 {
	return linkage.Cluster(records, edges, linkage.Clustering{Unknown: -3, Cap: 12})
}

func TestClusterResistsChains(t *testing.T) {
	cases := map[string]struct {
		records int
		edges   []linkage.Edge
		want    []int32
	}{
		"a pair":                         {3, []linkage.Edge{{0, 2, 5}}, []int32{0, 1, 0}},
		"a chain of weak edges breaks":   {4, []linkage.Edge{{0, 1, 2}, {1, 2, 2}, {2, 3, 2}}, []int32{0, 0, 2, 2}},
		"one edge is no bridge":          {4, []linkage.Edge{{0, 1, 12}, {2, 3, 12}, {1, 2, 8}}, []int32{0, 0, 2, 2}},
		"a giant edge counts as capped":  {4, []linkage.Edge{{0, 1, 99}, {2, 3, 99}, {1, 2, 98}, {0, 2, -9}, {0, 3, -9}, {1, 3, -9}}, []int32{0, 0, 2, 2}},
		"two dense parts that fit join":  {4, []linkage.Edge{{0, 1, 9}, {2, 3, 9}, {0, 2, 5}, {1, 3, 5}}, []int32{0, 0, 0, 0}},
		"a contradiction inside decides": {3, []linkage.Edge{{0, 1, 9}, {1, 2, 4}, {0, 2, -8}}, []int32{0, 0, 2}},
	}
	for name, c := range cases {
		if got := cluster(c.records, c.edges); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// Two records that were not kept as a pair may contradict each other: then a third, which either of them could be with, does not bring them together.
func TestClusterAsksWhatAPairSays(t *testing.T) {
	edges := []linkage.Edge{{0, 1, 6}, {0, 2, 4.5}}
	for name, c := range map[string]struct {
		evidence func(a, b int32) float64
		want     []int32
	}{
		"nobody is asked":              {nil, []int32{0, 0, 0}},
		"the two contradict":           {func(int32, int32) float64 { return -9 }, []int32{0, 0, 2}},
		"a contradiction is capped":    {func(int32, int32) float64 { return math.Inf(-1) }, []int32{0, 0, 2}},
		"they say little":              {func(int32, int32) float64 { return -1 }, []int32{0, 0, 0}},
		"what speaks for them is none": {func(int32, int32) float64 { return 50 }, []int32{0, 0, 0}},
	} {
		got := linkage.Cluster(3, edges, linkage.Clustering{Unknown: -3, Cap: 12, Evidence: c.evidence})
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// Of a field of chance the first level speaks against a pair, or not at all: of a thousand pairs of one person 20 agree on it, of strangers a quarter.
func TestChanceSpeaksForNobody(t *testing.T) {
	fields := []linkage.Field{
		{Name: "name", Levels: []linkage.Level{{Name: "equal", M: .9, U: .01}, {Name: "different", M: .1, U: .99}}, Differs: .5},
		{Name: "number", Levels: []linkage.Level{{Name: "equal", M: .9, U: .001}, {Name: "different", M: .1, U: .999}}, Differs: .5},
		{Name: "channel", Levels: []linkage.Level{{Name: "the same", M: .03, U: .25}, {Name: "another", M: .97, U: .75}}, Chance: true},
	}
	learn := func(agree, strangers, random int64) (same, other float64) {
		pattern := func(one, two, three int) linkage.Pattern {
			return linkage.Pattern(one+1) | linkage.Pattern(two+1)<<4 | linkage.Pattern(three+1)<<8
		}
		model := linkage.Learn(fields,
			[]linkage.Count{{Pattern: pattern(1, 1, 0), Pairs: random}, {Pattern: pattern(1, 1, 1), Pairs: 100_000 - random}},
			[]linkage.Count{
				{Pattern: pattern(0, 0, 0), Rules: 1, Pairs: agree},
				{Pattern: pattern(0, 0, 1), Rules: 1, Pairs: 1000 - agree},
				{Pattern: pattern(0, 1, 0), Rules: 1, Pairs: strangers},
				{Pattern: pattern(0, 1, 1), Rules: 1, Pairs: 1000 - strangers},
			}, []linkage.Rule{{Held: []int{0}}}, 1e8, 10_000, false)
		return math.Log2(model.M[2][0] / model.U[2][0]), math.Log2(model.M[2][1] / model.U[2][1])
	}
	if same, other := learn(20, 250, 25_000); same > -3 || same < -4.5 || other < .2 || other > .6 {
		t.Errorf("few have two accounts of a channel: %.2f and %.2f bits, want about log2(.02/.25) and log2(.98/.75)", same, other)
	}
	if same, other := learn(900, 250, 25_000); same != 0 || other != 0 {
		t.Errorf("a channel full of doubles: %.2f and %.2f bits, want none", same, other)
	}
	if same, _ := learn(1000, 1000, 99_999); same > 0 || same < -.1 {
		t.Errorf("one channel alone: %.2f bits, want none", same)
	}
}

func TestClusterRefuses(t *testing.T) {
	const junior, senior = 0, 1
	edges := []linkage.Edge{{0, 1, 9}, {1, 2, 8}, {0, 2, 8}}
	for name, c := range map[string]struct{ generation, want []int32 }{
		"junior and senior are two":            {[]int32{junior, linkage.NotKnown, senior}, []int32{0, 0, 2}},
		"who is both is neither's":             {[]int32{linkage.NotKnown, linkage.Contradictory, linkage.NotKnown}, []int32{0, 1, 0}},
		"nothing known stands against nothing": {[]int32{linkage.NotKnown, senior, senior}, []int32{0, 0, 0}},
	} {
		got := linkage.Cluster(3, edges, linkage.Clustering{Unknown: -3, Cap: 12, Single: [][]int32{c.generation}})
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// Odds of 8 to 1 beside a rival of the same odds, by the formula of the comment: 8 / (1 + 8 + 8), and so on.
func TestRivals(t *testing.T) {
	edges := []linkage.Edge{{0, 1, 3}, {0, 2, 3}, {1, 3, 1}, {2, 4, 5}}
	graph := linkage.NewRivals(5, append(slices.Clone(edges), linkage.Edge{A: 0, B: 4, Weight: -20}))
	nobody := func(int32, int32) bool { return false }
	for _, c := range []struct {
		edge int
		same func(a, b int32) bool
		odds float64
	}{
		{0, nobody, 8 + 2}, // 0 could be with 2, and 1 with 3
		{0, func(a, b int32) bool { return a+b == 3 }, 0},
		{3, nobody, 8}, // 2 could be with 0; 4 has nobody else
	} {
		if got, want := graph.Rivals(edges[c.edge], c.same, 60), math.Log2(1+c.odds); math.Abs(got-want) > 1e-9 {
			t.Errorf("edge %d: %f bits, want %f", c.edge, got, want)
		}
		if got, most := graph.Rivals(edges[c.edge], c.same, 1), math.Log2(1+c.odds); got > most || got <= 1 && got < most {
			t.Errorf("edge %d: %f bits, want %f or more than one", c.edge, got, most)
		}
	}
}

// TestClusterDependsOnNoOrder shuffles the edges.
func TestClusterDependsOnNoOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var edges []linkage.Edge
		for a := range int32(8) {
			for b := a + 1; b < 8; b++ {
				if rapid.Bool().Draw(t, "edge") {
					edges = append(edges, linkage.Edge{A: a, B: b, Weight: float64(rapid.IntRange(-4, 6).Draw(t, "weight"))})
				}
			}
		}
		want := cluster(8, edges)
		if got := cluster(8, rapid.Permutation(edges).Draw(t, "order")); !slices.Equal(got, want) {
			t.Fatalf("%v, in another order %v", want, got)
		}
		for record, first := range want {
			if int(first) > record || want[first] != first {
				t.Fatalf("%v: a cluster is not named by its first record", want)
			}
		}
	})
}

func names() *linkage.Table {
	levels := []linkage.Level{{Name: "equal", M: .7, U: .01}, {Name: "close", M: .2, U: .02}, {Name: "exchanged", M: .02, U: .001}, {Name: "different", M: .08, U: .969}}
	compare := func(a, b string) int {
		if a[0] == b[0] {
			return 1
		}
		return 3
	}
	return &linkage.Table{
		Fields: []linkage.Field{
			{Name: "given", Levels: levels, Compare: compare, Frequency: true}, {Name: "surname", Levels: levels, Compare: compare, Frequency: true},
		},
		Words: [][]string{{"jay", "jim", "Xu", "*"}, {"jay", "Xu", "Zo"}},
		Codes: [][]int32{{0, 1, 2, -1, 3, 3}, {1, 1, 0, 1, 1, 1}},
		Swap:  &linkage.Swap{Given: 0, Surname: 1, Level: 2},
	}
}

func TestPattern(t *testing.T) {
	comparer := linkage.NewComparer(names())
	for _, c := range []struct {
		what string
		a, b int32
		want linkage.Pattern
	}{
		{"close and equal", 0, 1, 2 | 1<<4},
		{"exchanged: the surname says nothing more", 0, 2, 3},
		{"a missing value is no level", 0, 3, 1 << 4},
		{"equal masks are compared, not equal", 4, 5, 2 | 1<<4},
	} {
		for range 2 { // the second time from memory
			if got := comparer.Pattern(c.a, c.b); got != c.want {
				t.Errorf("%s: %x, want %x", c.what, got, c.want)
			}
		}
	}
}

func TestRareValuesWeighMore(t *testing.T) {
	table := &linkage.Table{
		Fields: []linkage.Field{{Name: "surname", Levels: []linkage.Level{{Name: "equal", M: .9, U: .3}, {Name: "different", M: .1, U: .7}}, Frequency: true}},
		Words:  [][]string{{"smith", "zog"}}, Codes: [][]int32{{0, 0, 0, 0, 0, 0, 1, 1}},
	}
	model := linkage.Model{M: [][]float64{{.9, .1}}, U: [][]float64{{.3, .7}}, Match: .01, Household: .01}
	scorer := linkage.NewScorer(table, model, linkage.Frequencies(table, model, linkage.Population{}))
	common, rare := scorer.Weight(linkage.Pair{A: 0, B: 1, Pattern: 1}), scorer.Weight(linkage.Pair{A: 6, B: 7, Pattern: 1})
	// Of smith there are four others among eight, of zog none: u is (4+1)/8 and 1/8.
	if want := math.Log2(.01 * (.9 / .625) / (.01 + .98)); math.Abs(common-want) > 1e-9 {
		t.Errorf("common: %v, want %v", common, want)
	}
	if want := math.Log2(.01 * (.9 / .125) / (.01 + .98)); math.Abs(rare-want) > 1e-9 {
		t.Errorf("rare: %v, want %v", rare, want)
	}
}

func TestRandomGivesPairsInRange(t *testing.T) {
	for _, records := range []int{0, 1, 2, 5, 400} {
		seen := map[[2]int32]bool{}
		linkage.Random(records, 1000, func(a, b int32) {
			if a < 0 || a >= b || int(b) >= records {
				t.Fatalf("of %d records: %d %d", records, a, b)
			}
			seen[[2]int32{a, b}] = true
		})
		if all := records * (records - 1) / 2; all <= 1000 && len(seen) != max(all, 0) {
			t.Errorf("of %d records %d pairs", records, len(seen))
		} else if all > 1000 && len(seen) < 900 {
			t.Errorf("only %d distinct pairs", len(seen))
		}
	}
}

// texts is a table of names and e-mail addresses in the way the person package gives them.
func texts(given, surname, email []string, rests []int32, words []string) *linkage.Table {
	field := func(name string, levels int, compare func(a, b string) int) linkage.Field {
		return linkage.Field{Name: name, Levels: make([]linkage.Level, levels), Compare: compare}
	}
	table := &linkage.Table{
		Fields: []linkage.Field{
			field("given name", 7, func(_, _ string) int { return 6 }), field("surname", 7, func(_, _ string) int { return 6 }), field("email", 4, func(_, _ string) int { return 2 }),
		},
		Swap: &linkage.Swap{Given: 0, Surname: 1, Level: 5},
		Echo: &linkage.Echo{Field: 2, Rests: rests, Words: words, Compare: func(_, _ string) int { return 3 }},
	}
	for _, column := range [][]string{given, surname, email} {
		codes, known, dictionary := []int32{}, map[string]int32{"": -1}, []string{}
		for _, word := range column {
			if _, found := known[word]; !found {
				known[word] = int32(len(dictionary))
				dictionary = append(dictionary, word)
			}
			codes = append(codes, known[word])
		}
		table.Codes, table.Words = append(table.Codes, codes), append(table.Words, dictionary)
	}
	return table
}

// An address made of the name is compared by what it holds beside the name, if it is made of the name on both sides and is not the same one.
func TestWhatANameExplainsCountsOnce(t *testing.T) {
	emails := []string{"john.smith1@a", "john.smith2@a", "sunny1@a", "john.smith1@a"}
	table := texts([]string{"john", "john", "john", "john"}, []string{"smith", "smith", "smith", "smith"}, emails, []int32{0, 1, -1, 0}, []string{"1", "2"})
	comparer := linkage.NewComparer(table)
	for pair, want := range map[[2]int32]int{{0, 1}: 3, {0, 2}: 2, {0, 3}: 0} {
		if got := comparer.Pattern(pair[0], pair[1]).Level(2); got != want {
			t.Errorf("%v: level %d, want %d", pair, got, want)
		}
	}
}

// Mocket alone may be a given name or a surname: it is compared with that one of the other record's names that it is.
func TestALoneNameMayBeEither(t *testing.T) {
	table := texts([]string{"mocket", "richard", "", "ann"}, []string{"", "mocket", "richard", "low"}, []string{"", "", "", ""}, []int32{-1, -1, -1, -1}, nil)
	comparer := linkage.NewComparer(table)
	for _, c := range []struct {
		a, b           int32
		given, surname int
	}{{0, 1, -1, 0}, {1, 0, -1, 0}, {1, 2, 0, -1}, {0, 3, 6, -1}, {2, 3, -1, 6}} {
		if pattern := comparer.Pattern(c.a, c.b); pattern.Level(0) != c.given || pattern.Level(1) != c.surname {
			t.Errorf("%d and %d: levels %d and %d, want %d and %d", c.a, c.b, pattern.Level(0), pattern.Level(1), c.given, c.surname)
		}
	}
}
