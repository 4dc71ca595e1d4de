package objectstoretest

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"countinghouse/internal/objectstore"
)

func create(t *testing.T, b *objectstore.Bucket, key, data string) objectstore.Attributes {
	t.Helper()
	a, err := b.Create(t.Context(), key, strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func stream(t *testing.T, b *objectstore.Bucket, key string) string {
	t.Helper()
	r, a, err := b.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	data, err := io.ReadAll(r)
	if err != nil || a.Size != int64(len(data)) || a.Key != key {
		t.Errorf("Open(%s): %d bytes, %+v, %v", key, len(data), a, err)
	}
	return string(data)
}

func wantObject(t *testing.T, b *objectstore.Bucket, key, want string) {
	t.Helper()
	got, _, err := b.Read(t.Context(), key)
	if err != nil || string(got) != want {
		t.Errorf("%s holds %.50q, %v; want %.50q", key, got, err, want)
	}
}

func wantKeys(t *testing.T, b *objectstore.Bucket, prefix string, want ...string) {
	t.Helper()
	var got []string
	for a, err := range b.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, a.Key)
	}
	if !slices.Equal(got, want) {
		t.Errorf("List(%q) = %q, want %q", prefix, got, want)
	}
}

func localOf(t *testing.T, b *objectstore.Bucket, key string) string {
	t.Helper()
	path, err := b.LocalPath(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func readLocal(t *testing.T, b *objectstore.Bucket, key string) string {
	t.Helper()
	data, err := os.ReadFile(localOf(t, b, key))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func localFile(t testing.TB, data string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
