package fs_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/objectstoretest"
	"countinghouse/internal/objectstore/open"
)

func openAt(t testing.TB, dir string) *objectstore.Bucket {
	t.Helper()
	b, err := open.Bucket(t.Context(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestConforms(t *testing.T) {
	parent := t.TempDir()
	objectstoretest.Run(t, func(t testing.TB) *objectstore.Bucket {
		dir, err := os.MkdirTemp(parent, "")
		if err != nil {
			t.Fatal(err)
		}
		return openAt(t, dir)
	})
}

// TestFilesAreNotForAll: objects may hold personal data.
func TestFilesAreNotForAll(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "store")
	b := openAt(t, dir)
	source := filepath.Join(t.TempDir(), "source")
	if err := os.WriteFile(source, []byte("x"), 0o666); err != nil { //nolint:gosec // open on purpose
		t.Fatal(err)
	}
	if _, err := b.CreateFile(t.Context(), "a/moved", source); err != nil {
		t.Fatal(err)
	}
	if _, err := b.CompareAndSet(t.Context(), "a/set", []byte("x"), 0); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{"": 0o750, "a": 0o750, "a/moved": 0o640, "a/set": 0o640, ".staging": 0o750} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got&^want != 0 {
			t.Errorf("%q has mode %o, want at most %o", name, got, want)
		}
	}
}

// TestFileIsMovedNotCopied: on one file system the object is the very file.
func TestFileIsMovedNotCopied(t *testing.T) {
	dir := t.TempDir()
	b := openAt(t, filepath.Join(dir, "store"))
	source := filepath.Join(dir, "source")
	if err := os.WriteFile(source, []byte("rows"), 0o600); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(source)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.CreateFile(t.Context(), "k", source); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(filepath.Join(dir, "store", "k"))
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("it was copied (%v)", err)
	}
}

// TestFileFromAnotherFileSystem uses the memory file system where there is one; elsewhere it tests a plain move.
func TestFileFromAnotherFileSystem(t *testing.T) {
	dir, err := os.MkdirTemp("/dev/shm", "objectstore")
	if err != nil {
		dir = t.TempDir()
	}
	defer func() { _ = os.RemoveAll(dir) }()
	source := filepath.Join(dir, "source")
	if err := os.WriteFile(source, []byte("rows"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := openAt(t, t.TempDir())
	if _, err := b.CreateFile(t.Context(), "k", source); err != nil {
		t.Fatal(err)
	}
	if data, _, err := b.Read(t.Context(), "k"); err != nil || string(data) != "rows" {
		t.Errorf("it holds %q, %v", data, err)
	}
	if _, err := os.Stat(source); !os.IsNotExist(err) {
		t.Errorf("the source is still there (%v)", err)
	}
}

// TestWhatIsNoObject: folders, links and the store's own files are not objects, whoever put them there.
func TestWhatIsNoObject(t *testing.T) {
	dir := t.TempDir()
	b := openAt(t, dir)
	if _, err := b.CompareAndSet(t.Context(), "a/real", []byte("x"), 0); err != nil { // makes lock and staging folder
		t.Fatal(err)
	}
	if err := os.Symlink("real", filepath.Join(dir, "a", "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "a", "empty"), 0o750); err != nil {
		t.Fatal(err)
	}
	for a, err := range b.List(t.Context(), "") {
		if err != nil || a.Key != "a/real" {
			t.Errorf("listed %q, %v", a.Key, err)
		}
	}
}

func TestKeyBelowAnObject(t *testing.T) {
	b := openAt(t, t.TempDir())
	if _, err := b.CompareAndSet(t.Context(), "a", []byte("x"), 0); err != nil {
		t.Fatal(err)
	}
	_, err := b.CompareAndSet(t.Context(), "a/b", []byte("x"), 0)
	if err == nil || errors.Is(err, objectstore.ErrNotFound) || errors.Is(err, objectstore.ErrPrecondition) {
		t.Errorf("a folder cannot hold both a and a/b, but: %v", err)
	}
}
