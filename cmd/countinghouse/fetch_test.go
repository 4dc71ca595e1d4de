package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"countinghouse/internal/origin/sftp/sftptest"
)

// TestFetchFromServers fetches by HTTP and SFTP with secrets from the environment and from a file, and tells none of them.
func TestFetchFromServers(t *testing.T) {
	t.Parallel()
	const token = "a made-up token"
	s, dir := newSite(t), t.TempDir()
	orders := "generic_orders_20261001.csv"
	text, err := os.ReadFile(filepath.Join(brand(t, "first"), orders))
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		w.Header().Set("ETag", `"one"`)
		http.ServeFile(w, r, filepath.Join(brand(t, "first"), orders))
	}))
	defer web.Close()
	server := sftptest.Start(t, dir, "")
	if err := os.WriteFile(filepath.Join(dir, "generic_orders_20261002.csv"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	s.write("secrets/erp", server.Password+"\n")
	s.write("countinghouse.yaml", `sources:
  - {name: reports, kind: https, urls: ["`+web.URL+"/"+orders+`"], token: {env: REPORTS_TOKEN}}
  - {name: erp, kind: sftp, host: "`+server.Address+`", user: brand, host_key: "`+server.Fingerprint+`", password: {file: secrets/erp}, settle: 0s}
`)
	if got := s.try("fetch", "reports"); got.code != exitUsage || !strings.Contains(got.errs, "the environment variable REPORTS_TOKEN is not set") {
		t.Errorf("without its secret: exit %d\n%s", got.code, got.errs)
	}
	s.env = []string{"REPORTS_TOKEN=wrong"}
	if got := s.try("fetch", "reports"); got.code != exitUsage || !strings.Contains(got.errs, "401 Unauthorized: check the secret") || strings.Contains(got.errs+got.out, "wrong") {
		t.Errorf("with a wrong secret: exit %d\n%s", got.code, got.errs)
	}
	s.env = []string{"REPORTS_TOKEN=" + token}
	out := s.do(exitDone, "fetch")
	if !strings.Contains(out, "landed   reports: "+web.URL+"/"+orders) || !strings.Contains(out, "already  erp: generic_orders_20261002.csv") {
		t.Errorf("the first round:\n%s", out)
	}
	if out = s.do(exitDone, "fetch"); !strings.Contains(out, "reports: 0 landed, 1 as before") || !strings.Contains(out, "erp: 0 landed, 1 as before") {
		t.Errorf("the second round:\n%s", out)
	}
	for _, secret := range []string{token, server.Password} {
		for _, place := range []string{"store/sources", "store/runs", ".countinghouse"} {
			if holds(t, s.path(place), secret) {
				t.Errorf("%s holds a secret", place)
			}
		}
	}
	web.Close()
	if got := s.try("fetch", "--again", "erp"); got.code != exitDone || !strings.Contains(got.out, "already  erp: ") {
		t.Errorf("again: exit %d\n%s", got.code, got.out+got.errs)
	}
}

// holds says whether a file below a folder holds a text.
func holds(t *testing.T, folder, text string) bool {
	t.Helper()
	found := false
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		found = found || strings.Contains(string(content), text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestServeFetches has serve fetch from a folder by itself, and say in its health how the source stands.
func TestServeFetches(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	// The daily job is far away, and the source's every minute: what was missed before the start is fetched at once.
	s.write("countinghouse.yaml", "schedule: {daily: \"0 0 1 1 *\"}\nsources:\n  - {name: tills, kind: folder, path: tills, settle: 0s, every: \"* * * * *\"}\n")
	if err := os.CopyFS(s.path("tills"), os.DirFS(brand(t, "first"))); err != nil {
		t.Fatal(err)
	}
	command, base := s.serving()
	until(t, "the files of the source", func() bool {
		_, err := os.Stat(s.path("store/sources/tills.json"))
		return err == nil
	})
	until(t, "its health", func() bool {
		_, body := get(t, base+"/healthz")
		return strings.Contains(body, `"job": "fetch-tills"`) && strings.Contains(body, `"status": "succeeded"`)
	})
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil {
		t.Errorf("serve ended with %v\n%s", err, s.log())
	}
	if out := s.do(exitDone, "fetch"); !strings.Contains(out, "tills: 0 landed, 3 as before") {
		t.Errorf("after serve:\n%s", out)
	}
}
