package snapshot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/fs"
	"countinghouse/internal/objectstore/mem"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
)

// counted counts what is read of a store.
type counted struct {
	*mem.Store
	reads map[string]int
}

func (c counted) Read(ctx context.Context, key string) ([]byte, objectstore.Attributes, error) {
	c.reads[key]++
	return c.Store.Read(ctx, key)
}

// TestAttachReadsEachManifestOnce: views that read views in many ways must not be gone through in each of them.
func TestAttachReadsEachManifestOnce(t *testing.T) {
	cache, err := fs.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	store := counted{mem.New(), map[string]int{}}
	bucket := objectstore.NewRemote(store, cache, "mem://")
	const depth = 8
	for i := range depth {
		manifest := snapshot.Manifest{Name: fmt.Sprintf("core.view_%d", i), Table: snapshot.Table{Fingerprint: "f"}, View: "select 1 as n", Inputs: map[string]string{}}
		for _, input := range []int{i - 1, i - 2} {
			if input >= 0 {
				manifest.Inputs[fmt.Sprintf("core.view_%d", input)] = "f"
				manifest.View += fmt.Sprintf(" union all select n from core.view_%d", input)
			}
		}
		text, err := json.Marshal(manifest)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bucket.CompareAndSet(t.Context(), snapshot.ManifestKey(manifest.Name, "f"), text, 0); err != nil {
			t.Fatal(err)
		}
	}
	session, err := warehouse.Open(t.Context(), warehouse.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	if err := snapshot.Attach(t.Context(), session, bucket, "core.view_7", snapshot.Table{Fingerprint: "f"}); err != nil {
		t.Fatal(err)
	}
	var rows int
	if err := session.QueryRow(t.Context(), "select count(*) from core.view_7").Scan(&rows); err != nil || rows != 54 { // 1, 2, 4, 7, 12, 20, 33, 54
		t.Errorf("%d rows, %v", rows, err)
	}
	if len(store.reads) != depth {
		t.Errorf("read %v", store.reads)
	}
	for key, times := range store.reads {
		if times != 1 {
			t.Errorf("%s was read %d times", key, times)
		}
	}
}
