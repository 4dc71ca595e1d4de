package arch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// room is where a package lives: pipelines and internal have many, of which each is one.
func room(dir string) string {
	first, rest, nested := strings.Cut(dir, "/")
	if !nested || (first != "pipelines" && first != "internal") {
		return first
	}
	second, _, _ := strings.Cut(rest, "/")
	return first + "/" + second
}

// allowed are the rooms that a room may import from, besides itself: the table of docs/ARCHITECTURE.md.
var allowed = map[string][]string{
	"cmd":       {"jobs", "pipelines", "internal", "schemas", "sql"},
	"jobs":      {"pipelines", "internal", "schemas", "sql"},
	"pipelines": {"internal", "schemas", "sql"},
	"internal":  {"internal"},
	"schemas":   {},
	"sql":       {},
}

// Directions finds imports that go the wrong way. Tests may look anywhere: they tie together what must fit together.
func Directions(t *Tree) []Violation {
	var found []Violation
	for _, file := range t.Go {
		if file.Test {
			continue
		}
		imports := t.imports(file)
		for _, imported := range slices.Sorted(maps.Keys(imports)) {
			ours, own := strings.CutPrefix(imported, Module+"/")
			if own && !mayImport(room(file.Dir), room(ours)) {
				found = append(found, Violation{file.Path, imports[imported], fmt.Sprintf("%s may not import %s", room(file.Dir), ours)})
			}
		}
	}
	return found
}

func mayImport(from, to string) bool {
	group, _, _ := strings.Cut(from, "/")
	target, _, _ := strings.Cut(to, "/")
	return from == to || slices.Contains(allowed[group], target)
}

// Leaves finds imports of libraries in schemas and sql, which are data with a few lines of Go around them.
func Leaves(t *Tree) []Violation {
	var found []Violation
	for _, file := range t.Go {
		if file.Test || !under(file.Dir, "schemas") && !under(file.Dir, "sql") {
			continue
		}
		for imported, line := range t.imports(file) {
			if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") {
				found = append(found, Violation{file.Path, line, room(file.Dir) + " may not import " + imported})
			}
		}
	}
	return found
}

// heavy are the libraries with one importer each, so that they can be understood, mended and replaced in one place. Tests
// are held to it too, but for those that check a format with the library that is its reference.
var heavy = map[string][]string{
	"github.com/duckdb":               {"internal/warehouse"},
	"cloud.google.com/go/storage":     {"internal/objectstore/gcs"},
	"google.golang.org/api":           {"internal/objectstore/gcs"},
	"github.com/go-co-op/gocron":      {"jobs"},
	"github.com/robfig/cron":          {"jobs"},
	"github.com/prometheus":           {"jobs/metrics"},
	"github.com/xuri/excelize":        {"internal/contract/reader", "pipelines/conform", "pipelines/erase", "pipelines/generate", "pipelines/pack", "cmd/bench"},
	"github.com/spf13":                {"cmd"},
	"github.com/jedib0t/go-pretty":    {"cmd"},
	"github.com/schollz/progressbar":  {"cmd"},
	"github.com/nyaruka/phonenumbers": {"pipelines/identity", "internal/identifier"},
	"github.com/pkg/sftp":             {"internal/origin/sftp"},
	"golang.org/x/crypto/ssh":         {"internal/origin/sftp"},
	"github.com/jackc/pgx":            {"pipelines/publish"},
	"github.com/marcboeker/go-duckdb": {}, // moved to github.com/duckdb
	"github.com/klauspost/compress":   {"internal/columnfile"},
	"github.com/google/uuid":          {}, // ids are made from what is passed in
}

// Importers finds imports of heavy libraries outside their place.
func Importers(t *Tree) []Violation {
	var found []Violation
	for _, file := range t.Go {
		for imported, line := range t.imports(file) {
			for library, places := range heavy {
				in := func(place string) bool { return under(file.Dir, place) }
				if under(imported, library) && !slices.ContainsFunc(places, in) {
					rule := fmt.Sprintf("%s may be imported in %s only", imported, strings.Join(places, " and "))
					found = append(found, Violation{file.Path, line, rule})
				}
			}
		}
	}
	return found
}
