package project_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/project"
)

const goodSources = `sources:
  - {name: tills, kind: folder, path: drop, every: "*/5 * * * *", settle: 5m, after: move, max_size: 1.5GB, include: ["*.csv"], feed: pos_receipts}
  - {name: partner, kind: bucket, url: gs://partner/out}
  - {name: erp, kind: sftp, host: "sftp.example.com:2222", user: brand, key: {file: secrets/erp}, passphrase: {env: ERP_PASSPHRASE}, known_hosts: known_hosts}
  - name: reports
    kind: https
    urls: ["https://reports.example.com/{yyyy-mm-dd}.csv"]
    token: {env: REPORTS_TOKEN}
    header: X-Api-Key
    days: 31
`

func TestSources(t *testing.T) {
	own, err := project.Open(write(t, goodSources))
	if err != nil {
		t.Fatal(err)
	}
	tills, partner, reports := own.Sources[0], own.Sources[1], own.Sources[3]
	if tills.SettleTime() != 5*time.Minute || tills.MovedTo() != "landed" || tills.Limit() != 1_500_000_000 || tills.DaysBack() != 7 {
		t.Errorf("%+v", tills)
	}
	if partner.SettleTime() != time.Minute || partner.MovedTo() != "" || partner.Limit() != 64<<30 || reports.DaysBack() != 31 {
		t.Errorf("%+v %+v", partner, reports)
	}
	if !own.Sources[2].Key.Given() || own.Sources[2].Password.Given() {
		t.Errorf("%+v", own.Sources[2])
	}
}

func TestSourcesThatAreRefused(t *testing.T) {
	for source, want := range map[string]string{
		"{kind: folder, path: x}":                                                           "sources[0]: name: want",
		"{name: ../x, kind: folder, path: x}":                                               "name: want",
		"{name: a, kind: ftp}":                                                              "kind: want folder",
		"{name: a, kind: folder}":                                                           "path: name the folder",
		"{name: a, kind: folder, path: x, after: burn}":                                     "after: want",
		"{name: a, kind: folder, path: x, after: move, move_to: ../y}":                      "move_to: want",
		"{name: a, kind: folder, path: x, move_to: y}":                                      "move_to: goes with",
		"{name: a, kind: folder, path: x, url: gs://b}":                                     "url: not for a source of kind folder",
		"{name: a, kind: folder, path: x, max_size: much}":                                  "max_size: want",
		"{name: a, kind: folder, path: x, max_size: 0}":                                     "max_size: want",
		"{name: a, kind: folder, path: x, settle: -1s}":                                     "settle: want",
		"{name: a, kind: folder, path: x, include: ['[']}":                                  "pattern",
		"{name: a, kind: folder, path: x, passwort: y}":                                     "passwort",
		"{name: a, kind: bucket, url: s3://b}":                                              "url: want gs://",
		"{name: a, kind: sftp, host: h, user: u, password: {env: P}}":                       "host_key or known_hosts",
		"{name: a, kind: sftp, host: h, user: u, host_key: k}":                              "password or key",
		"{name: a, kind: sftp, host: h, user: u, host_key: k, password: {env: P, file: f}}": "password: name env or file",
		"{name: a, kind: sftp, host: h, user: u, host_key: k, password: a plain secret}":    "sources.yaml",
		"{name: a, kind: https}":                                                            "urls: name",
		"{name: a, kind: https, urls: ['https://h/a'], user: u}":                            "user and password",
		"{name: a, kind: https, urls: ['https://h/a'], header: X}":                          "header: goes with",
		"{name: a, kind: https, urls: ['https://h/a'], days: 1000}":                         "days: want",
		"{name: a, kind: https, urls: ['https://h/a'], after: move}":                        "after: not for",
		"{name: a, kind: folder, path: x}\n  - {name: a, kind: folder, path: y}":            "two of that name",
	} {
		_, err := project.Open(write(t, "sources:\n  - "+source+"\n"))
		if want == "sources.yaml" {
			want = project.ConfigFile // a text where env or file is wanted: the line is told
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want …%s…", source, err, want)
		}
	}
}

func TestSecrets(t *testing.T) {
	dir := write(t, "")
	for name, text := range map[string]string{"key": "from a file\n", "empty": " \n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	own, err := project.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	lookup := func(name string) (string, bool) { return "from " + name, name == "SET" }
	got := map[string]string{}
	for name, secret := range map[string]project.Secret{"env": {Env: "SET"}, "file": {File: "key"}, "none": {}} {
		value, err := own.Secret(secret, lookup)
		if err != nil {
			t.Error(err)
		}
		got[name] = value
	}
	if want := map[string]string{"env": "from SET", "file": "from a file", "none": ""}; !maps.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	var problems []string
	for _, secret := range []project.Secret{{Env: "UNSET"}, {File: "empty"}, {File: "gone"}} {
		_, err := own.Secret(secret, lookup)
		if err == nil {
			err = errors.New("none")
		}
		problems = append(problems, err.Error())
	}
	if !strings.Contains(problems[0], "UNSET") || !strings.Contains(problems[1], "empty") || !strings.Contains(problems[2], "gone") || slices.Contains(problems, "none") {
		t.Errorf("%q", problems)
	}
}
