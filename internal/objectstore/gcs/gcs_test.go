package gcs_test

import (
	"fmt"
	"os"
	"testing"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/gcstest"
	"countinghouse/internal/objectstore/objectstoretest"
	"countinghouse/internal/objectstore/open"
)

func TestConforms(t *testing.T) {
	t.Setenv("STORAGE_EMULATOR_HOST", gcstest.Start(t))
	cache := t.TempDir()
	n := 0
	objectstoretest.Run(t, func(t testing.TB) *objectstore.Bucket {
		n++
		b, err := open.Bucket(t.Context(), fmt.Sprintf("gs://brand/store-%d", n), cache)
		if err != nil {
			t.Fatal(err)
		}
		return b
	})
}

func TestPrefixesKeepApart(t *testing.T) {
	t.Setenv("STORAGE_EMULATOR_HOST", gcstest.Start(t))
	at := func(url string) *objectstore.Bucket {
		b, err := open.Bucket(t.Context(), url, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, url := range []string{"gs://b", "gs://b/x", "gs://b/xy", "gs://c/x"} {
		if _, err := at(url).CompareAndSet(t.Context(), "k", []byte(url), 0); err != nil {
			t.Fatal(err)
		}
	}
	for url, want := range map[string][]string{"gs://b": {"k", "x/k", "xy/k"}, "gs://b/x/": {"k"}, "gs://c/x": {"k"}, "gs://c/none": nil} {
		var got []string
		for a, err := range at(url).List(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, a.Key)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s holds %v, want %v", url, got, want)
		}
	}
	if _, err := os.Stat("gs:"); err == nil {
		t.Error("an address was taken for a path")
	}
}
