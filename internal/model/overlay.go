package model

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

type file struct {
	label string
	data  []byte
}

// overlaid is the files of all sources by path; the last source wins.
type overlaid map[string]file

func overlay(sources []Source) (overlaid, error) {
	files := overlaid{}
	for _, source := range sources {
		err := fs.WalkDir(source.Files, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || strings.Contains(name, "testdata/") {
				return err
			}
			data, err := fs.ReadFile(source.Files, name)
			key := name
			if name == parametersFile {
				key = path.Join(source.Label, name) // parameters add up, they do not replace one another
			}
			files[key] = file{label: path.Join(source.Label, name), data: data}
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
	About   string `yaml:"about"`
	Chinese string `yaml:"zh"`
}

func (o overlaid) parameters() (map[string]Parameter, error) {
	declared := map[string]Parameter{}
	for _, name := range o.names() {
		if path.Base(name) != parametersFile {
			continue
		}
		var some map[string]Parameter
		if err := yaml.UnmarshalWithOptions(o[name].data, &some, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("%s: %s", o[name].label, yaml.FormatError(err, false, false))
		}
		for parameter, what := range some {
			declared[parameter] = what
		}
	}
	return declared, nil
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
			return nil, fmt.Errorf("parameter %s: no model declares it in parameters.yaml", name)
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
