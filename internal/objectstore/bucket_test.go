package objectstore_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/fs"
	"countinghouse/internal/objectstore/mem"
)

// cut is a store whose streams end too early without an error.
type cut struct{ *mem.Store }

func (c cut) Open(ctx context.Context, key string) (io.ReadCloser, objectstore.Attributes, error) {
	r, a, err := c.Store.Open(ctx, key)
	return io.NopCloser(io.LimitReader(r, 3)), a, err
}

func TestShortDownloadIsNotKept(t *testing.T) {
	store, cacheDir := mem.New(), t.TempDir()
	if _, err := store.CompareAndSet(t.Context(), "k", []byte("rows"), 0); err != nil {
		t.Fatal(err)
	}
	cache, err := fs.New(cacheDir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = objectstore.NewRemote(cut{store}, cache, "mem://").LocalPath(t.Context(), "k")
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "3 of 4 bytes") {
		t.Errorf("got %v", err)
	}
	path, err := objectstore.NewRemote(store, cache, "mem://").LocalPath(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "rows" {
		t.Errorf("the cache holds %q, %v", data, err)
	}
}

// TestCacheServesWithoutTheStore: an immutable object is downloaded once.
func TestCacheServesWithoutTheStore(t *testing.T) {
	store := mem.New()
	cache, err := fs.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b := objectstore.NewRemote(store, cache, "mem://")
	if _, err := b.Create(t.Context(), "k", strings.NewReader("rows")); err != nil {
		t.Fatal(err)
	}
	if err := store.Delete(t.Context(), "k"); err != nil { // behind the bucket's back
		t.Fatal(err)
	}
	if path, err := b.LocalPath(t.Context(), "k"); err != nil || path != filepath.Join(b.Root(), "k") {
		t.Errorf("%s, %v", path, err)
	}
	if err := b.Delete(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.LocalPath(t.Context(), "k"); !errors.Is(err, objectstore.ErrNotFound) {
		t.Errorf("after Delete: %v", err)
	}
}

func TestErrorsNameOperationKeyAndStore(t *testing.T) {
	cache, err := fs.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = objectstore.NewRemote(mem.New(), cache, "mem://").Read(t.Context(), "environments/prod.json")
	if want := "read environments/prod.json in mem://: there is no such object"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
