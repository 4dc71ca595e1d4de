package catalogue_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"countinghouse/pipelines/catalogue"
)

func files(names ...string) []catalogue.File {
	made := []catalogue.File{{Path: catalogue.MarkFile, Data: []byte("{}")}}
	for _, name := range names {
		made = append(made, catalogue.File{Path: name, Data: []byte(name)})
	}
	return made
}

func exists(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

func mustWrite(t *testing.T, dir string, files []catalogue.File) {
	t.Helper()
	if err := catalogue.Write(dir, files); err != nil {
		t.Fatal(err)
	}
}

func TestWriteReplaces(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "site")
	mustWrite(t, dir, files("index.html", "tables/a.html", "tables/b.html", "feeds/x.html"))
	for _, own := range []string{".nojekyll", "CNAME", "tables/notes.txt"} {
		if err := os.WriteFile(filepath.Join(dir, own), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(filepath.Join(dir, "tables", "a.html"), old, old); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, dir, files("index.html", "tables/a.html"))
	for name, want := range map[string]bool{
		"index.html": true, "tables/a.html": true, "tables/b.html": false, "feeds/x.html": false, ".nojekyll": true, "CNAME": true, "tables/notes.txt": true,
	} {
		if exists(dir, name) != want {
			t.Errorf("%s: is there is %v, want %v", name, !want, want)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "tables", "a.html")); err != nil || !info.ModTime().Equal(old) {
		t.Errorf("a page that did not change was written again: %v %v", info.ModTime(), err)
	}
}

// TestWriteLeavesOthersAlone: a wrong path on the command line destroys nothing.
func TestWriteLeavesOthersAlone(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "index.html"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := catalogue.Write(dir, files("index.html")); !errors.Is(err, catalogue.ErrNotOurs) {
		t.Errorf("got %v, want ErrNotOurs", err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "index.html")); err != nil || string(text) != "mine" {
		t.Errorf("the file is %q, %v", text, err)
	}
	hidden := t.TempDir()
	if err := os.Mkdir(filepath.Join(hidden, ".git"), 0o700); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, hidden, files("index.html"))
}
