package folder_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/origin"
	"countinghouse/internal/origin/folder"

	"golang.org/x/sys/unix"
)

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, dir, moved string) *folder.Folder {
	t.Helper()
	from, err := folder.Open(dir, moved)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = from.Close() })
	return from
}

func list(t *testing.T, from *folder.Folder) []origin.Entry {
	t.Helper()
	entries, err := from.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// only is the one file of a folder.
func only(t *testing.T, from *folder.Folder) origin.Entry {
	t.Helper()
	entries := list(t, from)
	if len(entries) != 1 {
		t.Fatalf("%d files: %+v", len(entries), entries)
	}
	return entries[0]
}

// read fetches a file and gives what came.
func read(t *testing.T, from *folder.Folder, entry origin.Entry) (string, error) {
	t.Helper()
	part, err := origin.OpenPart(t.TempDir(), entry.Path, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := from.Fetch(t.Context(), entry, "", part); err != nil {
		return "", err
	}
	path, err := part.Finish(entry.Name, entry.ModTime)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), nil
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			found = append(found, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	return found
}

func TestListsWhatIsAnExport(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.csv", "a/订单.csv", "landed/old.csv", ".hidden.csv", ".trash/x.csv", "~$b.xlsx", "c.csv.part", "d.TMP", "not/landed/e.csv"} {
		put(t, dir, name, name)
	}
	from := open(t, dir, "landed")
	var got []string
	for _, entry := range list(t, from) {
		got = append(got, entry.Path)
		if text, err := read(t, from, entry); err != nil || text != entry.Path {
			t.Errorf("%s holds %q, %v", entry.Path, text, err)
		}
	}
	if want := []string{"a/订单.csv", "b.csv", "not/landed/e.csv"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLinksDoNotLeadOut(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	put(t, outside, "secret.csv", "secret")
	put(t, dir, "inside/a.csv", "inside")
	for name, target := range map[string]string{
		"absolute.csv": filepath.Join(outside, "secret.csv"), "relative.csv": "../" + filepath.Base(outside) + "/secret.csv",
		"nowhere.csv": "gone.csv", "folder": outside, "within.csv": "inside/a.csv",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mkfifo(filepath.Join(dir, "pipe.csv"), 0o600); err != nil {
		t.Fatal(err)
	}
	from := open(t, dir, "")
	for _, entry := range list(t, from) {
		text, err := read(t, from, entry)
		if within := entry.Path == "within.csv" || entry.Path == "inside/a.csv"; within != (err == nil && text == "inside") {
			t.Errorf("%s gives %q, %v", entry.Path, text, err)
		}
		if entry.Path == "relative.csv" && (err == nil || !strings.Contains(err.Error(), "a link that escapes from the folder")) {
			t.Errorf("the reason is %v", err)
		}
	}
}

func TestAFileThatGrowsIsNotTaken(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a.csv", "half")
	from := open(t, dir, "")
	entry := only(t, from)
	put(t, dir, "a.csv", "half and half")
	if _, err := read(t, from, entry); !errors.Is(err, origin.ErrChanging) {
		t.Errorf("error %v, want ErrChanging", err)
	}
}

func TestMove(t *testing.T) {
	dir := t.TempDir()
	from := open(t, dir, "done/with")
	for _, text := range []string{"first", "second", "third"} {
		put(t, dir, "sub/a.csv", text)
		if err := from.Move(t.Context(), only(t, from)); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := names(t, dir), []string{"done/with/a-2.csv", "done/with/a-3.csv", "done/with/a.csv"}; !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "done/with/a.csv")); err != nil || string(text) != "first" {
		t.Errorf("the first holds %q, %v", text, err)
	}
}

func TestWhatCameSinceStays(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a.csv", "fetched")
	from := open(t, dir, "done")
	entry := only(t, from)
	put(t, dir, "a.csv", "newer")
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "a.csv"), later, later); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(from.Move(t.Context(), entry), from.Remove(t.Context(), entry)); err != nil {
		t.Error(err)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"a.csv"}) {
		t.Fatalf("files %q", got)
	}
	if err := from.Remove(t.Context(), only(t, from)); err != nil || len(names(t, dir)) != 0 {
		t.Errorf("it is not removed: %v", err)
	}
}

func TestNoFolder(t *testing.T) {
	if _, err := folder.Open(filepath.Join(t.TempDir(), "gone"), ""); !origin.IsMisconfigured(err) || !strings.Contains(err.Error(), "there is no folder") {
		t.Errorf("error %v", err)
	}
}
