package catalogue

import (
	"slices"
	"strings"
	"time"

	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
)

// Table finds a table by its name; nil if there is none.
func (c *Catalogue) Table(name string) *Table {
	at, found := slices.BinarySearchFunc(c.Tables, name, func(table Table, name string) int { return strings.Compare(table.Name, name) })
	if !found {
		return nil
	}
	return &c.Tables[at]
}

// SetTypes gives the columns their types. A table whose header describes no column gets those that its SQL gives.
func (t *Table) SetTypes(columns []warehouse.Column) {
	if len(t.Columns) == 0 {
		for _, column := range columns {
			t.Columns = append(t.Columns, Column{Name: column.Name, Type: column.Type})
		}
		return
	}
	for i := range t.Columns {
		for _, column := range columns {
			if t.Columns[i].Type == "" && strings.EqualFold(column.Name, t.Columns[i].Name) {
				t.Columns[i].Type = column.Type
			}
		}
	}
}

// Untyped says whether the type of some column is not known.
func (t *Table) Untyped() bool {
	return len(t.Columns) == 0 || slices.ContainsFunc(t.Columns, func(column Column) bool { return column.Type == "" })
}

// SetBuilt notes what is current of a table.
func (t *Table) SetBuilt(manifest snapshot.Manifest, zone *time.Location) {
	t.Built = &Built{
		Fingerprint: manifest.Fingerprint, Rows: manifest.Rows, Bytes: manifest.Bytes, Seconds: manifest.Seconds, CPUSeconds: manifest.CPUSeconds,
		PeakMemory: manifest.PeakMemory, Spilled: manifest.Spilled, Digest: manifest.Digest, Files: len(manifest.Files), Parts: len(manifest.Parts),
		Parameters: manifest.Parameters, Changed: manifest.SQL != "" && spaceless(manifest.SQL) != spaceless(t.SQL),
	}
	if !manifest.BuiltAt.IsZero() {
		t.Built.At = manifest.BuiltAt.In(zone)
	}
	t.SetTypes(manifest.Columns)
}

// spaceless is a text without what spaces and line ends make of it.
func spaceless(text string) string { return strings.Join(strings.Fields(text), " ") }
