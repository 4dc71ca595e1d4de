// Package lint keeps SQL models in one shape: Format rewrites what is safe to rewrite (the case of keywords, commas, blanks, empty lines),
// and Check finds what a person has to change. The rules are few and firm; docs/MODELS.md, "Style", lists them.
package lint

import (
	"cmp"
	"fmt"
	"slices"

	"countinghouse/internal/model"
	"countinghouse/internal/snapshot"
)

// Finding is one place that breaks a rule.
type Finding struct {
	File    string `json:"file"`
	Line    int    `json:"line"` // from 1
	Rule    string `json:"rule"`
	Message string `json:"message"`
	// Warning says that the model is well, and could be better described or tested.
	Warning bool `json:"warning,omitempty"`
}

// String gives file:line: rule: message.
func (f Finding) String() string {
	return fmt.Sprintf("%s:%d: %s: %s", f.File, f.Line, f.Rule, f.Message)
}

// Check gives what breaks the rules in a model that Load took, in the order of its lines. tested says whether a unit test wants its rows.
func Check(serialize model.Serializer, subject *model.Model, tested bool) ([]Finding, error) {
	tokens, err := tokenize(subject.Query)
	if err != nil {
		return nil, fmt.Errorf("lint %s: %w", subject.Name, err)
	}
	query, err := parse(serialize, subject.Query)
	if err != nil {
		return nil, fmt.Errorf("lint %s: %w", subject.Name, err)
	}
	checked := &checking{model: subject, tokens: tokens, query: query}
	for _, rule := range rules() {
		checked.rule = rule.name
		rule.check(checked)
	}
	if snapshot.IsMart(subject.Name) {
		checked.describe(tested)
	}
	findings := checked.allow()
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(findings), nil
}

// rule is one that a model's query must keep.
type rule struct {
	name  string
	check func(*checking)
}

func rules() []rule {
	return []rule{
		{"lower-case", (*checking).lowerCase},
		{"indent", (*checking).indent},
		{"long-line", (*checking).longLines},
		{"long-model", (*checking).longModel},
		{"shape", (*checking).shape},
		{"imports", (*checking).imports},
		{"keys-first", (*checking).keysFirst},
		{"star", (*checking).stars},
		{"joins", (*checking).joins},
		{"group-by", (*checking).groupBy},
		{"positions", (*checking).positions},
		{"comprehension", (*checking).comprehensions},
		{"whole-names", (*checking).wholeNames},
		{"columns", (*checking).columns},
		{"functions", (*checking).functions},
	}
}

// checking is a model being looked at, and what was found in it.
type checking struct {
	model    *model.Model
	tokens   []token
	query    query
	rule     string // the one that is being looked at
	findings []Finding
}

// report notes that a line of the query, counted from 1, breaks the rule.
func (c *checking) report(line int, format string, args ...any) {
	c.findings = append(c.findings, Finding{
		File: c.model.File, Line: c.model.QueryLine + line - 1, Rule: c.rule, Message: fmt.Sprintf(format, args...),
	})
}
