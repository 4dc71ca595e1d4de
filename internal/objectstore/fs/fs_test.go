package fs_test

import (
	"os"
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
