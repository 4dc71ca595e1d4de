package arch_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"countinghouse/internal/arch"
)

// tree is a made-up product: file names and contents.
type tree map[string]string

// check runs one rule over a made-up tree, and compares the places that it finds, each as file:line.
func check(t *testing.T, rule func(*arch.Tree) []arch.Violation, files tree, want ...string) []arch.Violation {
	t.Helper()
	root := fstest.MapFS{}
	for name, text := range files {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	loaded, err := arch.Load(root)
	if err != nil {
		t.Fatal(err)
	}
	found := rule(loaded)
	var got []string
	for _, v := range found {
		got = append(got, fmt.Sprintf("%s:%d", v.File, v.Line))
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("found %q, want %q\n%v", got, want, found)
	}
	return found
}

// importing is a Go file with one import, on line 3.
func importing(name string) string { return "package p\n\nimport _ \"" + name + "\"\n" }

func TestDirections(t *testing.T) {
	for _, c := range []struct {
		from, to string
		ok       bool
	}{
		{"cmd/countinghouse", "jobs", true},
		{"cmd/countinghouse", "pipelines/land", true},
		{"jobs", "pipelines/land", true},
		{"jobs", "internal/run", true},
		{"jobs", "jobs/metrics", true},
		{"pipelines/land", "internal/run", true},
		{"pipelines/land", "pipelines/land/part", true},
		{"pipelines/land", "schemas", true},
		{"internal/run", "internal/objectstore", true},
		{"internal/run", "internal/objectstore/gcs", true},
		{"jobs", "cmd/countinghouse", false},
		{"pipelines/land", "jobs", false},
		{"pipelines/land", "pipelines/conform", false},
		{"pipelines/land", "pipelines/landing", false},
		{"internal/run", "pipelines/land", false},
		{"internal/run", "jobs", false},
		{"internal/run", "schemas", false},
		{"schemas", "internal/run", false},
		{"schemas", "sql", false},
		{"sql", "internal/model", false},
		{"sql", "pipelines/build", false},
		{"elsewhere", "internal/run", false},
	} {
		file := c.from + "/a.go"
		var want []string
		if !c.ok {
			want = []string{file + ":3"}
		}
		t.Run(c.from+" imports "+c.to, func(t *testing.T) {
			check(t, arch.Directions, tree{file: importing("countinghouse/" + c.to)}, want...)
		})
	}
	check(t, arch.Directions, tree{
		"pipelines/conform/a_test.go": importing("countinghouse/pipelines/land"),
		"pipelines/conform/b.go":      importing("example.org/countinghouse/pipelines/land"),
	})
}

func TestLeaves(t *testing.T) {
	check(t, arch.Leaves, tree{
		"schemas/a.go":  importing("github.com/goccy/go-yaml"),
		"schemas/b.go":  importing("embed"),
		"sql/a.go":      importing("io/fs"),
		"sql/x/a.go":    importing("golang.org/x/text"),
		"sql/a_test.go": importing("github.com/google/go-cmp/cmp"),
		"sqlite/a.go":   importing("golang.org/x/text"),
	}, "schemas/a.go:3", "sql/x/a.go:3")
}

func TestImporters(t *testing.T) {
	found := check(t, arch.Importers, tree{
		"internal/warehouse/a.go":       importing("github.com/duckdb/duckdb-go/v2"),
		"internal/warehouse/arrow/a.go": importing("github.com/duckdb/duckdb-go/v2"),
		"internal/warehouses/a.go":      importing("github.com/duckdb/duckdb-go/v2"),
		"pipelines/build/a_test.go":     importing("github.com/duckdb/duckdb-go/v2/mapping"),
		"internal/objectstore/a.go":     importing("cloud.google.com/go/storage"),
		"cmd/countinghouse/serve.go":    importing("github.com/go-co-op/gocron/v2"),
		"jobs/serve.go":                 importing("github.com/go-co-op/gocron/v2"),
		"pipelines/generate/a.go":       importing("github.com/xuri/excelize/v2"),
		"pipelines/report/a.go":         importing("github.com/xuri/excelize/v2"),
		"jobs/flags.go":                 importing("github.com/spf13/cobra"),
		"cmd/countinghouse/root.go":     importing("github.com/spf13/cobra"),
		"internal/x/a.go":               importing("github.com/duckdbfriends/other"),
	}, "cmd/countinghouse/serve.go:3", "internal/objectstore/a.go:3", "internal/warehouses/a.go:3", "jobs/flags.go:3",
		"pipelines/build/a_test.go:3", "pipelines/report/a.go:3")
	if text := fmt.Sprint(found); !strings.Contains(text, "storage may be imported in internal/objectstore/gcs only") {
		t.Errorf("no word of what would be right: %s", text)
	}
}

func TestDotImports(t *testing.T) {
	check(t, arch.DotImports, tree{"jobs/a.go": "package jobs\nimport . \"time\"\n", "jobs/b.go": importing("time")}, "jobs/a.go:2")
}

func TestPurity(t *testing.T) {
	const code = `package p
import (
	crand "crypto/rand"
	"math/rand/v2"
	"os"
	"time"
)
var clock = time.Now // to mention it is to read it
func f() {
	_ = time.Since(time.Time{})
	_ = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	_ = os.Getenv("HOME")
	_, _ = os.ReadFile("x")
	_ = rand.IntN(6)
	_ = rand.New(rand.NewPCG(1, 2)).IntN(6)
	_, _ = crand.Read(nil)
}
type time2 struct{ Now int }
func g(time time2) { _ = time2{}.Now }
`
	check(t, arch.Purity, tree{"internal/a/a.go": code},
		"internal/a/a.go:10", "internal/a/a.go:12", "internal/a/a.go:14", "internal/a/a.go:16", "internal/a/a.go:8")
	check(t, arch.Purity, tree{"cmd/countinghouse/a.go": code, "jobs/a.go": code, "internal/a/a_test.go": code})
	check(t, arch.Purity, tree{"jobsearch/a.go": "package p\nimport \"time\"\nvar x = time.Now()\n"}, "jobsearch/a.go:3")
	check(t, arch.Purity, tree{
		"internal/objectstore/open/a.go": "package open\nimport \"crypto/rand\"\nvar t = rand.Text\nvar r = rand.Reader\n",
	}, "internal/objectstore/open/a.go:4")
}

func TestCrashPoints(t *testing.T) {
	check(t, arch.CrashPoints, tree{
		"internal/crash/crash.go": "package crash\nconst (\n\tPassed = \"a\"\n\tForgotten = \"b\"\n\tExitCode = 137\n\tinner = \"c\"\n)\n",
		"jobs/a.go": `package jobs
import "countinghouse/internal/crash"
func f(name string) {
	crash.Point(crash.Passed)
	crash.Point("by.hand")
	crash.Point(name)
	_ = crash.Arm("x")
}
`,
		"jobs/a_test.go": "package jobs\nimport \"countinghouse/internal/crash\"\nfunc g() { crash.Point(crash.Forgotten) }\n",
	}, "internal/crash/crash.go:4", "jobs/a.go:5", "jobs/a.go:6")
}

func TestSizes(t *testing.T) {
	function := func(lines int) string { return "func f() {\n" + strings.Repeat("\t_ = 1\n", lines-2) + "}\n" }
	check(t, arch.Sizes, tree{
		"a/short.go":  "package a\n\n" + function(60),
		"a/long.go":   "package a\n\n" + function(61),
		"a/a_test.go": "package a\n\n" + function(61),
		"b/full.go":   "package b\n" + strings.Repeat("\n", 497) + "var x int\n",
		"b/over.go":   "package b\n" + strings.Repeat("\n", 498) + "var y int\n",
		"b/b_test.go": "package b\n" + strings.Repeat("\n", 498) + "var z int\n",
	}, "a/long.go:3", "b/b_test.go:0", "b/over.go:0")
}

func TestInits(t *testing.T) {
	check(t, arch.Inits, tree{
		"a/a.go":      "package a\nfunc init() {}\n",
		"a/a_test.go": "package a\n\nfunc init() {}\n",
		"a/b.go":      "package a\ntype t int\nfunc (t) init() {}\nfunc initialise() {}\n",
	}, "a/a.go:2", "a/a_test.go:3")
}

func TestPackageComments(t *testing.T) {
	check(t, arch.PackageComments, tree{
		"none/a.go":      "package none\n",
		"none/a_test.go": "// Package none has its comment in a test, where no reader looks.\npackage none\n",
		"one/a.go":       "// Package one has one.\npackage one\n",
		"one/b.go":       "// Free standing.\n\npackage one\n",
		"two/a.go":       "// Package two has one.\npackage two\n",
		"two/b.go":       "// Package two has another.\npackage two\n",
	}, "none/a.go:0", "two/a.go:0")
}

func TestPackageNames(t *testing.T) {
	check(t, arch.PackageNames, tree{"a/a.go": "package util\n", "b/a.go": "package money\n"}, "a/a.go:1")
}

func TestWords(t *testing.T) {
	check(t, arch.Words, tree{
		"docs/a.md":               "Later.\nTO" + "DO: write this\n",
		"a/a.go":                  "package a\n\n// FIX" + "ME\n",
		"sql/mart/x.sql":          "select 1 -- see /ro" + "ot/notes\n",
		"docs/b.md":               "In ../sha" + "red/data there is more.\n",
		"docs/c.md":               "Data is in `/wo" + "rk/data`.\n",
		"terraform/a.tf":          "path = \"/ho" + "me/me/x\"\n",
		"Makefile":                "x:\n\tcat /Us" + "ers/me/x\n",
		"docs/fine.md":            "A to" + "do list; https://example.org/ho" + "me/x; bucket/wo" + "rk/x; gs://wo" + "rk/x; /etc/x; rootless\n",
		"data/x.csv":              "TO" + "DO\n",
		"a/testdata/broken.go":    "no Go at all, but TO" + "DO\n",
		".git/config.md":          "TO" + "DO\n",
		"schemas/feeds/feed.yaml": "zh: 办公\n",
	}, "Makefile:2", "a/a.go:3", "a/testdata/broken.go:1", "docs/a.md:2", "docs/b.md:1", "docs/c.md:1", "sql/mart/x.sql:1", "terraform/a.tf:1")
}

func TestLoadNamesWhatIsNotGo(t *testing.T) {
	_, err := arch.Load(fstest.MapFS{"a/a.go": {Data: []byte("package\n")}})
	if err == nil || !strings.Contains(err.Error(), "a/a.go:") {
		t.Errorf("error %v, want one that names the file", err)
	}
}
