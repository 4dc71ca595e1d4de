package scaffold_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"countinghouse/internal/contract"
	"countinghouse/internal/project"
	"countinghouse/pipelines/scaffold"
	"countinghouse/schemas"

	"github.com/google/go-cmp/cmp"
)

func create(t *testing.T, dir string) []string {
	t.Helper()
	files, err := scaffold.Create(dir, "My: brand")
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, file := range files {
		if file.Kept {
			paths = append(paths, "kept "+file.Path)
			continue
		}
		paths = append(paths, file.Path)
	}
	return paths
}

func text(t *testing.T, dir, name string) []byte {
	t.Helper()
	read, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func TestCreate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "brand")
	want := []string{
		".gitignore", ".vscode/settings.json", "README.md", "countinghouse.yaml",
		"editor/countinghouse.schema.json", "editor/dataset.schema.json", "editor/feed.schema.json", "editor/parameters.schema.json", "editor/seed.schema.json",
		"inbox/stall_sales_20250531.csv", "schemas/feeds/stall_sales.yaml", "sql/mart/sales_by_month.sql", "sql/mart/testdata/sales_by_month__first_and_last_day.txtar",
	}
	if difference := cmp.Diff(want, create(t, dir)); difference != "" {
		t.Errorf("- want, + got\n%s", difference)
	}
	if got := string(text(t, dir, "README.md")); !strings.HasPrefix(got, "# My: brand\n") {
		t.Errorf("README.md: %s", got)
	}
	for _, part := range []string{"/store/", "/.countinghouse/"} {
		if !strings.Contains(string(text(t, dir, ".gitignore")), part+"\n") {
			t.Errorf(".gitignore: no %s", part)
		}
	}
}

// TestConfigHasEveryKeyWithItsDefault reads the configuration as the product does: but for the name and the inbox it says what no configuration says.
func TestConfigHasEveryKeyWithItsDefault(t *testing.T) {
	dir := t.TempDir()
	create(t, dir)
	written, err := project.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	standard, err := project.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if written.Brand.Name != "My: brand" || written.Inbox != "inbox" {
		t.Errorf("brand %q, inbox %q", written.Brand.Name, written.Inbox)
	}
	written.Brand.Name, written.Inbox = standard.Brand.Name, standard.Inbox
	standard.Parameters, standard.Sources = map[string]any{}, []project.Source{}
	if difference := cmp.Diff(standard.Config, written.Config); difference != "" {
		t.Errorf("- default, + written\n%s", difference)
	}
	keys := parsed(t, text(t, dir, project.ConfigFile))
	eachObject(read(t, "countinghouse"), "", func(place string, held object) {
		inList := strings.Contains(place, ".items") // the example's lists have no members
		if properties, ok := held["properties"].(object); ok && held["additionalProperties"] == false && !inList {
			for key := range properties {
				if !has(keys, strings.ReplaceAll(place, ".properties", "")+"."+key) {
					t.Errorf("the example has no key %s in %s", key, place)
				}
			}
		}
	})
}

func has(value any, place string) bool {
	for _, key := range strings.Split(strings.TrimPrefix(place, "."), ".") {
		if value = value.(object)[key]; value == nil {
			return false
		}
	}
	return true
}

// TestWrittenFilesFitTheirSchemas also follows the comment by which an editor finds the schema.
func TestWrittenFilesFitTheirSchemas(t *testing.T) {
	dir := t.TempDir()
	create(t, dir)
	for name, kind := range map[string]string{"countinghouse.yaml": "countinghouse", "schemas/feeds/stall_sales.yaml": "feed"} {
		written := text(t, dir, name)
		for _, problem := range validate(read(t, kind), parsed(t, written), name) {
			t.Error(problem)
		}
		first, _, _ := strings.Cut(string(written), "\n")
		place, found := strings.CutPrefix(first, "# yaml-language-server: $schema=")
		if !found || filepath.Join(filepath.Dir(name), place) != "editor/"+kind+".schema.json" {
			t.Errorf("%s names the schema %q", name, place)
		}
		text(t, dir, filepath.Join(filepath.Dir(name), place))
	}
	settings := parsed(t, text(t, dir, ".vscode/settings.json")).(object)["yaml.schemas"].(object)
	if len(settings) != 5 || settings["./editor/feed.schema.json"] != "schemas/feeds/*.yaml" {
		t.Errorf("%v", settings)
	}
	for place := range settings {
		text(t, dir, place)
	}
}

func TestTheExampleFeedIsAContract(t *testing.T) {
	dir := t.TempDir()
	create(t, dir)
	registry, err := contract.Load(schemas.Files, os.DirFS(filepath.Join(dir, "schemas")))
	if err != nil {
		t.Fatal(err)
	}
	if feed, found := registry.Feed("stall_sales"); !found || !feed.Takes("stall_sales_20250531.csv") {
		t.Error("the example feed does not take the example's export")
	}
}

func TestCreateKeepsWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	for name, mine := range map[string]string{"README.md": "mine", ".gitignore": "*.tmp\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(mine), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	paths := create(t, dir)
	if !slices.Contains(paths, "kept README.md") || !slices.Contains(paths, "kept .gitignore") || string(text(t, dir, "README.md")) != "mine" {
		t.Errorf("%v, README.md %q", paths, text(t, dir, "README.md"))
	}
}

func TestCreateRefusesAProject(t *testing.T) {
	for _, part := range []string{"countinghouse.yaml", "schemas", "sql"} {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, part), 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := scaffold.Create(dir, "x"); !errors.Is(err, scaffold.ErrProject) {
			t.Errorf("%s: %v", part, err)
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
			t.Errorf("%s: %d entries, %v", part, len(entries), err)
		}
	}
}

// TestCreateLeavesNothingAfterAnError has a file where a folder is to be.
func TestCreateLeavesNothingAfterAnError(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "inbox"), []byte("no folder"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := scaffold.Create(dir, "x"); err == nil || !strings.Contains(err.Error(), "write inbox/") {
		t.Fatalf("got %v", err)
	}
	var left []string
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			left = append(left, entry.Name())
		}
		return err
	})
	if err != nil || !slices.Equal(left, []string{"inbox"}) {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestWriteSchemasRenewsThem(t *testing.T) {
	dir := t.TempDir()
	create(t, dir)
	was := text(t, dir, "editor/feed.schema.json")
	if err := os.WriteFile(filepath.Join(dir, "editor/feed.schema.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	files, err := scaffold.WriteSchemas(dir)
	if err != nil || len(files) != 5 {
		t.Fatalf("%v, %v", files, err)
	}
	if string(text(t, dir, "editor/feed.schema.json")) != string(was) {
		t.Error("the schema is not renewed")
	}
}
