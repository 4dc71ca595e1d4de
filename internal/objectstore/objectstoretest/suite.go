// Package objectstoretest is the suite that every driver of objectstore must pass.
package objectstoretest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"countinghouse/internal/objectstore"
)

// Open gives a new, empty bucket.
type Open func(t testing.TB) *objectstore.Bucket

// Run tests the buckets that open gives.
func Run(t *testing.T, open Open) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, *objectstore.Bucket){
		"what is created is read":              createdIsRead,
		"created once":                         createdOnce,
		"a failing source makes no object":     failingSource,
		"a file is taken":                      fileIsTaken,
		"an object is not taken as a source":   objectIsNoSource,
		"compare and set":                      compareAndSet,
		"a counter loses no increment":         counter,
		"one of many creators wins":            oneCreatorWins,
		"replace":                              replace,
		"replace a folder":                     replaceFolder,
		"list in byte order":                   list,
		"listing can be stopped":               listStops,
		"delete":                               deleted,
		"a missing object":                     missing,
		"bad keys are refused":                 badKeys,
		"a local path":                         localPath,
		"an ended context":                     endedContext,
		"a stream stays with its version":      streamStays,
		"large objects":                        largeObject,
		"names that file systems find awkward": awkwardNames,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
	t.Run("any sequence of operations", func(t *testing.T) { properties(t, open) })
}

func createdIsRead(t *testing.T, b *objectstore.Bucket) {
	for key, data := range map[string]string{"plain": "x", "a/b/c.json": "{}", "empty": ""} {
		made := create(t, b, key, data)
		if made.Key != key || made.Size != int64(len(data)) || made.Generation != 0 || made.ModTime.IsZero() {
			t.Errorf("Create(%s) = %+v", key, made)
		}
		got, read, err := b.Read(t.Context(), key)
		if err != nil || string(got) != data {
			t.Errorf("Read(%s) = %q, %v; want %q", key, got, err, data)
		}
		if read.Key != key || read.Size != int64(len(data)) || read.Generation <= 0 || !read.ModTime.Equal(made.ModTime) {
			t.Errorf("Read(%s) = %+v after Create = %+v", key, read, made)
		}
		if got := stream(t, b, key); got != data {
			t.Errorf("Open(%s) = %q, want %q", key, got, data)
		}
	}
}

func createdOnce(t *testing.T, b *objectstore.Bucket) {
	create(t, b, "k", "one")
	if _, err := b.Create(t.Context(), "k", strings.NewReader("two")); err != nil {
		t.Errorf("same size: %v", err)
	}
	_, err := b.Create(t.Context(), "k", strings.NewReader("three"))
	if !errors.Is(err, objectstore.ErrPrecondition) || !strings.Contains(err.Error(), "3 bytes, not 5") {
		t.Errorf("another size: %v", err)
	}
	file := localFile(t, "four!")
	if _, err := b.CreateFile(t.Context(), "k", file); !errors.Is(err, objectstore.ErrPrecondition) {
		t.Errorf("another size, from a file: %v", err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("a file that was not taken is gone: %v", err)
	}
	wantObject(t, b, "k", "one")
}

func failingSource(t *testing.T, b *objectstore.Bucket) {
	broken := errors.New("broken")
	_, err := b.Create(t.Context(), "k", io.MultiReader(strings.NewReader("half"), readerFunc(func([]byte) (int, error) { return 0, broken })))
	if !errors.Is(err, broken) {
		t.Errorf("Create = %v, want the source's error", err)
	}
	wantKeys(t, b, "")
}

func fileIsTaken(t *testing.T, b *objectstore.Bucket) {
	for _, again := range []bool{false, true} {
		file := localFile(t, "rows")
		a, err := b.CreateFile(t.Context(), "tables/data.parquet", file)
		if err != nil || a.Size != 4 {
			t.Errorf("CreateFile (again: %v) = %+v, %v", again, a, err)
		}
		if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the file (again: %v) is still there: %v", again, err)
		}
	}
	wantObject(t, b, "tables/data.parquet", "rows")
	if got := readLocal(t, b, "tables/data.parquet"); got != "rows" {
		t.Errorf("LocalPath holds %q", got)
	}
	if _, err := b.CreateFile(t.Context(), "x", filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such file: %v", err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(localFile(t, "elsewhere"), link); err != nil {
		t.Fatal(err)
	}
	if _, err := b.CreateFile(t.Context(), "x", link); err == nil {
		t.Error("a symbolic link was taken")
	}
}

