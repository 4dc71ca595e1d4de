package sftp_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/origin"
	"countinghouse/internal/origin/sftp"
	"countinghouse/internal/origin/sftp/sftptest"
)

// onEach runs a test against every server program that there is.
func onEach(t *testing.T, test func(t *testing.T, dir string, server *sftptest.Server)) {
	for _, program := range sftptest.Programs() {
		t.Run("with "+filepath.Base(program), func(t *testing.T) {
			dir := t.TempDir()
			test(t, dir, sftptest.Start(t, dir, program))
		})
	}
}

func options(server *sftptest.Server) sftp.Options {
	return sftp.Options{Address: server.Address, User: server.User, Password: server.Password, HostKey: server.Fingerprint}
}

func open(t *testing.T, options sftp.Options) *sftp.Server {
	t.Helper()
	from := sftp.New(options)
	t.Cleanup(func() { _ = from.Close() })
	return from
}

func put(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// paths are those of the entries, which are there in some order.
func paths(entries []origin.Entry) map[string]origin.Entry {
	found := map[string]origin.Entry{}
	for _, entry := range entries {
		found[entry.Path] = entry
	}
	return found
}

func TestListsWhatIsAnExport(t *testing.T) {
	onEach(t, func(t *testing.T, dir string, server *sftptest.Server) {
		put(t, dir, "out/orders.csv", []byte("a\n"))
		put(t, dir, "out/2026/订单.xlsx", []byte("bcd"))
		put(t, dir, "out/\xb6\xa9\xb5\xa5.csv", []byte("gbk")) // 订单 as a server in GB18030 spells it
		for _, other := range []string{"out/.hidden", "out/.trash/x.csv", "out/half.csv.filepart", "out/~$orders.xlsx", "above.csv"} {
			put(t, dir, other, []byte("no"))
		}
		if err := os.Symlink("/etc/passwd", filepath.Join(dir, "out/link.csv")); err != nil {
			t.Fatal(err)
		}
		with := options(server)
		with.Folder = "out"
		from := open(t, with)
		entries, err := from.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got := paths(entries)
		if len(got) != 3 || got["orders.csv"].Size != 2 || got["2026/订单.xlsx"].Name != "订单.xlsx" || got["订单.csv"].Size != 3 {
			t.Fatalf("%+v", entries)
		}
		if content := fetch(t, from, got["订单.csv"]); string(content) != "gbk" {
			t.Errorf("a file with a name in GB18030 holds %q", content)
		}
	})
}

// fetch downloads a file whole.
func fetch(t *testing.T, from *sftp.Server, entry origin.Entry) []byte {
	t.Helper()
	part, err := origin.OpenPart(t.TempDir(), entry.Path, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := from.Fetch(t.Context(), entry, "", part); err != nil {
		t.Fatal(err)
	}
	path, err := part.Finish(entry.Name, entry.ModTime)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestGoesOnWhereItBroke(t *testing.T) {
	onEach(t, func(t *testing.T, dir string, server *sftptest.Server) {
		whole := bytes.Repeat([]byte("0123456789abcdef"), 256<<10) // 4 MiB
		put(t, dir, "large.csv", whole)
		from := open(t, options(server))
		entries, err := from.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		parts := t.TempDir()
		part, err := origin.OpenPart(parts, "large.csv", 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		server.BreakAfter(3 << 20)
		_, err = from.Fetch(t.Context(), entries[0], "", part)
		_, held := part.Held()
		if !origin.IsTrouble(err) || held < 1<<20 || held > 3<<20 {
			t.Fatalf("%d bytes are held after %v", held, err)
		}
		if err := part.Keep(); err != nil {
			t.Fatal(err)
		}
		// The process ends here; the next one finds the part. Only what it lacks may come: twice that would break the connection.
		if part, err = origin.OpenPart(parts, "large.csv", 1<<30); err != nil {
			t.Fatal(err)
		}
		server.BreakAfter(int64(len(whole)) - held + 512<<10)
		if _, err = from.Fetch(t.Context(), entries[0], "", part); err != nil {
			t.Fatal(err)
		}
		path, err := part.Finish("large.csv", entries[0].ModTime)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, whole) {
			t.Errorf("%d bytes came, %v, or not the right ones", len(got), err)
		}
		if server.Logins() != 2 {
			t.Errorf("%d logins, want a second one after the break", server.Logins())
		}
	})
}

func TestAChangedFileBeginsAnew(t *testing.T) {
	onEach(t, func(t *testing.T, dir string, server *sftptest.Server) {
		put(t, dir, "orders.csv", []byte("old old old"))
		from := open(t, options(server))
		entries, err := from.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		put(t, dir, "orders.csv", []byte("new"))
		part, err := origin.OpenPart(t.TempDir(), "orders.csv", 100)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := from.Fetch(t.Context(), entries[0], "", part); !errors.Is(err, origin.ErrChanging) {
			t.Errorf("a file that is not what was listed gives %v", err)
		}
		if entries, err = from.List(t.Context()); err != nil || string(fetch(t, from, entries[0])) != "new" {
			t.Errorf("the new file does not come: %v", err)
		}
	})
}

func TestLogins(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a.csv", []byte("a"))
	server := sftptest.Start(t, dir, "")
	known := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(known, []byte(server.KnownHosts+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	otherKey := "SHA256:" + strings.Repeat("A", 43)
	for name, c := range map[string]struct {
		change func(*sftp.Options)
		want   string // in the error; empty: let in
	}{
		"password":             {func(*sftp.Options) {}, ""},
		"private key":          {func(o *sftp.Options) { o.Password, o.PrivateKey = "", server.Key }, ""},
		"whole host key":       {func(o *sftp.Options) { o.HostKey = server.HostKey }, ""},
		"its other host key":   {func(o *sftp.Options) { o.HostKey = server.Other }, ""},
		"known hosts":          {func(o *sftp.Options) { o.HostKey, o.KnownHosts = "", known }, ""},
		"wrong password":       {func(o *sftp.Options) { o.Password = "guess" }, "does not let us in"},
		"wrong user":           {func(o *sftp.Options) { o.User = "somebody" }, "does not let us in"},
		"another host key":     {func(o *sftp.Options) { o.HostKey = otherKey }, "somebody may stand in between"},
		"cut fingerprint":      {func(o *sftp.Options) { o.HostKey = server.Fingerprint[:20] }, "not a fingerprint"},
		"no private key":       {func(o *sftp.Options) { o.PrivateKey = []byte("secret text") }, "private key cannot be read"},
		"unknown to the file":  {func(o *sftp.Options) { o.Address, o.HostKey, o.KnownHosts = "127.0.0.1:1", "", known }, "no key of 127.0.0.1:1"},
		"folder that is not":   {func(o *sftp.Options) { o.Folder = "nowhere" }, "nowhere"},
		"folder above by name": {func(o *sftp.Options) { o.Folder = filepath.Join(dir, "gone") }, "gone"},
	} {
		t.Run(name, func(t *testing.T) {
			with := options(server)
			c.change(&with)
			entries, err := open(t, with).List(t.Context())
			if c.want == "" {
				if err != nil || len(entries) != 1 {
					t.Errorf("%+v, %v", entries, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !origin.IsMisconfigured(err) {
				t.Errorf("error %v, want one that lasts, with %q", err, c.want)
			}
			if err != nil && (strings.Contains(err.Error(), "guess") || strings.Contains(err.Error(), "secret text")) {
				t.Errorf("a secret is told: %v", err)
			}
		})
	}
}

func TestNobodyThere(t *testing.T) {
	with := sftp.Options{Address: "127.0.0.1:1", User: "brand", Password: "x", HostKey: "SHA256:" + strings.Repeat("A", 43)}
	start := time.Now()
	if _, err := open(t, with).List(t.Context()); !origin.IsTrouble(err) || time.Since(start) > 10*time.Second {
		t.Errorf("error %v after %s, want trouble at once", err, time.Since(start))
	}
}
