package scaffold

import (
	_ "embed" // of the notes
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"

	"countinghouse/internal/model"
)

//go:embed notes.yaml
var notesText []byte

// note is what no Go type says of a value. Its place is the way from the top of a file to it: keys joined by dots, * for a key that the
// writer chooses; the members of a list have the place of the list.
type note struct {
	About    string   `yaml:"about"`
	Required []string `yaml:"required"` // keys that must be there
	Values   []string `yaml:"values"`   // the words that are known
	Omit     []string `yaml:"omit"`     // keys that the Go type has and this kind of file has not
}

// readNotes gives the notes by kind of file and place.
func readNotes() (map[string]map[string]note, error) {
	var notes map[string]map[string]note
	if err := yaml.UnmarshalWithOptions(notesText, &notes, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("notes.yaml: %s", yaml.FormatError(err, false, false))
	}
	return notes, nil
}

// schema is a JSON schema.
type schema = map[string]any

// describer makes the schema of Go types that YAML is read into.
type describer struct {
	notes map[string]note // by place
}

func (d describer) describe(t reflect.Type, place string) schema {
	made := d.shape(t, place)
	note := d.notes[place]
	if note.About != "" {
		made["description"] = note.About
	}
	subject := made
	if items, isList := made["items"].(schema); isList {
		subject = items // what is said of a list's members stands at the list
	}
	if len(note.Required) > 0 {
		subject["required"] = note.Required
	}
	if len(note.Values) > 0 {
		subject["enum"] = note.Values
	}
	return made
}

func (d describer) shape(t reflect.Type, place string) schema {
	switch t.Kind() {
	case reflect.Pointer:
		return d.shape(t.Elem(), place)
	case reflect.Struct:
		properties := schema{}
		d.addKeys(t, place, properties)
		if len(properties) == 0 { // it reads itself: a number, a text, true or false
			return schema{"type": []string{"string", "number", "boolean"}}
		}
		for _, key := range d.notes[place].Omit {
			delete(properties, key)
		}
		return schema{"type": "object", "additionalProperties": false, "properties": properties}
	case reflect.Slice:
		return schema{"type": "array", "items": d.shape(t.Elem(), place)}
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": d.describe(t.Elem(), join(place, "*"))}
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return schema{"type": "integer"}
	case reflect.Float64:
		return schema{"type": "number"}
	case reflect.String:
		return schema{"type": "string"}
	case reflect.Interface:
		return schema{}
	default:
		panic(fmt.Sprintf("%s: no YAML is read into a %s", place, t))
	}
}

// addKeys adds the keys that a struct is read from.
func (d describer) addKeys(t reflect.Type, place string, properties schema) {
	for i := range t.NumField() {
		field := t.Field(i)
		key, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		switch {
		case key == "" || key == "-":
		case t == reflect.TypeFor[model.Header]() && key == "columns":
			properties[key] = d.named(place, key, d.describe(reflect.TypeFor[model.Column](), join(key, "*")))
		case t == reflect.TypeFor[model.Header]() && key == "audits":
			properties[key] = d.named(place, key, d.audit(join(key, "*")))
		default:
			properties[key] = d.describe(field.Type, join(place, key))
		}
	}
}

// named is a map of names that the writer chooses, which a header keeps in their order and reads by itself.
func (d describer) named(place, key string, value schema) schema {
	return schema{"type": "object", "description": d.notes[join(place, key)].About, "additionalProperties": value}
}

// audit is a text, or an object; internal/model reads it by hand, so its keys stand here.
func (d describer) audit(place string) schema {
	properties := schema{}
	for _, key := range []string{"query", "where", "severity", "about"} {
		properties[key] = d.describe(reflect.TypeFor[string](), join(place, key))
	}
	object := schema{"type": "object", "additionalProperties": false, "properties": properties}
	return schema{"description": d.notes[place].About, "anyOf": []schema{{"type": "string"}, object}}
}

func join(place, key string) string { return strings.TrimPrefix(place+"."+key, ".") }