func objectIsNoSource(t *testing.T, b *objectstore.Bucket) {
	create(t, b, "k", "x")
	path, err := b.LocalPath(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"k", "other"} {
		if _, err := b.CreateFile(t.Context(), key, path); err == nil {
			t.Errorf("CreateFile(%s) took the object itself", key)
		}
	}
	wantObject(t, b, "k", "x")
	wantKeys(t, b, "", "k")
}

func compareAndSet(t *testing.T, b *objectstore.Bucket) {
	ctx := t.Context()
	if _, err := b.CompareAndSet(ctx, "e", []byte("v1"), 7); !errors.Is(err, objectstore.ErrPrecondition) {
		t.Errorf("missing, but expected: %v", err)
	}
	first, err := b.CompareAndSet(ctx, "e", []byte("v1"), 0)
	if err != nil || first.Generation <= 0 || first.Size != 2 || first.Key != "e" {
		t.Fatalf("first = %+v, %v", first, err)
	}
	if _, err := b.CompareAndSet(ctx, "e", []byte("v1b"), 0); !errors.Is(err, objectstore.ErrPrecondition) {
		t.Errorf("there, but expected missing: %v", err)
	}
	if _, a, err := b.Read(ctx, "e"); err != nil || a.Generation != first.Generation {
		t.Errorf("Read gives generation %d (%v), CompareAndSet gave %d", a.Generation, err, first.Generation)
	}
	second, err := b.CompareAndSet(ctx, "e", []byte("v2"), first.Generation)
	if err != nil || second.Generation == first.Generation {
		t.Fatalf("second = %+v, %v", second, err)
	}
	if _, err := b.CompareAndSet(ctx, "e", []byte("v3"), first.Generation); !errors.Is(err, objectstore.ErrPrecondition) {
		t.Errorf("an old generation: %v", err)
	}
	if _, err := b.CompareAndSet(ctx, "e", []byte("v3"), -1); err == nil {
		t.Error("a negative generation was taken")
	}
	wantObject(t, b, "e", "v2")
	wantKeys(t, b, "", "e")
}

// counter lets goroutines increment a number by read and compare-and-set: none may be lost.
func counter(t *testing.T, b *objectstore.Bucket) {
	const workers, each = 4, 10
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			if err := Increment(t.Context(), b, "n", each); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	wantObject(t, b, "n", strconv.Itoa(workers*each))
}

// Increment adds 1 to the number in an object (a missing one is 0), the given number of times, against whoever else does so.
func Increment(ctx context.Context, b *objectstore.Bucket, key string, times int) error {
	for done := 0; done < times; {
		data, a, err := b.Read(ctx, key)
		if err != nil && !errors.Is(err, objectstore.ErrNotFound) {
			return err
		}
		n, err := strconv.Atoi("0" + string(data))
		if err != nil {
			return err
		}
		_, err = b.CompareAndSet(ctx, key, []byte(strconv.Itoa(n+1)), a.Generation)
		switch {
		case err == nil:
			done++
		case !errors.Is(err, objectstore.ErrPrecondition):
			return err
		}
	}
	return nil
}

