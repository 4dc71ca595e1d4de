package open_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/gcstest"
	"countinghouse/internal/objectstore/open"
)

func at(t *testing.T, address, cache string) *objectstore.Bucket {
	t.Helper()
	b, err := open.Bucket(t.Context(), address, cache)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAddressesOfOneFolder(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	folder := filepath.Join(dir, "品牌 store%20?#")
	want := "file://" + dir + "/%E5%93%81%E7%89%8C%20store%2520%3F%23"
	for _, address := range []string{folder, "./品牌 store%20?#", want} {
		b := at(t, address, "")
		if b.URL() != want || b.Root() != folder {
			t.Errorf("%s: URL %s, Root %s; want %s, %s", address, b.URL(), b.Root(), want, folder)
		}
	}
	if _, err := os.Stat(folder); err == nil {
		t.Error("opening made the folder")
	}
}

func TestAddressesThatAreRefused(t *testing.T) {
	for address, why := range map[string]string{
		"":                     "no address",
		"s3://bucket":          "gs://bucket/prefix",
		"file://store":         "three slashes",
		"file://host/store":    "three slashes",
		"file:///store?x=1":    "three slashes",
		"file:///%zz":          "escape",
		"gs://":                "empty segment",
		"gs:///prefix":         "empty segment",
		"gs://bucket//prefix":  "empty segment",
		"gs://bucket/../other": "leads elsewhere",
		"mem://name":           "has no name",
	} {
		_, err := open.Bucket(t.Context(), address, t.TempDir())
		if err == nil || !strings.Contains(err.Error(), why) || !strings.Contains(err.Error(), `"`+address+`"`) {
			t.Errorf("%s: %v; want an error that says %q", address, err, why)
		}
	}
	for _, address := range []string{"mem://", "gs://bucket"} {
		if _, err := open.Bucket(t.Context(), address, ""); err == nil || !strings.Contains(err.Error(), "cache") {
			t.Errorf("%s without a cache: %v", address, err)
		}
	}
}

func TestCachesKeepApart(t *testing.T) {
	t.Setenv("STORAGE_EMULATOR_HOST", gcstest.Start(t))
	cache := t.TempDir()
	for _, address := range []string{"mem://", "mem://", "gs://a", "gs://b", "gs://b/c"} {
		b := at(t, address, cache)
		if b.URL() != address {
			t.Errorf("URL of %s is %s", address, b.URL())
		}
		if inside, err := filepath.Rel(cache, b.Root()); err != nil || !filepath.IsLocal(inside) || inside == "." {
			t.Errorf("the cache of %s is %s", address, b.Root())
		}
		if _, err := b.Create(t.Context(), "k", strings.NewReader(b.Root())); err != nil {
			t.Fatal(err)
		}
		path, err := b.LocalPath(t.Context(), "k")
		if err != nil {
			t.Fatal(err)
		}
		if data, err := os.ReadFile(path); err != nil || string(data) != b.Root() {
			t.Errorf("%s: the cache holds %q, %v", address, data, err)
		}
	}
}
