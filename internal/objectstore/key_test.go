package objectstore_test

import (
	"path"
	"path/filepath"
	"strings"
	"testing"

	"countinghouse/internal/objectstore"
)

// FuzzCheckKey: a key that is accepted stays below the root on every platform's terms, is the only spelling of its place, and
// cannot meet the store's own files.
func FuzzCheckKey(f *testing.F) {
	for _, key := range []string{"a/b", "../a", "/a", "a//b", ".staging/x", "x/.lock", "数/据", "a\x00", "\xff", "..."} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if objectstore.CheckKey(key) != nil {
			return
		}
		joined := filepath.Join("/root", key)
		switch {
		case !filepath.IsLocal(key), path.Clean(key) != key, joined != "/root/"+key:
			t.Errorf("%q is accepted", key)
		case strings.Contains(joined+"/", "/.staging/"), strings.Contains(joined+"/", "/.lock/"):
			t.Errorf("%q is the store's own", key)
		}
	})
}

func TestCheckKeySaysWhy(t *testing.T) {
	for key, why := range map[string]string{
		"":                              "empty segment",
		"/a":                            "empty segment",
		"a/":                            "empty segment",
		"a/../b":                        `".." leads elsewhere`,
		"a\x00":                         "control character",
		"a\tb":                          "control character",
		"\xb6\xa9\xb5\xa5.csv":          "not UTF-8", // 订单.csv in GB18030
		"a/.staging":                    "reserved",
		strings.Repeat("a/", 600) + "a": "longer than 1024 bytes",
		"a/" + strings.Repeat("数", 86):  "longer than 255 bytes",
	} {
		if err := objectstore.CheckKey(key); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%.20q: %v; want %q", key, err, why)
		}
	}
	for _, key := range []string{"a", "landing/tmall_orders/0a1b/订单 2026-11.csv", "a/b.c/..d", strings.Repeat("数", 85)} {
		if err := objectstore.CheckKey(key); err != nil {
			t.Error(err)
		}
	}
}
