package build

import (
	"errors"
	"regexp"
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
	return n.model.Problem(line, inOneLine(text))
}

// problemHint follows an error that has a remedy outside of the model.
func problemHint(text string) string {
	if strings.Contains(text, "Out of Memory Error") {
		return " (raise resources.memory_limit, or have less in memory at once: kind: by_month makes a table month by month)"
	}
	return ""
}

func inOneLine(text string) string {
	hint := problemHint(text)
	text = duckdbLine.ReplaceAllString(text, "")
	text = duckdbFunctions.ReplaceAllString(text, "")
	if candidates := duckdbCandidates.FindStringSubmatch(text); candidates != nil {
		text = duckdbCandidates.ReplaceAllString(text, "")
		if unknown := duckdbUnknown.FindStringSubmatch(text); unknown != nil {
			names := strings.Split(strings.NewReplacer(`"`, "", " ", "").Replace(candidates[1]), ",")
			text += suggest.DidYouMean(unknown[1], names)
		}
	}
	return duckdbKind.ReplaceAllString(strings.Join(strings.Fields(text), " "), "") + hint
}
