package objectstoretest

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"countinghouse/internal/objectstore"
)

// keys are few, so that operations meet; none is a folder of another, which a file system could not hold.
func keys() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"a", "b/c", "b/d.csv", "b.e", "数据/文件.json"})
}

func contents() *rapid.Generator[[]byte] { return rapid.SliceOfN(rapid.Byte(), 0, 3) }

// properties runs random operations on a bucket and on a map, which must always agree.
func properties(t *testing.T, open Open) {
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			r.Fatal(err)
		}
		m := &machine{bucket: open(t), want: map[string]string{}, generations: map[string]int64{}, dir: dir}
		r.Repeat(map[string]func(*rapid.T){
			"create":  m.create,
			"file":    m.createFile,
			"set":     m.set,
			"replace": m.replace,
			"read":    m.read,
			"local":   m.local,
			"delete":  m.delete,
			"":        m.agrees,
		})
	})
}

type machine struct {
	bucket      *objectstore.Bucket
	want        map[string]string
	generations map[string]int64 // as last read, perhaps of an older state
	dir         string
}

func (m *machine) create(t *rapid.T) {
	key, data := keys().Draw(t, "key"), string(contents().Draw(t, "data"))
	_, err := m.bucket.Create(context.Background(), key, strings.NewReader(data))
	m.created(t, key, data, err)
}

func (m *machine) createFile(t *rapid.T) {
	key, data := keys().Draw(t, "key"), string(contents().Draw(t, "data"))
	_, err := m.bucket.CreateFile(context.Background(), key, m.file(t, data))
	m.created(t, key, data, err)
}

// created checks the outcome of a creation: it fails if the key has an object of another size.
func (m *machine) created(t *rapid.T, key, data string, err error) {
	old, taken := m.want[key]
	if refused := taken && len(old) != len(data); refused != errors.Is(err, objectstore.ErrPrecondition) || !refused && err != nil {
		t.Fatalf("create %s with %d bytes where %q (%v) was: %v", key, len(data), old, taken, err)
	}
	if !taken {
		m.want[key] = data
	}
}

func (m *machine) set(t *rapid.T) {
	key, data := keys().Draw(t, "key"), string(contents().Draw(t, "data"))
	current, a, err := m.bucket.Read(context.Background(), key)
	if _, ok := m.want[key]; ok != (err == nil) || string(current) != m.want[key] {
		t.Fatalf("read %s before setting: %q, %v", key, current, err)
	}
	expected := rapid.SampledFrom([]int64{0, 1, a.Generation, m.generations[key]}).Draw(t, "expected")
	made, err := m.bucket.CompareAndSet(context.Background(), key, []byte(data), expected)
	switch fits := expected == a.Generation; {
	case fits && err == nil:
		m.want[key], m.generations[key] = data, made.Generation
	case fits || !errors.Is(err, objectstore.ErrPrecondition):
		t.Fatalf("set %s expecting %d, was %d: %v", key, expected, a.Generation, err)
	}
}

func (m *machine) replace(t *rapid.T) {
	key, data := keys().Draw(t, "key"), string(contents().Draw(t, "data"))
	if err := m.bucket.Replace(context.Background(), key, m.file(t, data)); err != nil {
		t.Fatal(err)
	}
	m.want[key] = data
}

func (m *machine) read(t *rapid.T) {
	key := keys().Draw(t, "key")
	data, a, err := m.bucket.Read(context.Background(), key)
	want, ok := m.want[key]
	if ok != (err == nil) || !ok && !errors.Is(err, objectstore.ErrNotFound) || string(data) != want {
		t.Fatalf("read %s: %q, %v; want %q (%v)", key, data, err, want, ok)
	}
	m.generations[key] = a.Generation
}

// local asks for a local copy, so that deletions and replacements meet one. It may be an older version, since LocalPath is
// for immutable objects and these are not.
func (m *machine) local(t *rapid.T) {
	key := keys().Draw(t, "key")
	if _, ok := m.want[key]; !ok {
		return
	}
	if _, err := m.bucket.LocalPath(context.Background(), key); err != nil {
		t.Fatal(err)
	}
}

func (m *machine) delete(t *rapid.T) {
	key := keys().Draw(t, "key")
	if err := m.bucket.Delete(context.Background(), key); err != nil {
		t.Fatal(err)
	}
	delete(m.want, key)
}

// agrees compares the listing with the map.
func (m *machine) agrees(t *rapid.T) {
	prefix := rapid.SampledFrom([]string{"", "b", "b/", "数"}).Draw(t, "prefix")
	var got, want []string
	for a, err := range m.bucket.List(context.Background(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, a.Key); a.Size != int64(len(m.want[a.Key])) {
			t.Fatalf("%s is listed with %d bytes, want %d", a.Key, a.Size, len(m.want[a.Key]))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(m.want)) {
		if strings.HasPrefix(key, prefix) {
			want = append(want, key)
		}
	}
	if !slices.Equal(got, want) {
		t.Fatalf("List(%q) = %q, want %q", prefix, got, want)
	}
}

func (m *machine) file(t *rapid.T, data string) string {
	path := filepath.Join(m.dir, "file")
	if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
