package origin_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/origin"

	"pgregory.net/rapid"
)

func openPart(t *testing.T, folder string) *origin.Part {
	t.Helper()
	part, err := origin.OpenPart(folder, "a/b.csv", 1000)
	if err != nil {
		t.Fatal(err)
	}
	return part
}

func write(t *testing.T, part *origin.Part, text string) {
	t.Helper()
	if _, err := part.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

func finish(t *testing.T, part *origin.Part) string {
	t.Helper()
	path, err := part.Finish("b.csv", time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || filepath.Base(path) != "b.csv" || !info.ModTime().Equal(time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)) {
		t.Fatalf("%s of %v, %v", path, info.ModTime(), err)
	}
	return string(text)
}

func TestAKeptPartGoesOn(t *testing.T) {
	folder := t.TempDir()
	part := openPart(t, folder)
	if from, err := part.Resume("v1"); from != 0 || err != nil {
		t.Fatal(from, err)
	}
	write(t, part, "hello ")
	if err := part.Keep(); err != nil {
		t.Fatal(err)
	}
	part = openPart(t, folder)
	if from, err := part.Resume("v1"); from != 6 || err != nil {
		t.Fatal(from, err)
	}
	write(t, part, "world")
	if got := finish(t, part); got != "hello world" {
		t.Errorf("got %q", got)
	}
	// It did not land before its process died: all of it is there still.
	if _, size := openPart(t, folder).Held(); size != 11 {
		t.Errorf("%d bytes are held, want 11", size)
	}
}

func TestAnotherVersionBeginsAnew(t *testing.T) {
	folder := t.TempDir()
	for _, version := range []string{"v2", ""} {
		part := openPart(t, folder)
		if _, err := part.Resume("v1"); err != nil {
			t.Fatal(err)
		}
		write(t, part, "old bytes")
		if err := part.Keep(); err != nil {
			t.Fatal(err)
		}
		part = openPart(t, folder)
		if from, err := part.Resume(version); from != 0 || err != nil {
			t.Fatal(from, err)
		}
		write(t, part, "new")
		if got := finish(t, part); got != "new" {
			t.Errorf("version %q: got %q", version, got)
		}
	}
}

// TestWhatWasNotKeptDoesNotCount: a process that was killed noted nothing, and what the file system made of its last bytes nobody knows.
func TestWhatWasNotKeptDoesNotCount(t *testing.T) {
	folder := t.TempDir()
	part := openPart(t, folder)
	if _, err := part.Resume("v1"); err != nil {
		t.Fatal(err)
	}
	write(t, part, "kept")
	if err := part.Keep(); err != nil {
		t.Fatal(err)
	}
	part = openPart(t, folder)
	write(t, part, "torn") // and killed
	part = openPart(t, folder)
	if version, size := part.Held(); version != "v1" || size != 4 {
		t.Errorf("%d bytes of %q are held, want 4 of v1", size, version)
	}
	if err := os.WriteFile(filepath.Join(origin.PartFolder(folder, "a/b.csv"), "part"), []byte("k"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, size := openPart(t, folder).Held(); size != 0 {
		t.Errorf("%d bytes count of a file that is shorter than its note", size)
	}
}

func TestAPartHasItsLimit(t *testing.T) {
	part := openPart(t, t.TempDir())
	write(t, part, strings.Repeat("x", 1000))
	if _, err := part.Write([]byte("x")); !errors.Is(err, origin.ErrTooLarge) {
		t.Errorf("error %v, want ErrTooLarge", err)
	}
	if err := part.Drop(); err != nil {
		t.Error(err)
	}
}

func TestNoNameLeadsElsewhere(t *testing.T) {
	for _, name := range []string{"", ".", "..", "../x", "a/b", "x\x00", strings.Repeat("n", 256), "\xff"} {
		folder := t.TempDir()
		part := openPart(t, folder)
		if path, err := part.Finish(name, time.Time{}); err == nil {
			t.Errorf("%q becomes %s", name, path)
		}
	}
}

// TestAnyBreaksGiveTheWhole breaks a download at any places, in any way, and compares the end with what was sent.
func TestAnyBreaksGiveTheWhole(t *testing.T) {
	parent := t.TempDir()
	rapid.Check(t, func(r *rapid.T) {
		folder, err := os.MkdirTemp(parent, "")
		if err != nil {
			r.Fatal(err)
		}
		whole := rapid.StringN(0, 200, 900).Draw(r, "file")
		for {
			part, err := origin.OpenPart(folder, "f", 1000)
			if err != nil {
				r.Fatal(err)
			}
			from, err := part.Resume("v")
			if err != nil {
				r.Fatal(err)
			}
			to := rapid.Int64Range(from, int64(len(whole))).Draw(r, "to")
			if _, err := part.Write([]byte(whole[from:to])); err != nil {
				r.Fatal(err)
			}
			if to == int64(len(whole)) {
				path, err := part.Finish("f", time.Time{})
				if err != nil {
					r.Fatal(err)
				}
				if got, err := os.ReadFile(path); err != nil || string(got) != whole {
					r.Fatalf("got %q of %q, %v", got, whole, err)
				}
				return
			}
			if rapid.Bool().Draw(r, "killed") {
				continue
			}
			if err := part.Keep(); err != nil {
				r.Fatal(err)
			}
		}
	})
}
