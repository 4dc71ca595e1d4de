package lint_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countinghouse/pipelines/lint"

	"github.com/google/go-cmp/cmp"
)

func TestFormatFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"mart/bad.sql": "/* ---\nabout: x\n--- */\n\nselect a,\n'a", "mart/good.sql": "select a from c.t\n", "mart/wrong.sql": "select a from where from\n", "mart/loud.sql": "SELECT a FROM c.t\n", ".hidden/x.sql": "SELECT 1", "mart/x.csv": "SELECT",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	files, err := lint.Files([]string{dir, filepath.Join(dir, "mart", "loud.sql")})
	if err != nil {
		t.Fatal(err)
	}
	loud := filepath.Join(dir, "mart", "loud.sql")
	want := []lint.Formatted{
		{File: filepath.Join(dir, "mart", "bad.sql"), Line: 6, Problem: "what begins here has no end: 'a"},
		{File: filepath.Join(dir, "mart", "good.sql")},
		{File: loud, Changed: true},
		{File: filepath.Join(dir, "mart", "wrong.sql"), Line: 1, Problem: `syntax error at or near "where"`},
	}
	for _, write := range []bool{false, true} {
		if difference := cmp.Diff(want, lint.FormatFiles(serializer(t), files, write)); difference != "" {
			t.Errorf("- want, + got\n%s", difference)
		}
		text, err := os.ReadFile(loud)
		if err != nil || strings.HasPrefix(string(text), "select") != write {
			t.Errorf("write %v: %q, %v", write, text, err)
		}
	}
	entries, err := os.ReadDir(filepath.Join(dir, "mart"))
	if err != nil || len(entries) != 5 {
		t.Errorf("%d files are there, %v", len(entries), err)
	}
	if info, err := os.Stat(loud); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if _, err := lint.Files([]string{filepath.Join(dir, "none")}); err == nil {
		t.Error("a path that is not there is not refused")
	}
}
