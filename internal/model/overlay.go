package model

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"countinghouse/internal/suggest"
)

type file struct {
	label  string
	data   []byte
	source int // its place among the sources
}

// overlaid is the files of all sources by path; the last source wins.
type overlaid map[string]file

func overlay(sources []Source) (overlaid, error) {
	files := overlaid{}
	for i, source := range sources {
		err := fs.WalkDir(source.Files, ".", func(name string, entry fs.DirEntry, err error) error {
			hidden := strings.HasPrefix(path.Base(name), ".") // what editors leave beside a file
			if err != nil || entry.IsDir() || hidden || strings.Contains(name, "testdata/") {
				return err
			}
			data, err := fs.ReadFile(source.Files, name)
			key := name
			if name == parametersFile {
				key = path.Join(source.Label, name) // parameters add up, they do not replace one another
			}
			files[key] = file{label: path.Join(source.Label, name), data: data, source: i}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read models: %w", err)
		}
	}
	return files, nil
}

func (o overlaid) names() []string {
	names := make([]string, 0, len(o))
	for name := range o {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

const parametersFile = "parameters.yaml"

// Parameter is a value that models may read with getvariable.
type Parameter struct {
	Type    string `yaml:"type"` // date, integer, decimal, text or boolean
	Default any    `yaml:"default"`
	// Accepted are the words that a text may be; none: any.
	Accepted []string `yaml:"accepted"`
	About    string   `yaml:"about"`
	Chinese  string   `yaml:"zh"`
}

func (o overlaid) parameters() (map[string]Parameter, []Problem) {
	declared := map[string]Parameter{}
	var problems []Problem
	names := slices.DeleteFunc(o.names(), func(name string) bool { return path.Base(name) != parametersFile })
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(o[a].source, o[b].source) }) // a project's own come last
	for _, name := range names {
		r := &reading{file: o[name]}
		some := map[string]Parameter{}
		r.yaml(string(o[name].data), 1, &some, "")
		problems = append(problems, r.problems...)
		maps.Copy(declared, some)
	}
	return declared, problems
}

// Values gives every declared parameter its value: the project's where it sets one, the default otherwise. The result fits
// warehouse.Options.Variables.
func (l *Library) Values(set map[string]any) (map[string]any, error) {
	values := map[string]any{}
	for name, parameter := range l.Parameters {
		value := parameter.Default
		if own, found := set[name]; found {
			value = own
		}
		typed, err := parameter.value(value)
		if err != nil {
			return nil, fmt.Errorf("parameter %s: %w", name, err)
		}
		values[name] = typed
	}
	for name := range set {
		if _, found := l.Parameters[name]; !found {
			known := slices.Collect(maps.Keys(l.Parameters))
			return nil, fmt.Errorf("parameter %s: it is not declared in parameters.yaml%s", name, suggest.DidYouMean(name, known))
		}
	}
	return values, nil
}

func (p Parameter) value(value any) (any, error) {
	if value == nil {
		return null(p.Type), nil
	}
	switch v := value.(type) {
	case time.Time:
		return v, nil
	case string:
		if p.Type == "date" {
			return time.Parse(time.DateOnly, v)
		}
		if p.Type == "text" {
			if len(p.Accepted) > 0 && !slices.Contains(p.Accepted, v) {
				return nil, fmt.Errorf("want %s, got %q", strings.Join(p.Accepted, " or "), v)
			}
			return v, nil
		}
	case bool:
		if p.Type == "boolean" {
			return v, nil
		}
	case int, int64, uint64:
		if p.Type == "integer" || p.Type == "decimal" {
			return v, nil
		}
	case float64:
		if p.Type == "decimal" {
			return v, nil
		}
	}
	return nil, fmt.Errorf("want a %s, got %v", p.Type, value)
}

// null is a parameter without a value, but with a type: DuckDB takes a bare null for an integer.
type null string

// String is the SQL of the value.
func (n null) String() string {
	types := map[null]string{"date": "date", "integer": "bigint", "decimal": "decimal(18,6)", "text": "varchar", "boolean": "boolean"}
	return "cast(null as " + types[n] + ")"
}
