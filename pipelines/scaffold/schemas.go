package scaffold

import (
	"encoding/json"
	"fmt"
	"reflect"

	"countinghouse/internal/contract"
	"countinghouse/internal/model"
	"countinghouse/internal/project"
)

// schemaFolder is where a project's JSON schemas lie. They are to be committed with it: an editor has no other way to them.
const schemaFolder = "editor"

// kind is one kind of YAML file.
type kind struct {
	name  string // of its schema, and of its part of the notes
	files string // the files of a project, as a glob
	typed reflect.Type
}

func kinds() []kind {
	return []kind{
		{"countinghouse", project.ConfigFile, reflect.TypeFor[project.Config]()},
		{"feed", "schemas/feeds/*.yaml", reflect.TypeFor[contract.Contract]()},
		{"dataset", "schemas/datasets/*.yaml", reflect.TypeFor[contract.Dataset]()},
		{"seed", "sql/seeds/*.yaml", reflect.TypeFor[model.Header]()},
		{"parameters", "sql/parameters.yaml", reflect.TypeFor[map[string]model.Parameter]()},
	}
}

func (k kind) file() string { return schemaFolder + "/" + k.name + ".schema.json" }

// Schemas gives the JSON schemas (draft 7) of a project's YAML files, by the path at which a project has them. Their keys and types are
// those of the Go types that the files are read into; what Go types don't say (which keys are needed, which words are known, what a key
// means) is in notes.yaml.
func Schemas() (map[string][]byte, error) {
	notes, err := readNotes()
	if err != nil {
		return nil, err
	}
	texts := map[string][]byte{}
	for _, kind := range kinds() {
		by := describer{notes[kind.name]}
		made := by.describe(kind.typed, "")
		if err := addNames(kind.name, by, made); err != nil {
			return nil, err
		}
		made["$schema"] = "http://json-schema.org/draft-07/schema#"
		if texts[kind.file()], err = indented(made); err != nil {
			return nil, fmt.Errorf("schema of %s: %w", kind.name, err)
		}
	}
	return texts, nil
}

// editorSettings tell Visual Studio Code's YAML extension which schema is whose. Other editors go by the comment at the top of a file.
func editorSettings() ([]byte, error) {
	schemas := map[string]string{}
	for _, kind := range kinds() {
		schemas["./"+kind.file()] = kind.files
	}
	return indented(map[string]any{"yaml.schemas": schemas})
}

func indented(value any) ([]byte, error) {
	text, err := json.MarshalIndent(value, "", "  ")
	return append(text, '\n'), err
}
