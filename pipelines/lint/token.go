package lint

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"countinghouse/internal/model"
)

// class is what kind of token it is.
type class int

const (
	blank        class = iota // blanks and line ends
	lineComment               // -- to the end of the line, which is not part of it
	blockComment              // from /* to its */; they nest
	word                      // a keyword or a name without quotes
	quotedName                // "a name"
	literal                   // a text: 'a', e'a', $$a$$
	number
	symbol // an operator, or one of ( ) [ ] { } , ; . :
)

// token is a piece of SQL text. The texts of all tokens, put together, are the text that they were read from.
type token struct {
	class class
	text  string
	line  int // that it begins in, from 1
}

func (t token) isComment() bool { return t.class == lineComment || t.class == blockComment }

// counts says whether the token means something to the database.
func (t token) counts() bool { return t.class != blank && !t.isComment() }

// is says whether the token is one of these words or symbols; words are given in lower case.
func (t token) is(texts ...string) bool {
	switch t.class {
	case word:
		return slices.Contains(texts, strings.ToLower(t.text))
	case symbol:
		return slices.Contains(texts, t.text)
	}
	return false
}

// breaksLine says whether the token is blank and ends a line.
func (t token) breaksLine() bool { return t.class == blank && strings.Contains(t.text, "\n") }

// tokenize parts SQL into its tokens. The error, a model.Problem, says where a text or a comment begins that has no end.
func tokenize(text string) ([]token, error) {
	var tokens []token
	line := 1
	for rest := text; rest != ""; {
		class, length := next(rest)
		if length < 0 {
			return nil, model.Problem{Line: line, Message: fmt.Sprintf("what begins here has no end: %.20s", rest)}
		}
		tokens = append(tokens, token{class, rest[:length], line})
		line += strings.Count(rest[:length], "\n")
		rest = rest[length:]
	}
	return tokens, nil
}

// next is the class and the length of the first token; a negative length says that it has no end.
func next(text string) (class, int) {
	first, _ := utf8.DecodeRuneInString(text)
	switch {
	case isBlank(first):
		return blank, span(text, isBlank)
	case strings.HasPrefix(text, "--"):
		return lineComment, lineEnd(text)
	case strings.HasPrefix(text, "/*"):
		return blockComment, commentEnd(text)
	case first == '\'':
		return literal, quoteEnd(text, '\'', false)
	case first == '"':
		return quotedName, quoteEnd(text, '"', false)
	case first == '$':
		return dollar(text)
	case isDigit(first), first == '.' && len(text) > 1 && isDigit(rune(text[1])):
		return number, numberEnd(text)
	case isWordStart(first):
		return prefixed(text)
	}
	return symbol, symbolEnd(text)
}

func isBlank(r rune) bool { return unicode.IsSpace(r) }

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

func isWordStart(r rune) bool { return r == '_' || unicode.IsLetter(r) || r >= utf8.RuneSelf }

func isWordPart(r rune) bool { return isWordStart(r) && !isBlank(r) || isDigit(r) || r == '$' }

func span(text string, in func(rune) bool) int {
	if end := strings.IndexFunc(text, func(r rune) bool { return !in(r) }); end >= 0 {
		return end
	}
	return len(text)
}

func lineEnd(text string) int {
	if end := strings.IndexByte(text, '\n'); end >= 0 {
		return end
	}
	return len(text)
}

func commentEnd(text string) int {
	depth := 0
	for at := 0; at+1 < len(text); at++ {
		switch text[at : at+2] {
		case "/*":
			depth++
			at++
		case "*/":
			depth--
			at++
			if depth == 0 {
				return at + 1
			}
		}
	}
	return -1
}

// quoteEnd is where a quoted text ends; a quote in it is written twice or, with escapes, behind a backslash.
func quoteEnd(text string, quote byte, escapes bool) int {
	for at := 1; at < len(text); at++ {
		switch {
		case escapes && text[at] == '\\':
			at++
		case text[at] == quote && at+1 < len(text) && text[at+1] == quote:
			at++
		case text[at] == quote:
			return at + 1
		}
	}
	return -1
}

// dollar is a text between dollar tags, or a parameter such as $1.
func dollar(text string) (class, int) {
	tag := 1 + span(text[1:], func(r rune) bool { return isWordPart(r) && r != '$' })
	if tag == len(text) || text[tag] != '$' {
		return symbol, tag
	}
	opening := text[:tag+1]
	end := strings.Index(text[len(opening):], opening)
	if end < 0 {
		return literal, -1
	}
	return literal, end + 2*len(opening)
}

// prefixed is a word, or a text with a letter before its quote.
func prefixed(text string) (class, int) {
	end := span(text, isWordPart)
	if end == 1 && len(text) > 1 && text[1] == '\'' && strings.ContainsAny(text[:1], "eExXbB") {
		length := quoteEnd(text[1:], '\'', strings.ContainsAny(text[:1], "eE"))
		if length < 0 {
			return literal, -1
		}
		return literal, 1 + length
	}
	return word, end
}

func numberEnd(text string) int {
	end := 0
	for end < len(text) {
		c := rune(text[end])
		isSign := (c == '+' || c == '-') && (text[end-1] == 'e' || text[end-1] == 'E') && !strings.HasPrefix(text, "0x")
		if !isDigit(c) && c != '.' && c != '_' && !unicode.IsLetter(c) && !isSign {
			break
		}
		end++
	}
	return end
}

const operatorCharacters = "+-*/<>=~!@#%^&|`?:"

// symbolEnd takes an operator as a whole, and everything else one by one. As in the database, an operator ends before a comment, and in
// + or - only if it has a character that no operator of the standard has.
func symbolEnd(text string) int {
	end := span(text, func(r rune) bool { return strings.ContainsRune(operatorCharacters, r) })
	for _, comment := range []string{"--", "/*"} {
		if at := strings.Index(text[:end], comment); at >= 0 {
			end = at
		}
	}
	for end > 1 && strings.ContainsRune("+-", rune(text[end-1])) && !strings.ContainsAny(text[:end], "~!@#%^&|`?") {
		end--
	}
	if end > 0 {
		return end
	}
	_, size := utf8.DecodeRuneInString(text)
	return size
}
