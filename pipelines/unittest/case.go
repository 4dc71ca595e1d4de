// Package unittest runs the unit tests of models: files that a person can read, with the rows given to a model, the parameters, and the
// rows wanted of it. A case lies beside the models, in <schema>/testdata/<table>__<what>.txtar:
//
//	What is promised, in words, and the sum by hand.
//	-- parameters --
//	as_of: 2026-10-31
//	-- given/core.orders.csv --
//	order_id,customer_id,paid_amount
//	-- want/mart.customer_pyramid.csv --
//	customer_id,layer
//	-- want/mart.customer_pyramid.buyers.csv --
//	customer_id,days
//
// A case runs in a transaction that is rolled back, over no more tables than its models read, so that it takes milliseconds.
package unittest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"golang.org/x/tools/txtar"
)

// Source is a folder of models with cases beside them.
type Source struct {
	Files fs.FS
	Label string // begins the file names in messages
	// Dir is the folder on disk whose cases may be rewritten; empty: none may.
	Dir string
}

// Case is one file, read. A file that is no case is one too: running it tells what is wrong.
type Case struct {
	// Path is that below its source: mart/testdata/point_lots__status.txtar. A project's case replaces the built-in one of the same path.
	Path string
	File string // where it is, for people

	disk       string // where it is rewritten; empty: never
	archive    *txtar.Archive
	parameters []parameter
	given      []*table
	want       []*table
	problems   []error
}

// Name is that of the file without its folder and ending.
func (c *Case) Name() string { return strings.TrimSuffix(path.Base(c.Path), extension) }

// Wants gives the models that the case says something of, in the order of the file, each once. A model of which it only wants a named
// CTE is one of them.
func (c *Case) Wants() []string {
	var names []string
	for _, want := range c.want {
		if !slices.Contains(names, want.name) {
			names = append(names, want.name)
		}
	}
	return names
}

// Covered gives the models of which some case wants the rows; wanting those of a CTE is not enough.
func Covered(cases []*Case) map[string]bool {
	covered := map[string]bool{}
	for _, each := range cases {
		for _, want := range each.want {
			if want.cte == "" && len(each.problems) == 0 {
				covered[want.name] = true
			}
		}
	}
	return covered
}

const extension = ".txtar"

// Read gives the cases of a source by path. The error is of the folder; what is wrong with a case is told when it is run.
func Read(source Source) ([]*Case, error) {
	names, err := fs.Glob(source.Files, "*/testdata/*"+extension)
	if err != nil {
		return nil, fmt.Errorf("read unit tests: %w", err)
	}
	cases := make([]*Case, 0, len(names))
	for _, name := range names {
		data, err := fs.ReadFile(source.Files, name)
		if err != nil {
			return nil, fmt.Errorf("read unit tests: %w", err)
		}
		read := &Case{Path: name, File: path.Join(source.Label, name)}
		if source.Dir != "" {
			read.disk = filepath.Join(source.Dir, filepath.FromSlash(name))
		}
		read.parse(data)
		cases = append(cases, read)
	}
	return cases, nil
}

// Overlay gives the first cases but for those whose path is among the second's.
func Overlay(first, second []*Case) []*Case {
	replaced := map[string]bool{}
	for _, own := range second {
		replaced[own.Path] = true
	}
	return slices.DeleteFunc(slices.Clone(first), func(c *Case) bool { return replaced[c.Path] })
}

func (c *Case) problem(line int, format string, args ...any) {
	c.problems = append(c.problems, c.at(line, fmt.Errorf(format, args...)))
}

func (c *Case) at(line int, err error) error { return fmt.Errorf("%s:%d: %w", c.File, line, err) }

func (c *Case) parse(data []byte) {
	c.archive = txtar.Parse(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")))
	line := 1 + bytes.Count(c.archive.Comment, []byte("\n"))
	seen := map[string]bool{}
	for i := range c.archive.Files {
		part := &c.archive.Files[i]
		if seen[part.Name] {
			c.problem(line, "%s is there twice", part.Name)
		}
		seen[part.Name] = true
		c.part(part, line)
		line += 1 + bytes.Count(part.Data, []byte("\n"))
	}
	if len(c.want) == 0 && len(c.problems) == 0 {
		c.problem(1, "the case wants nothing: give it a part `-- want/mart.name.csv --`")
	}
}

// part reads one part; line is that of its marker.
func (c *Case) part(part *txtar.File, line int) {
	folder, base := path.Split(part.Name)
	var err error
	switch {
	case part.Name == "parameters":
		c.parameters, err = readParameters(part.Data, line)
	case folder == "given/" || folder == "want/":
		err = c.tablePart(part, folder == "want/", strings.ToLower(base), line)
	default:
		c.problem(line, "%q is no part of a case: want parameters, given/<schema>.<table>.csv or want/<schema>.<table>.csv", part.Name)
	}
	if err != nil {
		c.problems = append(c.problems, c.placed(line, err))
	}
}

// placed gives an error its file and line: its own line, or else that of the part.
func (c *Case) placed(line int, err error) error {
	var own lineError
	if errors.As(err, &own) {
		return c.at(own.line, own.error)
	}
	return c.at(line, err)
}

// lineError is what is wrong in a line of the file.
type lineError struct {
	line int
	error
}

func (c *Case) tablePart(part *txtar.File, wanted bool, base string, line int) error {
	names := strings.Split(base, ".")
	isCTE := wanted && len(names) == 4
	if (len(names) != 3 && !isCTE) || names[len(names)-1] != "csv" {
		return fmt.Errorf("%q: want a table's name, such as given/core.orders.csv, want/mart.name.csv, or want/mart.name.step.csv for a named CTE", part.Name)
	}
	read, err := readTable(part.Data, line)
	if err != nil {
		return err
	}
	read.name, read.part = names[0]+"."+names[1], part
	if isCTE {
		read.cte = names[2]
	}
	if wanted {
		c.want = append(c.want, read)
	} else {
		c.given = append(c.given, read)
	}
	return nil
}

// parameter is one line under parameters.
type parameter struct {
	name  string
	value any
	line  int
}

// readParameters reads `name: value`, one a line. line is that of the part's marker.
func readParameters(data []byte, line int) ([]parameter, error) {
	var items yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(data, &items, yaml.UseOrderedMap()); err != nil {
		return nil, fmt.Errorf("parameters: %s", yaml.FormatError(err, false, false))
	}
	parameters := make([]parameter, len(items))
	for i, item := range items {
		name := fmt.Sprint(item.Key)
		parameters[i] = parameter{name: name, value: item.Value, line: line + lineOf(data, name)}
	}
	return parameters, nil
}

// lineOf is the line of the text that begins with the key, counted from 1; 0 if none does, as in a flow mapping.
func lineOf(text []byte, key string) int {
	for i, line := range strings.Split(string(text), "\n") {
		if before, _, found := strings.Cut(line, ":"); found && strings.Trim(strings.TrimSpace(before), `"'`) == key {
			return i + 1
		}
	}
	return 0
}

// table is the rows of one part.
type table struct {
	name    string // schema.table
	cte     string // of a wanted CTE
	part    *txtar.File
	line    int // of the header
	columns []string
	rows    []row
}

// title names what is wanted, for people.
func (t *table) title() string { return strings.TrimSuffix(t.name+"."+t.cte, ".") }

type row struct {
	line  int
	cells []*string // nil is null
}
