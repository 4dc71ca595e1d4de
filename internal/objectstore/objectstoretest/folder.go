package objectstoretest

import (
	"os"
	"testing"

	"countinghouse/internal/objectstore"
)

// replaceFolder publishes a set of copies over another: what is not in the new set goes, what is beside the folder stays.
func replaceFolder(t *testing.T, b *objectstore.Bucket) {
	create(t, b, "marts2/beside", "beside")
	create(t, b, "marts.html", "beside")
	for _, set := range []map[string]string{
		{"a/data.parquet": "a1", "b/data.parquet": "b1", "current.json": "1"},
		{"a/data.parquet": "a2, longer", "c/d/data.parquet": "c2", "current.json": "2"},
		{"current.json": "3"},
	} {
		files, want := map[string]string{}, map[string]string{"marts2/beside": "beside", "marts.html": "beside"}
		for name, data := range set {
			files[name], want["marts/"+name] = localFile(t, data), data
		}
		if err := b.ReplaceFolder(t.Context(), "marts", files); err != nil {
			t.Fatal(err)
		}
		wantObjects(t, b, want)
		for name, path := range files {
			if data, err := os.ReadFile(path); err != nil || string(data) != set[name] {
				t.Errorf("the source of %s is now %q, %v", name, data, err)
			}
		}
	}
	if err := b.ReplaceFolder(t.Context(), "marts", map[string]string{"../out": localFile(t, "x")}); err == nil {
		t.Error("a name that leads out of the folder was taken")
	}
}

// wantObjects compares the whole bucket, by listing, reading and local copies.
func wantObjects(t *testing.T, b *objectstore.Bucket, want map[string]string) {
	t.Helper()
	n := 0
	for a, err := range b.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		n++
		data, known := want[a.Key]
		if !known {
			t.Errorf("%s should not be there", a.Key)
			continue
		}
		wantObject(t, b, a.Key, data)
		if got := readLocal(t, b, a.Key); got != data {
			t.Errorf("LocalPath(%s) holds %q, want %q", a.Key, got, data)
		}
	}
	if n != len(want) {
		t.Errorf("%d objects, want %d", n, len(want))
	}
}
