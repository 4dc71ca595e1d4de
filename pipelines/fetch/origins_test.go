package fetch_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/gcstest"
	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/origin/bucket"
	"countinghouse/internal/origin/folder"
	"countinghouse/internal/origin/sftp"
	"countinghouse/internal/origin/sftp/sftptest"
	"countinghouse/internal/origin/web"
	"countinghouse/pipelines/fetch"
)

// partner is the other side of a source: where somebody puts files and takes them away.
type partner struct {
	from   fetch.Origin
	path   func(name string) string // what the source calls a file
	put    func(t *testing.T, name, text string)
	remove func(t *testing.T, name string)
}

// inFolder is a partner who works in a folder that the source sees.
func inFolder(dir string, from fetch.Origin) partner {
	return partner{
		from: from,
		path: func(name string) string { return name },
		put: func(t *testing.T, name, text string) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		remove: func(t *testing.T, name string) {
			t.Helper()
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		},
	}
}

func watched(t *testing.T) partner {
	dir := t.TempDir()
	from, err := folder.Open(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = from.Close() })
	return inFolder(dir, from)
}

func overSSH(t *testing.T) partner {
	dir := t.TempDir()
	programs := sftptest.Programs()
	server := sftptest.Start(t, dir, programs[len(programs)-1])
	from := sftp.New(sftp.Options{Address: server.Address, User: server.User, PrivateKey: server.Key, HostKey: server.Fingerprint})
	t.Cleanup(func() { _ = from.Close() })
	return inFolder(dir, from)
}

func overHTTP(t *testing.T) partner {
	dir := t.TempDir()
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(server.Close)
	day := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	from, err := web.New(web.Options{
		Addresses: []string{server.URL + "/shop_{yyyymmdd}.csv", server.URL + "/what_{dd}.csv"},
		Days:      []time.Time{day, day.AddDate(0, 0, 1), day.AddDate(0, 0, 2)},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = from.Close() })
	p := inFolder(dir, from)
	p.path = func(name string) string { return server.URL + "/" + name }
	// A file's time is all that this server tells versions apart by, to the second: each is later than the one before.
	written, put := time.Now().Add(-time.Hour), p.put
	p.put = func(t *testing.T, name, text string) {
		t.Helper()
		put(t, name, text)
		written = written.Add(time.Minute)
		if err := os.Chtimes(filepath.Join(dir, name), written, written); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func inBucket(t *testing.T) partner {
	t.Setenv("STORAGE_EMULATOR_HOST", strings.TrimPrefix(gcstest.Start(t), "http://"))
	at := func() *objectstore.Bucket {
		objects, err := open.Bucket(t.Context(), "gs://partner-bucket/out", t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		return objects
	}
	mine, theirs := at(), at()
	return partner{
		from: bucket.New(mine),
		path: func(name string) string { return name },
		put: func(t *testing.T, name, text string) {
			t.Helper()
			file := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := theirs.Replace(t.Context(), name, file); err != nil {
				t.Fatal(err)
			}
		},
		remove: func(t *testing.T, name string) {
			t.Helper()
			if err := theirs.Delete(context.WithoutCancel(t.Context()), name); err != nil {
				t.Fatal(err)
			}
		},
	}
}

// TestOrigins is what every kind of source must do: what changed comes, what did not change does not, and the same bytes land once.
func TestOrigins(t *testing.T) {
	for kind, start := range map[string]func(*testing.T) partner{"folder": watched, "sftp": overSSH, "https": overHTTP, "bucket": inBucket} {
		t.Run(kind, func(t *testing.T) {
			d, p := newDesk(t), start(t)
			one, two, three, what := "shop_20261001.csv", "shop_20261002.csv", "shop_20261003.csv", "what_01.csv"
			d.want(p.from, 0)
			p.put(t, one, "order\nA1\n")
			p.put(t, what, "is,this\n1,2\n")
			d.want(p.from, 0, "landed "+p.path(one), "refused "+p.path(what))
			d.want(p.from, 2)
			p.put(t, two, "order\nA1\n") // the same bytes
			p.put(t, one, "order\nA1\nA2\n")
			d.want(p.from, 1, "already "+p.path(two), "landed "+p.path(one))
			d.want(p.from, 3)
			p.remove(t, one)
			p.put(t, three, "order\nA3\n")
			d.want(p.from, 2, "landed "+p.path(three))
			p.put(t, one, "order\nA1\nA2\n") // as it was before it went
			d.want(p.from, 3, "already "+p.path(one))
			if got := d.landed("shop"); len(got) != 2 || got[one] == "" || got[three] != "order\nA3\n" {
				t.Errorf("landed %q", got)
			}
			if d.parts() != 0 {
				t.Errorf("%d downloads are left over", d.parts())
			}
		})
	}
}
