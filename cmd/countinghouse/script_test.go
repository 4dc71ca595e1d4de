package main

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// TestScripts runs testdata/script/*.txtar: what a user types, and what comes of it. Each has a project folder of its own, the small brand
// of testdata/brand beside it, and these commands over testscript's own:
//
//	exits CODE COMMAND…       the command ends with the code
//	isjson                    what was printed is one JSON value and nothing else
//	accounted FILES           what was printed accounts for so many files: rows = accepted + rejected + dropped + withheld
//	remember FOLDER           …
//	unchanged FOLDER [PART…]  … no file below it came, went or changed since, but for those whose path begins with a part
//	encode FILE ENCODING      rewrites a UTF-8 file as gb18030 or utf-16
//	gzip FILE                 packs a file in place
//	cut FILE BYTES            keeps as many bytes of a file's beginning
//	flip FOLDER FILE OLD NEW   replaces the first OLD of a file somewhere below a folder
//	replace OLD NEW FILE       replaces the first OLD of a file
//	bomb FILE MEGABYTES       appends as much of one letter, then packs
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(env *testscript.Env) error {
			env.Setenv("COUNTINGHOUSE_HASH_KEY", key)
			env.Setenv("GOMAXPROCS", threads)
			return os.CopyFS(env.Cd+"/brand", os.DirFS(filepath.Join("testdata", "brand")))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "isjson": isJSON, "accounted": accounted, "remember": remember, "unchanged": unchanged,
			"encode": rewriting(encoded), "gzip": rewriting(zipped), "cut": rewriting(cut), "flip": flip, "replace": replace, "bomb": rewriting(bomb),
		},
	})
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit %d, want %d", got, want)
	}
}

func isJSON(ts *testscript.TestScript, _ bool, _ []string) {
	var value any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &value))
}

// accounted holds rule 3 of the design for the files of `conform -o json`: no row vanishes.
func accounted(ts *testscript.TestScript, _ bool, args []string) {
	var files []struct {
		Name                                        string
		Rows, Accepted, Rejected, Dropped, Withheld int64
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &files))
	var accepted int64
	for _, file := range files {
		if file.Rows != file.Accepted+file.Rejected+file.Dropped+file.Withheld {
			ts.Fatalf("rows do not add up: %+v", file)
		}
		accepted += file.Accepted
	}
	if strconv.Itoa(len(files)) != args[0] || accepted == 0 {
		ts.Fatalf("%d files with %d rows accepted, want %s files", len(files), accepted, args[0])
	}
}

// remember keeps the hashes of the files below a folder, beside it.
func remember(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[0])+".remembered", []byte(strings.Join(hashes(ts, args[0], nil), "\n")), 0o600))
}

func unchanged(ts *testscript.TestScript, _ bool, args []string) {
	before := strings.Split(ts.ReadFile(args[0]+".remembered"), "\n")
	before = slices.DeleteFunc(before, func(line string) bool { return begins(line, args[1:]) })
	after := hashes(ts, args[0], args[1:])
	if len(before) < 5 {
		ts.Fatalf("%s has only %d files: too few to prove anything", args[0], len(before))
	}
	for _, line := range after {
		if !slices.Contains(before, line) {
			ts.Fatalf("%s was not so before", line)
		}
	}
	if len(after) != len(before) {
		ts.Fatalf("%d files, %d before", len(after), len(before))
	}
}

func begins(line string, parts []string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.HasPrefix(line, part) })
}

// hashes gives a line for each file below a folder, in the order of their paths: path and SHA-256.
func hashes(ts *testscript.TestScript, folder string, but []string) []string {
	var lines []string
	root := ts.MkAbs(folder)
	ts.Check(filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		bytes, err := os.ReadFile(path)
		hash := sha256.Sum256(bytes)
		if line := strings.TrimPrefix(path, root+"/") + " " + hex.EncodeToString(hash[:]); !begins(line, but) {
			lines = append(lines, line)
		}
		return err
	}))
	return lines
}

// rewriting is a script's command that gives a file, whose name is the first argument, other bytes.
func rewriting(change func(text string, to io.Writer, args []string) error) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, _ bool, args []string) {
		name := args[0]
		text := ts.ReadFile(name)
		file, err := os.Create(ts.MkAbs(name))
		ts.Check(err)
		ts.Check(errors.Join(change(text, file, args[1:]), file.Close()))
	}
}

// flip changes a file wherever it lies below a folder, such as a landed export.
func flip(ts *testscript.TestScript, _ bool, args []string) {
	found := false
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, _ fs.DirEntry, err error) error {
		if err == nil && filepath.Base(path) == args[1] {
			found = true
			replace(ts, false, []string{args[2], args[3], path})
		}
		return err
	}))
	if !found {
		ts.Fatalf("there is no %s below %s", args[1], args[0])
	}
}

func replace(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[2])
	before := ts.ReadFile(path)
	after := strings.Replace(before, args[0], args[1], 1)
	if after == before {
		ts.Fatalf("%s does not hold %q", path, args[0])
	}
	ts.Check(os.Remove(path)) // it may be linked elsewhere, and may be read-only
	ts.Check(os.WriteFile(path, []byte(after), 0o600))
}

func encoded(text string, to io.Writer, args []string) error {
	coding, known := map[string]encoding.Encoding{"gb18030": simplifiedchinese.GB18030, "utf-16": unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)}[args[0]]
	if !known {
		return fmt.Errorf("no encoding %s", args[0])
	}
	_, err := coding.NewEncoder().Writer(to).Write([]byte(text))
	return err
}

func zipped(text string, to io.Writer, _ []string) error {
	pack := gzip.NewWriter(to)
	_, err := pack.Write([]byte(text))
	return errors.Join(err, pack.Close())
}

func cut(text string, to io.Writer, args []string) error {
	size, err := strconv.Atoi(args[0])
	if err != nil || size >= len(text) {
		return fmt.Errorf("keep %s of %d bytes: %w", args[0], len(text), err)
	}
	_, err = io.WriteString(to, text[:size])
	return err
}

// bomb packs a thousand times as much as it writes.
func bomb(text string, to io.Writer, args []string) error {
	megabytes, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	pack := gzip.NewWriter(to)
	_, err = io.WriteString(pack, text)
	for range megabytes {
		_, more := io.WriteString(pack, strings.Repeat("b", 1<<20))
		err = errors.Join(err, more)
	}
	return errors.Join(err, pack.Close())
}