func oneCreatorWins(t *testing.T, b *objectstore.Bucket) {
	var all sync.WaitGroup
	won := make(chan string, 8)
	for i := range cap(won) {
		all.Go(func() {
			text := strings.Repeat("x", i+1) // each of its own size, so that a loser sees that it lost
			_, err := b.Create(t.Context(), "k", strings.NewReader(text))
			switch {
			case err == nil:
				won <- text
			case !errors.Is(err, objectstore.ErrPrecondition):
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(won) != 1 {
		t.Fatalf("%d creators won, want 1", len(won))
	}
	wantObject(t, b, "k", <-won)
}

func replace(t *testing.T, b *objectstore.Bucket) {
	for _, text := range []string{"first", "second, longer", ""} {
		file := localFile(t, text)
		if err := b.Replace(t.Context(), "marts/m/data.parquet", file); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != text {
			t.Errorf("the source is now %q, %v", got, err)
		}
		wantObject(t, b, "marts/m/data.parquet", text)
		if got := readLocal(t, b, "marts/m/data.parquet"); got != text {
			t.Errorf("LocalPath after Replace holds %q, want %q", got, text)
		}
	}
	// A copy that somebody writes into must leave alone the object it was made from.
	create(t, b, "tables/t", "table")
	source, err := b.LocalPath(t.Context(), "tables/t")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Replace(t.Context(), "marts/t", source); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(localOf(t, b, "marts/t"), []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantObject(t, b, "tables/t", "table")
}

func list(t *testing.T, b *objectstore.Bucket) {
	keys := []string{"a.csv", "a/b", "a/b.c/d", "a/b0", "a0", "ab/c", "数/据.csv", "数据", "é"}
	for i, key := range keys {
		create(t, b, key, strings.Repeat("x", i))
	}
	for _, prefix := range []string{"", "a", "a/", "a/b", "a/b.", "ab/", "ab/c", "b", "a/b/", "none/at/all", "数"} {
		var want []string
		for _, key := range keys {
			if strings.HasPrefix(key, prefix) {
				want = append(want, key)
			}
		}
		slices.Sort(want)
		wantKeys(t, b, prefix, want...)
	}
	for a, err := range b.List(t.Context(), "a/b0") {
		if err != nil || a.Size != 3 || a.ModTime.IsZero() || a.Generation != 0 {
			t.Errorf("listed %+v, %v", a, err)
		}
	}
	for _, prefix := range []string{"/a", "../", "a//", "a/../b", ".staging/"} {
		for a, err := range b.List(t.Context(), prefix) {
			if err == nil {
				t.Errorf("List(%q) gave %s", prefix, a.Key)
			}
		}
	}
}

func listStops(t *testing.T, b *objectstore.Bucket) {
	for i := range 5 {
		create(t, b, fmt.Sprintf("d/%d", i), "x")
	}
	var got []string
	for a, err := range b.List(t.Context(), "d/") {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, a.Key); len(got) == 2 {
			break
		}
	}
	if want := []string{"d/0", "d/1"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func deleted(t *testing.T, b *objectstore.Bucket) {
	create(t, b, "a/b", "x")
	create(t, b, "a/c", "y")
	localOf(t, b, "a/b") // cached, where there is a cache
	for range 2 {        // the second time there is nothing
		if err := b.Delete(t.Context(), "a/b"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.LocalPath(t.Context(), "a/b"); !errors.Is(err, objectstore.ErrNotFound) {
		t.Errorf("LocalPath of a deleted object: %v", err)
	}
	wantKeys(t, b, "", "a/c")
	create(t, b, "a/b", "longer than before")
	wantObject(t, b, "a/b", "longer than before")
}

func missing(t *testing.T, b *objectstore.Bucket) {
	create(t, b, "folder/file", "x")
	for _, key := range []string{"none", "folder", "folder/none", "folder/file/below"} {
		_, _, readErr := b.Read(t.Context(), key)
		_, _, openErr := b.Open(t.Context(), key)
		_, pathErr := b.LocalPath(t.Context(), key)
		for op, err := range map[string]error{"Read": readErr, "Open": openErr, "LocalPath": pathErr} {
			if !errors.Is(err, objectstore.ErrNotFound) || !strings.Contains(err.Error(), key) {
				t.Errorf("%s(%s) = %v", op, key, err)
			}
		}
	}
}

func badKeys(t *testing.T, b *objectstore.Bucket) {
	ctx := t.Context()
	for _, key := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", "a\x00b", "a\nb", "a\xff",
		".staging/x", ".lock", strings.Repeat("a/", 512) + "a", strings.Repeat("x", 256),
	} {
		_, _, readErr := b.Read(ctx, key)
		_, _, openErr := b.Open(ctx, key)
		_, createErr := b.Create(ctx, key, strings.NewReader("x"))
		_, fileErr := b.CreateFile(ctx, key, localFile(t, "x"))
		_, setErr := b.CompareAndSet(ctx, key, []byte("x"), 0)
		_, pathErr := b.LocalPath(ctx, key)
		errs := []error{readErr, openErr, createErr, fileErr, setErr, pathErr, b.Replace(ctx, key, localFile(t, "x")), b.Delete(ctx, key)}
		for i, err := range errs {
			if err == nil || errors.Is(err, objectstore.ErrNotFound) {
				t.Errorf("key %.20q, operation %d: %v", key, i, err)
			}
		}
	}
	wantKeys(t, b, "")
}

func localPath(t *testing.T, b *objectstore.Bucket) {
	create(t, b, "a/数据.csv", "行")
	path := localOf(t, b, "a/数据.csv")
	if inside, err := filepath.Rel(b.Root(), path); err != nil || !filepath.IsLocal(inside) || !filepath.IsAbs(path) {
		t.Errorf("%s is not under Root %s", path, b.Root())
	}
	if again := localOf(t, b, "a/数据.csv"); again != path {
		t.Errorf("first %s, then %s", path, again)
	}
	if got := readLocal(t, b, "a/数据.csv"); got != "行" {
		t.Errorf("it holds %q", got)
	}
	// The cache of a remote bucket may be lost.
	if _, err := b.CompareAndSet(t.Context(), "set", []byte("not cached by its write"), 0); err != nil {
		t.Fatal(err)
	}
	if got := readLocal(t, b, "set"); got != "not cached by its write" {
		t.Errorf("downloaded %q", got)
	}
}

func endedContext(t *testing.T, b *objectstore.Bucket) {
	create(t, b, "k", "x")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, readErr := b.Read(ctx, "k")
	_, createErr := b.Create(ctx, "new", strings.NewReader("x"))
	_, setErr := b.CompareAndSet(ctx, "new", []byte("x"), 0)
	var listErr error
	for _, listErr = range b.List(ctx, "") {
	}
	for op, err := range map[string]error{"Read": readErr, "Create": createErr, "CompareAndSet": setErr, "List": listErr, "Delete": b.Delete(ctx, "k")} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s = %v", op, err)
		}
	}
	wantKeys(t, b, "", "k")
}

func streamStays(t *testing.T, b *objectstore.Bucket) {
	first, second := strings.Repeat("1", 1000), strings.Repeat("2", 1000)
	if err := b.Replace(t.Context(), "m", localFile(t, first)); err != nil {
		t.Fatal(err)
	}
	r, _, err := b.Open(t.Context(), "m")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if err := b.Replace(t.Context(), "m", localFile(t, second)); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != first {
		t.Errorf("the stream mixes versions (%v)", err)
	}
	wantObject(t, b, "m", second)
}

func largeObject(t *testing.T, b *objectstore.Bucket) {
	data := bytes.Repeat([]byte("0123456789abcdef"), 21<<20/16) // above what drivers send in one piece
	if _, err := b.Create(t.Context(), "large", bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	got, a, err := b.Read(t.Context(), "large")
	if err != nil || !bytes.Equal(got, data) || a.Size != int64(len(data)) {
		t.Errorf("read %d bytes of %d, %v", len(got), len(data), err)
	}
	if err := b.Replace(t.Context(), "marts/large", localOf(t, b, "large")); err != nil {
		t.Fatal(err)
	}
	if got := stream(t, b, "marts/large"); got != string(data) {
		t.Errorf("replaced by %d bytes of %d", len(got), len(data))
	}
}

func awkwardNames(t *testing.T, b *objectstore.Bucket) {
	keys := []string{"订单 导出 (1).csv", "a?b#c%2Fd&e=f", `back\slash`, ".hidden", "...", "quote\"'`", "+ plus", "nul.NUL", "-rf", "~", strings.Repeat("数", 85)}
	for _, key := range keys {
		create(t, b, key, key)
	}
	slices.Sort(keys)
	wantKeys(t, b, "", keys...)
	for _, key := range keys {
		wantObject(t, b, key, key)
		if got := readLocal(t, b, key); got != key {
			t.Errorf("LocalPath(%q) holds %q", key, got)
		}
	}
}
