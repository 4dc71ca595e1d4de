package gcs_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/fs"
	"countinghouse/internal/objectstore/gcs"
	"countinghouse/internal/objectstore/gcstest"
)

// world is a service, and buckets that reach it: one over a network that fails as told, one over a network that does not.
type world struct {
	bucket *objectstore.Bucket
	faults *gcstest.Faults
	other  *objectstore.Bucket
}

func newWorld(t *testing.T) world {
	endpoint := gcstest.Start(t)
	faults := &gcstest.Faults{Base: http.DefaultTransport}
	return world{bucketAt(t, endpoint, faults), faults, bucketAt(t, endpoint, http.DefaultTransport)}
}

func bucketAt(t *testing.T, endpoint string, transport http.RoundTripper) *objectstore.Bucket {
	var mu sync.Mutex
	writes, me := 0, t.TempDir()
	token := func() string {
		mu.Lock()
		defer mu.Unlock()
		writes++
		return me + strconv.Itoa(writes)
	}
	driver, err := gcs.New(t.Context(), "brand", "store",
		gcs.Options{NewToken: token, Endpoint: endpoint, Transport: transport, FirstWait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	cache, err := fs.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return objectstore.NewRemote(driver, cache, "gs://brand/store")
}

func (w world) set(t *testing.T, b *objectstore.Bucket, data string, expected int64) int64 {
	t.Helper()
	a, err := b.CompareAndSet(t.Context(), "env", []byte(data), expected)
	if err != nil {
		t.Fatal(err)
	}
	return a.Generation
}

// holds compares what the undisturbed bucket reads, and that all planned faults have happened.
func (w world) holds(t *testing.T, key, want string) int64 {
	t.Helper()
	data, a, err := w.other.Read(t.Context(), key)
	if err != nil || string(data) != want {
		t.Errorf("%s holds %.40q, %v; want %.40q", key, data, err, want)
	}
	if n := w.faults.Pending(); n != 0 {
		t.Errorf("%d faults did not happen", n)
	}
	return a.Generation
}

func TestSetIsDoneOnceWhenTheReplyIsLost(t *testing.T) {
	w := newWorld(t)
	for _, lost := range []int{0, 1, 3} {
		_, before, err := w.other.Read(t.Context(), "env")
		if err != nil && !errors.Is(err, objectstore.ErrNotFound) {
			t.Fatal(err)
		}
		w.faults.Inject(lost, gcstest.Uploads, gcstest.DropReply)
		text := "lost " + strconv.Itoa(lost)
		got := w.set(t, w.bucket, text, before.Generation)
		if there := w.holds(t, "env", text); there != got {
			t.Errorf("%d lost: CompareAndSet gave generation %d, there is %d", lost, got, there)
		}
	}
}

func TestSetIsRefusedWhenAnotherWasFirst(t *testing.T) {
	w := newWorld(t)
	old := w.set(t, w.other, "old", 0)
	w.set(t, w.other, "the same bytes", old)
	w.faults.Inject(1, gcstest.Uploads, gcstest.DropReply)
	// Equal bytes are not enough to be the winner: two who write "5" have not both incremented 4.
	if _, err := w.bucket.CompareAndSet(t.Context(), "env", []byte("the same bytes"), old); !errors.Is(err, objectstore.ErrPrecondition) {
		t.Errorf("got %v", err)
	}
	w.holds(t, "env", "the same bytes")
}

func TestSetThatWasOverwrittenIsReportedAsRefused(t *testing.T) {
	w := newWorld(t)
	old := w.set(t, w.other, "old", 0)
	w.faults.Inject(1, gcstest.Uploads, func(network http.RoundTripper, r *http.Request) (*http.Response, error) {
		reply, err := gcstest.DropReply(network, r)
		w.set(t, w.other, "theirs, after ours", w.holds(t, "env", "ours"))
		return reply, err
	})
	if _, err := w.bucket.CompareAndSet(t.Context(), "env", []byte("ours"), old); !errors.Is(err, objectstore.ErrPrecondition) {
		t.Errorf("got %v", err)
	}
	w.holds(t, "env", "theirs, after ours")
}

func TestUnavailableServiceIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.faults.Inject(3, gcstest.Uploads, gcstest.Unavailable)
	first := w.set(t, w.bucket, "v1", 0)
	w.faults.Inject(3, gcstest.Downloads, gcstest.Unavailable)
	if data, _, err := w.bucket.Read(t.Context(), "env"); err != nil || string(data) != "v1" {
		t.Errorf("read %q, %v", data, err)
	}
	w.faults.Inject(3, gcstest.Metadata, gcstest.Unavailable)
	for _, err := range w.bucket.List(t.Context(), "") {
		if err != nil {
			t.Error(err)
		}
	}
	if got := w.holds(t, "env", "v1"); got != first {
		t.Errorf("generation %d became %d", first, got)
	}
}

func TestServiceThatStaysUnavailable(t *testing.T) {
	w := newWorld(t)
	old := w.set(t, w.other, "old", 0)
	w.faults.Inject(8, gcstest.Uploads, gcstest.Unavailable)
	_, err := w.bucket.CompareAndSet(t.Context(), "env", []byte("new"), old)
	if err == nil || errors.Is(err, objectstore.ErrPrecondition) || !strings.Contains(err.Error(), "503") {
		t.Errorf("got %v, want the 503", err)
	}
	w.holds(t, "env", "old")
}

func TestUnknownOutcomeIsNoRefusal(t *testing.T) {
	w := newWorld(t)
	old := w.set(t, w.other, "old", 0)
	w.faults.Inject(1, gcstest.Uploads, gcstest.DropReply)
	w.faults.Inject(8, gcstest.Metadata, gcstest.Unavailable)
	_, err := w.bucket.CompareAndSet(t.Context(), "env", []byte("new"), old)
	if err == nil || errors.Is(err, objectstore.ErrPrecondition) || !strings.Contains(err.Error(), "not known whether") {
		t.Errorf("got %v", err)
	}
	w.holds(t, "env", "new") // it was written, as may be
}

func TestCancelledWaitEnds(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.faults.Inject(1, gcstest.Uploads, func(http.RoundTripper, *http.Request) (*http.Response, error) {
		cancel()
		return nil, syscall.ECONNRESET
	})
	if _, err := w.bucket.CompareAndSet(ctx, "env", []byte("x"), 0); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestCreationSurvivesTheNetwork(t *testing.T) {
	large := string(bytes.Repeat([]byte("0123456789abcde\n"), 40<<20/16)) // three chunks
	for name, fault := range map[string]gcstest.Fault{"reply lost": gcstest.DropReply, "unavailable": gcstest.Unavailable} {
		for size, data := range map[string]string{"small": "rows", "large": large} {
			t.Run(name+" "+size, func(t *testing.T) {
				w := newWorld(t)
				w.faults.Inject(1, gcstest.Uploads, fault)
				if size == "large" {
					w.faults.Inject(1, chunkOfUpload, fault)
				}
				if _, err := w.bucket.Create(t.Context(), "data", strings.NewReader(data)); err != nil {
					t.Fatal(err)
				}
				w.holds(t, "data", data)
			})
		}
	}
}

func chunkOfUpload(r *http.Request) bool { return r.URL.Query().Get("upload_id") != "" }

func TestLastChunkMayComeTwice(t *testing.T) {
	w := newWorld(t)
	data := strings.Repeat("x", 20<<20)
	w.faults.Inject(2, func(r *http.Request) bool { return strings.HasSuffix(r.Header.Get("Content-Range"), "/20971520") }, gcstest.DropReply)
	if _, err := w.bucket.Create(t.Context(), "data", strings.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	w.holds(t, "data", data)
}

func TestReplaceAndDeleteWithLostReplies(t *testing.T) {
	w := newWorld(t)
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, []byte("published"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.faults.Inject(2, gcstest.Uploads, gcstest.DropReply)
	if err := w.bucket.Replace(t.Context(), "marts/m", file); err != nil {
		t.Fatal(err)
	}
	w.holds(t, "marts/m", "published")
	w.faults.Inject(2, gcstest.Metadata, gcstest.DropReply)
	if err := w.bucket.Delete(t.Context(), "marts/m"); err != nil {
		t.Error(err)
	}
	if _, _, err := w.other.Read(t.Context(), "marts/m"); !errors.Is(err, objectstore.ErrNotFound) {
		t.Errorf("after Delete: %v", err)
	}
}

func TestCutDownloadGoesOn(t *testing.T) {
	w := newWorld(t)
	data := strings.Repeat("0123456789", 100_000)
	if _, err := w.other.Create(t.Context(), "data", strings.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	w.faults.Inject(1, gcstest.Downloads, gcstest.Truncate(12345))
	w.faults.Inject(1, gcstest.Downloads, gcstest.Truncate(0))
	r, _, err := w.bucket.Open(t.Context(), "data")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if got, err := io.ReadAll(r); err != nil || string(got) != data {
		t.Errorf("read %d bytes of %d, %v", len(got), len(data), err)
	}
	w.holds(t, "data", data)
}

func TestCorruptDownloadIsRefused(t *testing.T) {
	w := newWorld(t)
	if _, err := w.other.Create(t.Context(), "data", strings.NewReader("rows of a table")); err != nil {
		t.Fatal(err)
	}
	w.faults.Inject(2, gcstest.Downloads, gcstest.Corrupt)
	if _, _, err := w.bucket.Read(t.Context(), "data"); err == nil {
		t.Error("Read gave corrupt bytes")
	}
	if _, err := w.bucket.LocalPath(t.Context(), "data"); err == nil {
		t.Error("LocalPath gave corrupt bytes")
	}
	path, err := w.bucket.LocalPath(t.Context(), "data") // nothing of the failed one was kept
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "rows of a table" {
		t.Errorf("cached %q, %v", got, err)
	}
}

// TestCounterOverABadNetwork: each success is a generation of its own, and none is lost, while a third of the replies are.
func TestCounterOverABadNetwork(t *testing.T) {
	w := newWorld(t)
	const workers, each = 4, 10
	var uploads sync.Map
	n := 0
	w.faults.Inject(1000, func(r *http.Request) bool {
		n++ // the matcher runs under the lock of the faults
		return gcstest.Uploads(r) && n%3 == 0
	}, gcstest.DropReply)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for range each {
				g := w.increment(t)
				if _, twice := uploads.LoadOrStore(g, true); twice {
					t.Errorf("two writers were told that generation %d is theirs", g)
				}
			}
		})
	}
	all.Wait()
	data, _, err := w.other.Read(t.Context(), "n")
	if total, _ := strconv.Atoi(string(data)); err != nil || total < workers*each {
		t.Errorf("counted to %q, %v; want at least %d", data, err, workers*each)
	}
}

func (w world) increment(t *testing.T) int64 {
	for {
		data, a, err := w.bucket.Read(t.Context(), "n")
		if err != nil && !errors.Is(err, objectstore.ErrNotFound) {
			t.Error(err)
			return 0
		}
		n, err := strconv.Atoi("0" + string(data))
		if err != nil {
			t.Error(err)
			return 0
		}
		set, err := w.bucket.CompareAndSet(t.Context(), "n", []byte(strconv.Itoa(n+1)), a.Generation)
		if err == nil {
			return set.Generation
		}
		if !errors.Is(err, objectstore.ErrPrecondition) {
			t.Error(err)
			return 0
		}
	}
}
