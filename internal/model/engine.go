package model

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"countinghouse/internal/suggest"
)

var (
	engineLine       = regexp.MustCompile(`(?s)\n+LINE (\d+):.*`)
	engineKind       = regexp.MustCompile(`^(Binder|Catalog|Parser|Conversion|Invalid Input|Out of Range) Error: `)
	engineUnknown    = regexp.MustCompile(`(?:Referenced column|does not have a column named) "([^"]+)"`)
	engineCandidates = regexp.MustCompile(`(?s)\s*Candidate bindings:[\s:]*(.*)$`)
	engineFunctions  = regexp.MustCompile(`(?s)\s*Candidate functions:.*$`)
	engineAdvice     = regexp.MustCompile(`(?s)\nPossible solutions:.*$`) // settings, which a locked session has not
	word             = regexp.MustCompile(`[\p{L}_][\p{L}\d_]*`)
)

// EngineError tells an error of DuckDB's in one line, with what was probably meant, and the line of the query in which it is, from 1; 0 where
// DuckDB names none. The query is to begin on the second line of the statement.
func EngineError(err error, query string) (line int, message string) {
	text := err.Error()
	if found := engineLine.FindStringSubmatch(text); found != nil {
		if number, err := strconv.Atoi(found[1]); err == nil {
			line = max(0, number-1)
		}
	}
	for _, noise := range []*regexp.Regexp{engineLine, engineFunctions, engineAdvice} {
		text = noise.ReplaceAllString(text, "")
	}
	candidates := engineCandidates.FindStringSubmatch(text)
	text = engineCandidates.ReplaceAllString(text, "")
	if unknown := engineUnknown.FindStringSubmatch(text); unknown != nil {
		text += suggest.DidYouMean(unknown[1], namesFor(unknown[1], candidates, query))
	}
	text = strings.ReplaceAll(text, "Values list", "Table") // which is what DuckDB calls a named step
	return line, engineKind.ReplaceAllString(strings.Join(strings.Fields(text), " "), "") + remedy(text)
}

// namesFor are what an unknown column may have been meant to be: what DuckDB proposes, or else the other words of the query.
func namesFor(unknown string, candidates []string, query string) []string {
	if candidates != nil {
		return strings.Split(strings.NewReplacer(`"`, "", " ", "").Replace(candidates[1]), ",")
	}
	return slices.DeleteFunc(word.FindAllString(query, -1), func(name string) bool { return name == unknown })
}

// remedy follows an error that can be mended outside of the model.
func remedy(text string) string {
	if strings.Contains(text, "Out of Memory Error") {
		return " (raise resources.memory_limit, or have less in memory at once: kind: by_month makes a table month by month)"
	}
	return ""
}

// EngineProblem is an error of DuckDB's about the model's query, told with its place. One that is a Problem already stays as it is.
func (m *Model) EngineProblem(err error) error {
	var known Problem
	if errors.As(err, &known) {
		return err
	}
	line, message := EngineError(err, m.Query)
	return m.Problem(line, message)
}
