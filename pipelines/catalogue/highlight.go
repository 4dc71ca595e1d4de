package catalogue

import (
	"html"
	"html/template"
	"strings"
	"unicode"
	"unicode/utf8"
)

// highlight marks keywords, texts, numbers and comments of SQL, and links the tables that have a page. It is for reading only: what it takes
// for a keyword decides nothing.
func highlight(query string, link func(table string) string) template.HTML {
	var out strings.Builder
	for rest := query; rest != ""; {
		kind, length := token(rest)
		text := rest[:length]
		rest = rest[length:]
		switch target := linkOf(kind, text, link); {
		case target != "":
			out.WriteString(`<a href="` + target + `">` + html.EscapeString(text) + "</a>")
		case kind == "word" && isKeyword(strings.ToLower(text)):
			out.WriteString("<b>" + html.EscapeString(text) + "</b>")
		case kind == "text" || kind == "number" || kind == "comment":
			out.WriteString(`<span class="` + kind + `">` + html.EscapeString(text) + "</span>")
		default:
			out.WriteString(html.EscapeString(text))
		}
	}
	return template.HTML(out.String()) // every text in it is escaped, and addresses are href's
}

func linkOf(kind, text string, link func(table string) string) string {
	if kind != "word" || !strings.Contains(text, ".") {
		return ""
	}
	return link(strings.ToLower(text))
}

// token gives the kind of what a text begins with, and its length in bytes.
func token(text string) (kind string, length int) {
	first, size := utf8.DecodeRuneInString(text)
	switch {
	case strings.HasPrefix(text, "--"):
		return "comment", upTo(text, "\n", 2)
	case strings.HasPrefix(text, "/*"):
		return "comment", upTo(text, "*/", 2) + len("*/")*boolean(strings.Contains(text[2:], "*/"))
	case first == '\'':
		return "text", quoted(text, '\'')
	case first == '"':
		return "name", quoted(text, '"')
	case unicode.IsDigit(first):
		return "number", while(text, func(r rune) bool { return unicode.IsDigit(r) || r == '.' || r == '_' })
	case unicode.IsLetter(first) || first == '_':
		return "word", while(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '.' })
	}
	return "other", size
}

func boolean(is bool) int {
	if is {
		return 1
	}
	return 0
}

// upTo is how far it is to an end that begins after so many bytes; the whole text where there is none.
func upTo(text, end string, after int) int {
	if at := strings.Index(text[after:], end); at >= 0 {
		return after + at
	}
	return len(text)
}

// quoted is the length of a text in quotes; a doubled quote is one of its letters.
func quoted(text string, quote byte) int {
	for i := 1; i < len(text); i++ {
		if text[i] != quote {
			continue
		}
		if i+1 < len(text) && text[i+1] == quote {
			i++
			continue
		}
		return i + 1
	}
	return len(text)
}

func while(text string, is func(rune) bool) int {
	for i, letter := range text {
		if !is(letter) {
			return i
		}
	}
	return len(text)
}

func isKeyword(word string) bool {
	switch word {
	case "all", "and", "anti", "any", "as", "asc", "asof", "between", "by", "case", "cast", "cross", "current", "date", "desc", "distinct", "else", "end",
		"except", "exclude", "exists", "false", "filter", "first", "following", "from", "full", "group", "having", "in", "inner", "intersect", "interval",
		"is", "join", "last", "lateral", "left", "like", "limit", "materialized", "not", "null", "nulls", "on", "or", "order", "outer", "over",
		"partition", "preceding", "qualify", "range", "recursive", "right", "row", "rows", "select", "semi", "then", "true", "unbounded", "union",
		"using", "values", "when", "where", "window", "with":
		return true
	}
	return false
}
