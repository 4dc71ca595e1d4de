package build

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"countinghouse/internal/model"
	"countinghouse/internal/suggest"
)

// Every statement that holds a query begins it on its second line, so that DuckDB's line numbers can be told as the file's.
const linesBeforeQuery = 1

var (
	duckdbLine       = regexp.MustCompile(`(?s)\n+LINE (\d+):.*`)
	duckdbKind       = regexp.MustCompile(`^(Binder|Catalog|Parser|Conversion|Invalid Input|Out of Range) Error: `)
	duckdbUnknown    = regexp.MustCompile(`(?:Referenced column|does not have a column named) "([^"]+)"`)
	duckdbCandidates = regexp.MustCompile(`(?s)\s*Candidate bindings:[\s:]*(.*)$`)
	duckdbFunctions  = regexp.MustCompile(`(?s)\s*Candidate functions:.*$`)
)

// problem tells an error of DuckDB's with the file and the line of the model, in one line and with what was probably meant.
func (n *node) problem(err error) error {
	if n.model == nil {
		return err
	}
	var known model.Problem
	if errors.As(err, &known) {
		return err
	}
	text, line := err.Error(), 0
	if found := duckdbLine.FindStringSubmatch(text); found != nil {
		if number, err := strconv.Atoi(found[1]); err == nil {
			line = max(0, number-linesBeforeQuery)
		}
	}
	return n.model.Problem(line, inOneLine(text, n.query))
}

// problemHint follows an error that has a remedy outside of the model.
func problemHint(text string) string {
	if strings.Contains(text, "Out of Memory Error") {
		return " (raise resources.memory_limit, or have less in memory at once: kind: by_month makes a table month by month)"
	}
	return ""
}

func inOneLine(text, query string) string {
	hint := problemHint(text)
	text, _, _ = strings.Cut(text, "\nPossible solutions:") // DuckDB's, which are settings that a locked session has not
	text = duckdbLine.ReplaceAllString(text, "")
	text = duckdbFunctions.ReplaceAllString(text, "")
	candidates := duckdbCandidates.FindStringSubmatch(text)
	text = duckdbCandidates.ReplaceAllString(text, "")
	if unknown := duckdbUnknown.FindStringSubmatch(text); unknown != nil {
		text += suggest.DidYouMean(unknown[1], namesFor(unknown[1], candidates, query))
	}
	text = strings.ReplaceAll(text, "Values list", "Table") // which is what DuckDB calls a named step
	return duckdbKind.ReplaceAllString(strings.Join(strings.Fields(text), " "), "") + hint
}

var word = regexp.MustCompile(`[\p{L}_][\p{L}\d_]*`)

// namesFor are what an unknown column may have been meant to be: what DuckDB proposes, or else the other words of the query.
func namesFor(unknown string, candidates []string, query string) []string {
	if candidates != nil {
		return strings.Split(strings.NewReplacer(`"`, "", " ", "").Replace(candidates[1]), ",")
	}
	return slices.DeleteFunc(word.FindAllString(query, -1), func(name string) bool { return name == unknown })
}
