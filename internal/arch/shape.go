package arch

import (
	"fmt"
	"go/ast"
	"maps"
	"regexp"
	"slices"
)

// The most lines that a file and a function may have. Functions of tests may be longer: a table of cases is one.
const (
	maxFile     = 499
	maxFunction = 60
)

// Sizes finds Go files and functions that are too long to be read at once.
func Sizes(t *Tree) []Violation {
	var found []Violation
	for _, file := range t.Go {
		if file.Lines > maxFile {
			found = append(found, Violation{file.Path, 0, fmt.Sprintf("%d lines, at most %d", file.Lines, maxFile)})
		}
		if file.Test {
			continue
		}
		for _, declaration := range file.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok {
				continue
			}
			first := t.line(function.Pos())
			if lines := t.line(function.End()) - first + 1; lines > maxFunction {
				rule := fmt.Sprintf("%s has %d lines, at most %d", function.Name.Name, lines, maxFunction)
				found = append(found, Violation{file.Path, first, rule})
			}
		}
	}
	return found
}

// Inits finds init functions: what happens before main cannot be passed anything, nor return an error.
func Inits(t *Tree) []Violation {
	var found []Violation
	for _, file := range t.Go {
		for _, declaration := range file.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && function.Recv == nil && function.Name.Name == "init" {
				found = append(found, Violation{file.Path, t.line(function.Pos()), "no init functions"})
			}
		}
	}
	return found
}

// PackageComments finds packages without a comment that says what they are for, or with more than one.
func PackageComments(t *Tree) []Violation {
	comments, first := map[string]int{}, map[string]string{}
	for _, file := range t.Go {
		if file.Test {
			continue
		}
		if first[file.Dir] == "" {
			first[file.Dir] = file.Path
		}
		if file.Doc != nil {
			comments[file.Dir]++
		}
	}
	var found []Violation
	for _, dir := range slices.Sorted(maps.Keys(first)) {
		if n := comments[dir]; n != 1 {
			found = append(found, Violation{first[dir], 0, fmt.Sprintf("package %s has %d package comments, and should have one", dir, n)})
		}
	}
	return found
}

// PackageNames finds packages that are named for holding things rather than for what they hold.
func PackageNames(t *Tree) []Violation {
	var found []Violation
	for _, file := range t.Go {
		switch file.Name.Name {
		case "util", "utils", "common", "helpers", "helper", "misc", "base", "shared", "lib":
			found = append(found, Violation{file.Path, t.line(file.Name.Pos()), "a package called " + file.Name.Name + " is about nothing"})
		}
	}
	return found
}

// The words are put together here so that this file does not break its own rule.
var (
	unfinished = regexp.MustCompile(`\b(` + "TO" + `DO|` + "FIX" + `ME|` + "XX" + `X)\b`)
	thisPlace  = regexp.MustCompile(`(^|[^\w./:-])(/(work|root|home|Users)/\w|[A-Z]:\\Users\\|\.\./` + `shared/)`)
)

// Words finds what no file may say: that it is unfinished, or where on one machine it was written.
func Words(t *Tree) []Violation {
	var found []Violation
	for _, text := range t.Texts {
		for i, line := range text.Lines {
			if word := unfinished.FindString(line); word != "" {
				found = append(found, Violation{text.Path, i + 1, "says " + word + ": finish it, or open an issue"})
			}
			if place := thisPlace.FindString(line); place != "" {
				found = append(found, Violation{text.Path, i + 1, fmt.Sprintf("names a place of one machine: %q", place)})
			}
		}
	}
	return found
}
