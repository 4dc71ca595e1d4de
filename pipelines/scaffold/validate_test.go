package scaffold_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"countinghouse/pipelines/scaffold"

	"github.com/goccy/go-yaml"
)

// object is a JSON object.
type object = map[string]any

// read gives the schema of a kind of file.
func read(t *testing.T, kind string) object {
	t.Helper()
	texts, err := scaffold.Schemas()
	if err != nil {
		t.Fatal(err)
	}
	var schema object
	if err := json.Unmarshal(texts["editor/"+kind+".schema.json"], &schema); err != nil {
		t.Fatal(err)
	}
	return schema
}

// parsed gives a YAML text as JSON has it, so that its numbers and keys are of the types of JSON.
func parsed(t *testing.T, text []byte) any {
	t.Helper()
	made, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(made, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// validate is a validator of JSON schemas: the keywords that ours have, by the words of the standard. Another keyword is an error.
func validate(schema object, value any, place string) []string {
	var problems []string
	for keyword, wanted := range schema {
		switch keyword {
		case "$schema", "description", "default", "additionalProperties":
		case "type":
			names, several := wanted.([]any)
			if !several {
				names = []any{wanted}
			}
			if !slices.ContainsFunc(names, func(name any) bool { return isOf(name.(string), value) }) {
				problems = append(problems, fmt.Sprintf("%s: %v is no %s", place, value, wanted))
			}
		case "enum":
			if !slices.ContainsFunc(wanted.([]any), func(known any) bool { return reflect.DeepEqual(known, value) }) {
				problems = append(problems, fmt.Sprintf("%s: %v is none of %v", place, value, wanted))
			}
		case "required":
			for _, key := range wanted.([]any) {
				if members, ok := value.(object); ok && members[key.(string)] == nil {
					problems = append(problems, fmt.Sprintf("%s: no %s", place, key))
				}
			}
		case "items":
			list, _ := value.([]any)
			for i, item := range list {
				problems = append(problems, validate(wanted.(object), item, fmt.Sprintf("%s[%d]", place, i))...)
			}
		case "properties":
			problems = append(problems, members(schema, value, place)...)
		case "anyOf":
			if !slices.ContainsFunc(wanted.([]any), func(one any) bool { return len(validate(one.(object), value, place)) == 0 }) {
				problems = append(problems, fmt.Sprintf("%s: %v is like none", place, value))
			}
		default:
			problems = append(problems, "unknown keyword "+keyword)
		}
	}
	if _, named := schema["properties"]; !named && schema["additionalProperties"] != nil {
		problems = append(problems, members(schema, value, place)...)
	}
	return problems
}

func members(schema object, value any, place string) []string {
	var problems []string
	properties, _ := schema["properties"].(object)
	held, _ := value.(object)
	for key, member := range held {
		if named, ok := properties[key].(object); ok {
			problems = append(problems, validate(named, member, place+"."+key)...)
			continue
		}
		switch rest := schema["additionalProperties"].(type) {
		case object:
			problems = append(problems, validate(rest, member, place+"."+key)...)
		case bool:
			if !rest {
				problems = append(problems, fmt.Sprintf("%s: unknown key %s", place, key))
			}
		}
	}
	return problems
}

func isOf(name string, value any) bool {
	switch v := value.(type) {
	case object:
		return name == "object"
	case []any:
		return name == "array"
	case string:
		return name == "string"
	case bool:
		return name == "boolean"
	case float64:
		return name == "number" || name == "integer" && v == float64(int64(v))
	}
	return false
}

func TestTheValidatorItself(t *testing.T) {
	schema := object{
		"type": "object", "additionalProperties": false, "required": []any{"a"},
		"properties": object{
			"a": object{"type": "integer"}, "b": object{"type": "array", "items": object{"type": "string", "enum": []any{"x", "y"}}},
			"c": object{"type": "object", "additionalProperties": object{"type": "boolean"}},
			"d": object{"anyOf": []any{object{"type": "string"}, object{"type": []any{"number", "boolean"}}}},
		},
	}
	for text, bad := range map[string]int{
		"a: 1": 0, "a: 1.5": 1, "b: [x]": 1, "{a: 1, b: [x, y]}": 0, "{a: 1, b: [x, z, w]}": 2, "{a: 1, c: {k: true}}": 0, "{a: 1, c: {k: 1}}": 1,
		"{a: 1, d: 1.5}": 0, "{a: 1, d: x}": 0, "{a: 1, d: true}": 0, "{a: 1, d: [1]}": 1, "{a: 1, e: 1}": 1, "[1]": 1,
	} {
		if problems := validate(schema, parsed(t, []byte(text)), "$"); len(problems) != bad {
			t.Errorf("%s: %d problems, want %d: %v", text, len(problems), bad, problems)
		}
	}
}
