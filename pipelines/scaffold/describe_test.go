package scaffold

import (
	"encoding/json"
	"testing"

	"countinghouse/internal/model"
)

// TestNotesAreAboutWhatIsThere holds the notes against the keys of the Go types: every key has a note, and no note is about a key that is gone.
func TestNotesAreAboutWhatIsThere(t *testing.T) {
	notes, err := readNotes()
	if err != nil {
		t.Fatal(err)
	}
	texts, err := Schemas()
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range kinds() {
		var made schema
		if err := json.Unmarshal(texts[kind.file()], &made); err != nil {
			t.Fatal(err)
		}
		places := map[string]bool{}
		placesOf(made, "", places)
		for place := range notes[kind.name] {
			if !places[place] {
				t.Errorf("notes.yaml: %s: there is no %s", kind.name, place)
			}
		}
		for place := range places {
			if notes[kind.name][place].About == "" {
				t.Errorf("notes.yaml: %s: %s: say what it is about", kind.name, place)
			}
		}
	}
	if len(notes) != len(kinds()) {
		t.Errorf("notes on %d kinds of files, want %d", len(notes), len(kinds()))
	}
}

// TestSeverityIsTheModels holds a word of the notes against the code that reads it.
func TestSeverityIsTheModels(t *testing.T) {
	notes, err := readNotes()
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{"audits.*.severity", "columns.*.severity"} {
		if words := notes["seed"][place].Values; len(words) != 1 || words[0] != model.SeverityWarning {
			t.Errorf("%s: %v", place, words)
		}
	}
}

// placesOf adds the places of a schema that a note can be for.
func placesOf(made schema, place string, places map[string]bool) {
	if places[place] = true; made["items"] != nil {
		placesOf(made["items"].(schema), place, places)
	}
	if chosen, ok := made["additionalProperties"].(schema); ok {
		placesOf(chosen, join(place, "*"), places)
		return // its properties are only names that are known already
	}
	for _, one := range list(made["anyOf"]) {
		placesOf(one.(schema), place, places)
	}
	properties, _ := made["properties"].(schema)
	for key := range properties {
		placesOf(properties[key].(schema), join(place, key), places)
	}
}

func list(value any) []any {
	members, _ := value.([]any)
	return members
}
