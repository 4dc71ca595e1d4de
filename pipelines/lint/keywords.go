package lint

import "strings"

// reserved are the words that name nothing without quotes, and those that only a type or a function may be called, by
// duckdb_keywords() of DuckDB 1.5; a test compares them with the engine's own.
const reserved = ` all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create default
deferrable desc describe distinct do else end except false fetch for foreign from group having in initially intersect into lambda
lateral leading limit not null offset on only or order pivot pivot_longer pivot_wider placing primary qualify references returning
select show some summarize symmetric table then to trailing true union unique unpivot using variadic when where window with
anti asof at authorization binary by collation columns concurrently cross freeze full generated glob ilike inner is isnull join left
like map natural notnull outer overlaps positional right semi similar struct tablesample try_cast unpack verbose `

// clauses are words that could be names, and are not where a query is written as people write it.
const clauses = ` between over partition unbounded preceding following nulls materialized recursive within exists `

// isClause says whether a word that is a good name for a column is one of the language, by the words beside it.
func isClause(before, current, after token) bool {
	switch {
	case current.is("rows", "range", "groups"):
		return after.is("between", "unbounded", "current") || after.class == number
	case current.is("current"):
		return after.is("row")
	case current.is("row"):
		return before.is("current")
	case current.is("interval"):
		return after.class == number
	}
	return false
}

func isIn(list, text string) bool {
	for _, known := range strings.Fields(list) {
		if strings.EqualFold(known, text) {
			return true
		}
	}
	return false
}

// lowerKeywords writes keywords, functions and types in lower case. Names stay as they are: a column is called as it is written.
func lowerKeywords(tokens []token) []token {
	var casts []bool // for each open bracket, whether it is that of a cast
	for at, current := range tokens {
		switch {
		case current.is("("):
			before := lastThatCounts(tokens[:at])
			casts = append(casts, before >= 0 && tokens[before].is("cast", "try_cast"))
		case current.is(")") && len(casts) > 0:
			casts = casts[:len(casts)-1]
		case current.class == word && isLanguage(tokens, at, len(casts) > 0 && casts[len(casts)-1]):
			tokens[at].text = strings.ToLower(current.text)
		}
	}
	return tokens
}

// isLanguage says whether a word is one of the language, and no name. inCast says that the innermost bracket is that of a cast.
func isLanguage(tokens []token, at int, inCast bool) bool {
	before, after := neighbour(tokens, lastThatCounts(tokens[:at])), neighbour(tokens, firstThatCounts(tokens, at+1))
	switch {
	case before.is("."), after.is("."):
		return false
	case before.is("::"):
		return true
	case before.is("as"):
		return inCast || tokens[at].is("materialized")
	case before.is("nulls"), after.is("("):
		return true
	case after.class == literal: // date '2026-10-31'
		return true
	}
	return isIn(reserved, tokens[at].text) || isIn(clauses, tokens[at].text) || isClause(before, tokens[at], after)
}

// neighbour is the token at a place, or an empty one.
func neighbour(tokens []token, at int) token {
	if at < 0 || at >= len(tokens) {
		return token{}
	}
	return tokens[at]
}
