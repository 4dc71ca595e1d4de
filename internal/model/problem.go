package model

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Problem is one thing that is wrong with a project's file, and where. The errors of Load are made of them.
type Problem struct {
	File    string `json:"file,omitempty"` // empty: the text has none
	Line    int    `json:"line,omitempty"` // from 1; 0: the text as a whole
	Message string `json:"message"`
}

// Error is file:line: message, as far as the place is known. A text without a file is mostly one line, which is not named.
func (p Problem) Error() string {
	switch {
	case p.File == "" && p.Line <= 1:
		return p.Message
	case p.File == "":
		return fmt.Sprintf("line %d: %s", p.Line, p.Message)
	case p.Line == 0:
		return p.File + ": " + p.Message
	default:
		return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Message)
	}
}

// joined is one error of all the problems, in the order of their places, each told once; nil when there are none.
func joined(problems []Problem) error {
	sorted := slices.Clone(problems)
	slices.SortFunc(sorted, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Message, b.Message))
	})
	var all []error
	for _, problem := range slices.Compact(sorted) {
		all = append(all, problem)
	}
	return errors.Join(all...)
}

// reading is one file being read, and what is found wrong with it.
type reading struct {
	*project
	file       file
	problems   []Problem
	auditReads []auditRead
}

// refuse notes a problem; line 0 is the file as a whole.
func (r *reading) refuse(line int, format string, args ...any) {
	r.problems = append(r.problems, Problem{File: r.file.label, Line: line, Message: fmt.Sprintf(format, args...)})
}

// refuseAll notes the problems of a text that begins in the given line of the file; about, if set, begins each message.
func (r *reading) refuseAll(problems []Problem, firstLine int, about string) {
	for _, problem := range problems {
		r.refuse(firstLine+max(problem.Line, 1)-1, "%s%s", about, problem.Message)
	}
}
