package lint

import (
	"slices"
	"strings"
)

// closeLists puts a comma behind the last column of a select list that has its lines to itself.
func closeLists(tokens []token) []token {
	var after []int // places behind which a comma belongs
	for at, current := range tokens {
		if !current.is("select") {
			continue
		}
		first, last := selectList(tokens, at)
		if first > last || tokens[last].is(",") || first == last && tokens[last].is("*") {
			continue
		}
		if breaks(tokens[at+1:]) && breaks(tokens[last+1:]) {
			after = append(after, last)
		}
	}
	slices.Sort(after) // a list in a list ends before it
	for i, last := range after {
		tokens = slices.Insert(tokens, last+1+i, token{symbol, ",", tokens[last+i].line})
	}
	return tokens
}

// selectList is the places of the first and the last token that counts of the list behind a select.
func selectList(tokens []token, at int) (first, last int) {
	first = firstThatCounts(tokens, at+1)
	if first < len(tokens) && tokens[first].is("distinct", "all") {
		first = firstThatCounts(tokens, first+1)
	}
	depth := 0
	last = first - 1
	for i := first; i < len(tokens); i++ {
		switch current := tokens[i]; {
		case !current.counts():
			continue
		case current.is("(", "[", "{"):
			depth++
		case current.is(")", "]", "}"):
			depth--
		case depth == 0 && endsList(tokens, i):
			return first, last
		}
		if depth < 0 {
			return first, last
		}
		last = i
	}
	return first, last
}

// endsList says whether a word begins the part of a select behind its list.
func endsList(tokens []token, at int) bool {
	before := lastThatCounts(tokens[:at])
	switch {
	case tokens[at].is("from"):
		return !tokens[before].is("distinct") // is distinct from
	case tokens[at].is("group"):
		return !tokens[before].is("within")
	}
	return tokens[at].is("where", "having", "qualify", "window", "order", "limit", "offset", "union", "intersect", "except", ";")
}

// breaks says whether there is a line end before the next token that counts.
func breaks(tokens []token) bool {
	for _, current := range tokens {
		if current.counts() || current.breaksLine() {
			return !current.counts()
		}
	}
	return false
}

// apart sets the blanks between two tokens of a line: none before a comma and inside brackets, one around a comparison and elsewhere at
// most one. Blanks before a comment stay.
func apart(tokens []token) []token {
	var made []token
	for at, current := range tokens {
		if current.class != blank {
			if at > 0 && tokens[at-1].class != blank && wantsBlank(tokens[at-1], current) {
				made = append(made, token{blank, " ", current.line})
			}
			made = append(made, current)
			continue
		}
		inLine := !current.breaksLine() && at > 0 && at+1 < len(tokens)
		switch {
		case !inLine || tokens[at+1].isComment():
			made = append(made, current)
		case !refusesBlank(tokens[at-1], tokens[at+1]):
			made = append(made, token{blank, " ", current.line})
		}
	}
	return made
}

func wantsBlank(before, after token) bool {
	return before.is(",") && !after.is(")") || isComparison(before) || isComparison(after)
}

func refusesBlank(before, after token) bool {
	return after.is(",", ")") || before.is("(") && !after.isComment()
}

func isComparison(t token) bool { return t.is("=", "<>", "!=", "<", ">", "<=", ">=", "||") }

// steps puts an empty line around each step of the query that has lines of its own, and before the last select.
func steps(tokens []token) []token {
	if first := firstThatCounts(tokens, 0); first == len(tokens) || !tokens[first].is("with") {
		return tokens
	}
	brackets := topBrackets(tokens)
	for i, bracket := range brackets {
		behind := firstThatCounts(tokens, bracket.close+1)
		next := behind < len(tokens) && tokens[behind].is(",") && i+1 < len(brackets)
		switch {
		case next && (bracket.isLong(tokens) || brackets[i+1].isLong(tokens)):
			emptyLine(tokens, behind+1)
		case behind < len(tokens) && tokens[behind].is("select"):
			emptyLine(tokens, lastThatCounts(tokens[:behind])+1)
			return tokens
		}
	}
	return tokens
}

// bracket is the places of a bracket and of the one that closes it.
type bracket struct{ open, close int }

func (b bracket) isLong(tokens []token) bool {
	return slices.ContainsFunc(tokens[b.open:b.close], token.breaksLine)
}

// topBrackets are the round brackets that are in no other one.
func topBrackets(tokens []token) []bracket {
	var found []bracket
	depth, opened := 0, 0
	for at, current := range tokens {
		switch {
		case current.is("("):
			if depth == 0 {
				opened = at
			}
			depth++
		case current.is(")"):
			if depth--; depth == 0 {
				found = append(found, bracket{opened, at})
			}
		}
	}
	return found
}

// emptyLine makes the line end at a place, if there is one, two.
func emptyLine(tokens []token, at int) {
	if at < len(tokens) && tokens[at].breaksLine() && strings.Count(tokens[at].text, "\n") == 1 {
		tokens[at].text = "\n" + tokens[at].text
	}
}

// lines takes away blanks at the end of lines, TABs before them (four blanks each), all but one of several empty lines, those at the
// beginning and at the end; the last line has an end.
func lines(tokens []token) []token {
	first := slices.IndexFunc(tokens, func(t token) bool { return t.class != blank })
	if first < 0 {
		return nil
	}
	made := make([]token, 0, len(tokens))
	for _, current := range tokens[first:] {
		switch {
		case current.class == lineComment:
			current.text = strings.TrimRight(current.text, " \t\r")
		case current.breaksLine():
			current.text = lineEnds(current.text)
		}
		made = append(made, current)
	}
	for len(made) > 0 && made[len(made)-1].class == blank {
		made = made[:len(made)-1]
	}
	return append(made, token{blank, "\n", 0})
}

// lineEnds is one line end, or two where there are more, and the blanks that the next line begins with.
func lineEnds(text string) string {
	last := strings.LastIndexByte(text, '\n')
	indent := strings.ReplaceAll(text[last+1:], "\t", "    ")
	return strings.Repeat("\n", min(2, strings.Count(text, "\n"))) + indent
}
