package lint

import (
	"strings"
	"unicode/utf8"
)

// The most that a model may have; long ones are two models.
const (
	maxLine  = 160 // characters
	maxLines = 120 // of the query, without the header
	maxSteps = 8   // named steps, without imports
)

func (c *checking) lowerCase() {
	for _, current := range c.tokens {
		if current.class == word && strings.ContainsFunc(current.text, func(r rune) bool { return r >= 'A' && r <= 'Z' }) {
			c.report(current.line, "write %s in lower case", current.text)
		}
	}
}

func (c *checking) indent() {
	for at, current := range c.tokens {
		if !current.breaksLine() || at+1 == len(c.tokens) {
			continue
		}
		begin := current.text[strings.LastIndexByte(current.text, '\n')+1:]
		if strings.Contains(begin, "\t") || len(begin)%4 != 0 {
			c.report(c.tokens[at+1].line, "indent by four blanks, eight and so on; here are %d", len(begin))
		}
	}
}

func (c *checking) longLines() {
	for i, line := range strings.Split(c.query.text, "\n") {
		if length := utf8.RuneCountInString(line); length > maxLine {
			c.report(i+1, "%d characters, at most %d", length, maxLine)
		}
	}
}

func (c *checking) longModel() {
	if lines := 1 + strings.Count(c.query.text, "\n"); lines > maxLines {
		c.report(1, "%d lines of SQL, at most %d: make two models of it", lines, maxLines)
	}
	steps := 0
	for _, step := range c.query.steps {
		if step.imported() == "" {
			steps++
		}
	}
	if steps > maxSteps {
		c.report(1, "%d steps besides the imports, at most %d: make two models of it", steps, maxSteps)
	}
}

// comprehensions finds [x for x in list], which no other engine knows.
func (c *checking) comprehensions() {
	var brackets []token
	for _, current := range c.tokens {
		switch {
		case current.is("[", "("):
			brackets = append(brackets, current)
		case current.is("]", ")") && len(brackets) > 0:
			brackets = brackets[:len(brackets)-1]
		case current.is("for") && len(brackets) > 0 && brackets[len(brackets)-1].is("["):
			c.report(current.line, "no list comprehension: unnest the list in a step of its own")
		}
	}
}
