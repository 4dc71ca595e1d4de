package land_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/landing"
	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/open"
	"countinghouse/pipelines/land"
)

const feedText = `feed: NAME
about: a
channel: c
files:
  names: ["PATTERN"]
  container: CONTAINER
  exported_at: {file_name: '(\d{8})', layout: "20060102"}
columns:
  - {name: order_id, header: [HEADER], type: id, required: true}
gives:
  orders: {columns: {order_id: order_id}}
example: {file: x}
`

func feed(name, pattern, container, header string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(strings.NewReplacer("NAME", name, "PATTERN", pattern, "CONTAINER", container, "HEADER", header).Replace(feedText))}
}

// bare is a feed whose files have no header.
func bare(name, pattern string) *fstest.MapFile {
	text := strings.NewReplacer("container: CONTAINER", "container: csv\n  header: none", ", header: [HEADER]", "", ", required: true", "", "NAME", name, "PATTERN", pattern).Replace(feedText)
	return &fstest.MapFile{Data: []byte(text)}
}

func registry(t *testing.T) *contract.Registry {
	t.Helper()
	registry, err := contract.Load(fstest.MapFS{
		"datasets/orders.yaml": {Data: []byte("dataset: orders\ngrain: [order_id]\ncolumns:\n  - {name: order_id, type: text}\n")},
		"feeds/shop.yaml":      feed("shop", "shop_*.csv", "csv", "订单号"),
		"feeds/till.yaml":      feed("till", "till_*.csv", "csv", "小票号"),
		"feeds/other.yaml":     feed("other", "till_*.csv", "csv", "单号"),
		"feeds/pay.yaml":       feed("pay", "pay_*.csv", "csv", "支付单号"),
		"feeds/pay2.yaml":      feed("pay2", "pay2_*.csv", "csv", "支付单号"),
		"feeds/api.yaml":       feed("api", "api_*.jsonl", "jsonl", "msgid"),
		"feeds/bare.yaml":      bare("bare", "bare_*.txt"),
		"feeds/bare2.yaml":     bare("bare2", "shop_bare_*.csv"),
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return registry
}

type place struct {
	bucket *objectstore.Bucket
	inbox  string
	store  string
}

func newPlace(t *testing.T) place {
	t.Helper()
	p := place{inbox: t.TempDir(), store: t.TempDir()}
	bucket, err := open.Bucket(t.Context(), p.store, "")
	if err != nil {
		t.Fatal(err)
	}
	p.bucket = bucket
	return p
}

func (p place) write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(p.inbox, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func received() time.Time { return time.Date(2026, 11, 2, 3, 4, 5, 0, time.UTC) }

func (p place) land(t *testing.T, change func(*land.Options), paths ...string) ([]land.Landed, error) {
	t.Helper()
	options := land.Options{Now: received(), Zone: time.FixedZone("CST", 8*3600), Scratch: t.TempDir()}
	if change != nil {
		change(&options)
	}
	return land.Land(t.Context(), p.bucket, registry(t), paths, options)
}

func (p place) landOne(t *testing.T, path string) land.Landed {
	t.Helper()
	landed, err := p.land(t, nil, path)
	if err != nil || len(landed) != 1 {
		t.Fatalf("landed %v, %v", landed, err)
	}
	return landed[0]
}

func TestFileLandsByteForByteWithItsManifest(t *testing.T) {
	p := newPlace(t)
	content := "\ufeff订单号\r\nA1\r\n"
	path := p.write(t, "shop_20261101.csv", content)
	modified := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(path, modified, modified); err != nil {
		t.Fatal(err)
	}
	got := p.landOne(t, path)
	sum := sha256.Sum256([]byte(content))
	hash := hex.EncodeToString(sum[:])
	if want := "landing/shop/" + hash + "/shop_20261101.csv"; got.Manifest.Key != want || got.Already || !got.Recognised() {
		t.Errorf("landed as %+v, want %s", got, want)
	}
	stored, err := os.ReadFile(filepath.Join(p.store, got.Manifest.Key))
	if err != nil || string(stored) != content {
		t.Errorf("stored %q, %v", stored, err)
	}
	manifest, err := landing.Read(t.Context(), p.bucket, "shop", hash)
	if err != nil {
		t.Fatal(err)
	}
	if manifest.Size != int64(len(content)) || manifest.SHA256 != hash || !manifest.ReceivedAt.Equal(received()) || !manifest.ModTime.Equal(modified) {
		t.Errorf("manifest %+v", manifest)
	}
	if manifest.ExportedAt == nil || manifest.ExportedAt.Format(time.RFC3339) != "2026-11-01T00:00:00+08:00" {
		t.Errorf("exported at %v, want the name's day in the brand's zone", manifest.ExportedAt)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the file in the inbox is gone: %v", err)
	}
}

func TestSameBytesLandOnce(t *testing.T) {
	p := newPlace(t)
	first := p.landOne(t, p.write(t, "shop_1.csv", "订单号\nA1\n"))
	again := p.landOne(t, p.write(t, "shop_2.csv", "订单号\nA1\n"))
	other := p.landOne(t, p.write(t, "shop_3.csv", "订单号\nA2\n"))
	if first.Already || !again.Already || other.Already {
		t.Errorf("already: %v %v %v, want only the second", first.Already, again.Already, other.Already)
	}
	if again.Manifest.Name != "shop_1.csv" {
		t.Errorf("the second landing names %s, want the first one's", again.Manifest.Name)
	}
	landed, err := landing.List(t.Context(), p.bucket, "shop")
	if err != nil || len(landed) != 2 {
		t.Errorf("%d contents, %v; want 2", len(landed), err)
	}
}

func TestFeedIsToldByNameAndThenByHeader(t *testing.T) {
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, _ = writer.Write([]byte("订单号\nA1\n"))
	_ = writer.Close()
	cases := map[string]struct{ name, content, feed, reason string }{
		"by name":                {"shop_1.csv", "anything", "shop", ""},
		"by name, packed":        {"shop_1.csv.gz", packed.String(), "shop", ""},
		"by header":              {"export.csv", "订单号,别的\nA1,2\n", "shop", ""},
		"by header, packed":      {"export", packed.String(), "shop", ""},
		"two names, one header":  {"till_1.csv", "小票号\n1\n", "till", ""},
		"two names, no header":   {"till_1.csv", "别的\n1\n", "unrecognised", "its name fits the feeds other, till, its header none of them"},
		"two headers":            {"export.csv", "支付单号\n1\n", "unrecognised", "its header fits the feeds pay, pay2: say which with --feed"},
		"a record of json lines": {"export.txt", `{"msgid": "1", "other": []}`, "api", ""},
		"another record":         {"export.txt", `{"other": "1"}`, "unrecognised", "neither its name nor its header"},
		"no header, by name":     {"bare_1.txt", "A1\n", "bare", ""},
		"no header, no name":     {"export.txt", "A1\n", "unrecognised", "neither its name nor its header"},
		"no header, two names":   {"shop_bare_1.csv", "A1\n", "unrecognised", "its name fits the feeds bare2, shop, its header none of them"},
		"header, two names":      {"shop_bare_1.csv", "订单号\nA1\n", "shop", ""},
		"nothing":                {"photo.jpg", "\xff\xd8\xff\xe0\x00\x10JFIF", "unrecognised", "neither its name nor its header"},
		"empty":                  {"export.csv", "", "unrecognised", "neither its name nor its header"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			got := p.landOne(t, p.write(t, c.name, c.content))
			if got.Manifest.Feed != c.feed || !strings.Contains(got.Manifest.Reason, c.reason) || (c.reason == "") != (got.Manifest.Reason == "") {
				t.Errorf("got %s (%s), want %s (%s)", got.Manifest.Feed, got.Manifest.Reason, c.feed, c.reason)
			}
			if _, err := os.Stat(filepath.Join(p.store, got.Manifest.Key)); err != nil {
				t.Errorf("its bytes are not kept: %v", err)
			}
		})
	}
}

func TestFeedCanBeForced(t *testing.T) {
	p := newPlace(t)
	path := p.write(t, "shop_1.csv", "支付单号\n1\n")
	landed, err := p.land(t, func(o *land.Options) { o.Feed = "pay2" }, path)
	if err != nil || landed[0].Manifest.Feed != "pay2" {
		t.Errorf("landed %+v, %v", landed, err)
	}
	if _, err := p.land(t, func(o *land.Options) { o.Feed = "none" }, path); err == nil || !strings.Contains(err.Error(), `no feed "none"`) {
		t.Errorf("got %v", err)
	}
}

func TestFolderIsWalkedButNotLeft(t *testing.T) {
	p := newPlace(t)
	outside := filepath.Join(t.TempDir(), "shop_secret.csv")
	if err := os.WriteFile(outside, []byte("订单号\nS\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.write(t, "b/shop_2.csv", "订单号\nA2\n")
	p.write(t, "shop_1.csv", "订单号\nA1\n")
	p.write(t, ".hidden/shop_3.csv", "订单号\nA3\n")
	p.write(t, "~$shop_4.csv", "x")
	if err := os.Symlink(outside, filepath.Join(p.inbox, "shop_link.csv")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Dir(outside), filepath.Join(p.inbox, "folder")); err != nil {
		t.Fatal(err)
	}
	landed, err := p.land(t, nil, p.inbox)
	var names []string
	for _, file := range landed {
		names = append(names, strings.TrimPrefix(file.Path, p.inbox+"/"))
	}
	if got := strings.Join(names, " "); got != "b/shop_2.csv shop_1.csv" {
		t.Errorf("landed %s", got)
	}
	if err == nil || !strings.Contains(err.Error(), "shop_link.csv") || !strings.Contains(err.Error(), "escapes") {
		t.Errorf("the link out of the folder is not reported: %v", err)
	}
}

func TestOneBadFileHarmsNoOther(t *testing.T) {
	p := newPlace(t)
	good := p.write(t, "shop_1.csv", "订单号\nA1\n")
	large := p.write(t, "shop_2.csv", strings.Repeat("x", 100))
	landed, err := p.land(t, func(o *land.Options) { o.MaxSize = 99 }, filepath.Join(p.inbox, "none.csv"), large, good)
	if len(landed) != 1 || landed[0].Path != good {
		t.Errorf("landed %+v", landed)
	}
	if err == nil || !strings.Contains(err.Error(), "none.csv") || !strings.Contains(err.Error(), "100 bytes are more than the 99 allowed") {
		t.Errorf("got %v", err)
	}
}

func TestFileThatGrowsWhileItIsReadDoesNotLand(t *testing.T) {
	p := newPlace(t)
	path := p.write(t, "shop_1.csv", "订单号\n"+strings.Repeat("A1\n", 10<<20))
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	stop, stopped, grows := make(chan struct{}), make(chan error), make(chan struct{})
	go func() {
		for n := 0; ; n++ {
			if _, err := file.WriteString("A2\n"); err != nil {
				stopped <- err
				return
			}
			if n == 0 {
				close(grows)
			}
			select {
			case <-stop:
				stopped <- nil
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	<-grows
	landed, err := p.land(t, nil, path)
	close(stop)
	if !errors.Is(err, land.ErrChanging) || !strings.Contains(err.Error(), "land "+path+": ") || len(landed) != 0 {
		t.Errorf("landed %+v, %v", landed, err)
	}
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	if got := p.landOne(t, path); got.Manifest.Feed != "shop" {
		t.Errorf("the whole file lands as %+v", got)
	}
}

func TestLandingEndsWithTheRun(t *testing.T) {
	p := newPlace(t)
	path := p.write(t, "shop_1.csv", "订单号\nA1\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := land.Land(ctx, p.bucket, registry(t), []string{path}, land.Options{Scratch: t.TempDir(), Zone: time.UTC}); err == nil {
		t.Error("a cancelled landing went on")
	}
	if landed, err := landing.List(t.Context(), p.bucket, "shop"); err != nil || len(landed) != 0 {
		t.Errorf("%v landed, %v", landed, err)
	}
}

func TestNamesThatNoKeyCanHoldAreKeptReadable(t *testing.T) {
	for name, want := range map[string]string{
		"订单 1.csv": "订单 1.csv", "manifest.json": "_manifest.json", "a\\b\x01.csv": "a_b_.csv", "..": "_..", "\xd6\xd0.csv": "_.csv",
	} {
		if got := landing.FileKey("shop", "00", name); got != "landing/shop/00/"+want {
			t.Errorf("%q is kept as %s, want %s", name, got, want)
		}
		if err := objectstore.CheckKey(landing.FileKey("shop", "00", name)); err != nil {
			t.Error(err)
		}
	}
}
