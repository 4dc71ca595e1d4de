package lint

import (
	"errors"
	"slices"
	"strings"

	"countinghouse/internal/model"
)

// ErrMeaning says that formatting would have changed what a query means, which is a fault of ours; the text was left alone.
var ErrMeaning = errors.New("formatting would change what the query means; please report it, and leave the file as it is")

const (
	headerOpen  = "/* ---\n"
	headerClose = "\n--- */"
)

// Format gives a model's file in the house's layout. Comments, texts and quoted names stay byte for byte, and so does the header. The
// parsed query is the same before and after: that is checked, with ErrMeaning if it isn't so. Formatting twice is formatting once. A
// text that does not parse is a model.Problem, with its line.
func Format(serialize model.Serializer, text string) (string, error) {
	formatted, err := layout(text)
	if err != nil {
		return text, err
	}
	before, err := hash(serialize, text)
	if err != nil || formatted == text {
		return text, err
	}
	after, err := hash(serialize, formatted)
	if err != nil || before != after {
		return text, ErrMeaning
	}
	return formatted, nil
}

func hash(serialize model.Serializer, text string) (string, error) {
	header, query := cutHeader(strings.ReplaceAll(text, "\r\n", "\n"))
	// Empty lines in the header's place make the parser's numbers those of the file.
	facts, err := model.Analyse(serialize, strings.Repeat("\n", strings.Count(header, "\n"))+strings.TrimRight(query, " \t\n"))
	return facts.Hash, err
}

// cutHeader parts a file into its header, with the comment around it, and its query. A text without a header is a query.
func cutHeader(text string) (header, query string) {
	if !strings.HasPrefix(text, headerOpen) {
		return "", text
	}
	end := strings.Index(text, headerClose)
	if end < 0 {
		return "", text
	}
	end += len(headerClose)
	return text[:end], text[end:]
}

// layout does the work of Format.
func layout(text string) (string, error) {
	header, query := cutHeader(strings.ReplaceAll(text, "\r\n", "\n"))
	tokens, err := tokenize(query)
	var problem model.Problem
	if errors.As(err, &problem) {
		problem.Line += strings.Count(header, "\n")
		return "", problem
	}
	passes := []func([]token) []token{dropEnd, lowerKeywords, commasBehind, closeLists, apart, steps, lines}
	for _, pass := range passes {
		tokens = pass(tokens)
	}
	var made strings.Builder
	made.WriteString(header)
	if header != "" {
		made.WriteByte('\n')
	}
	for _, token := range tokens {
		made.WriteString(token.text)
	}
	return made.String(), nil
}

// dropEnd takes away the semicolons at the end, and the blanks before them.
func dropEnd(tokens []token) []token {
	for at := len(tokens) - 1; at >= 0 && (!tokens[at].counts() || tokens[at].is(";")); at-- {
		if !tokens[at].is(";") {
			continue
		}
		from := at
		if at > 0 && tokens[at-1].class == blank && !tokens[at-1].breaksLine() {
			from--
		}
		tokens = slices.Delete(tokens, from, at+1)
		at = from
	}
	return tokens
}

// commasBehind moves a comma that begins a line to the end of what it follows. Of the blanks on its two sides those stay that end a line.
func commasBehind(tokens []token) []token {
	var made []token
	for at := 0; at < len(tokens); at++ {
		before := lastThatCounts(made)
		if !tokens[at].is(",") || before < 0 || !made[len(made)-1].breaksLine() {
			made = append(made, tokens[at])
			continue
		}
		made = slices.Insert(made, before+1, tokens[at])
		if at+1 == len(tokens) || tokens[at+1].class != blank {
			continue
		}
		if at++; tokens[at].breaksLine() {
			made[len(made)-1] = tokens[at]
		}
	}
	return made
}

// lastThatCounts is the place of the last token that is no blank and no comment, -1 without one.
func lastThatCounts(tokens []token) int {
	for at := len(tokens) - 1; at >= 0; at-- {
		if tokens[at].counts() {
			return at
		}
	}
	return -1
}

// firstThatCounts is the place of the first such token from a place on; len(tokens) without one.
func firstThatCounts(tokens []token, from int) int {
	for from < len(tokens) && !tokens[from].counts() {
		from++
	}
	return from
}
