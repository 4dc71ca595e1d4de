package land_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/landing"
	"countinghouse/internal/objectstore/open"
	"countinghouse/pipelines/land"
)

func TestFileThatNoFeedTookMovesWhenThereIsAFeed(t *testing.T) {
	p := newPlace(t)
	path := p.write(t, "new_20261101.csv", "新单号\nN1\n")
	modified := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(path, modified, modified); err != nil {
		t.Fatal(err)
	}
	aside := p.landOne(t, path)
	if aside.Recognised() {
		t.Fatalf("landed as %s", aside.Manifest.Feed)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	options := land.Options{Now: received().AddDate(0, 0, 9), Zone: time.UTC, Scratch: t.TempDir()}
	same, err := land.Again(t.Context(), p.bucket, registry(t), options)
	if err != nil || len(same) != 1 || same[0].Recognised() || !same[0].Already {
		t.Fatalf("without a new feed: %+v, %v", same, err)
	}
	more, err := contract.Load(fstest.MapFS{
		"datasets/orders.yaml": {Data: []byte("dataset: orders\ngrain: [order_id]\ncolumns:\n  - {name: order_id, type: text}\n")},
		"feeds/new.yaml":       feed("new", "new_*.csv", "csv", "新单号"),
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	moved, err := land.Again(t.Context(), p.bucket, more, options)
	if err != nil || len(moved) != 1 || moved[0].Manifest.Feed != "new" || moved[0].Already {
		t.Fatalf("with the feed: %+v, %v", moved, err)
	}
	got := moved[0].Manifest
	if !got.ReceivedAt.Equal(received()) || !got.ModTime.Equal(modified) || got.ExportedAt == nil || got.ExportedAt.Format(time.DateOnly) != "2026-11-01" {
		t.Errorf("it is not as it was received: %+v", got)
	}
	if content, err := os.ReadFile(filepath.Join(p.store, got.Key)); err != nil || string(content) != "新单号\nN1\n" {
		t.Errorf("stored %q, %v", content, err)
	}
	if left, err := landing.List(t.Context(), p.bucket, landing.Unrecognised); err != nil || len(left) != 0 {
		t.Errorf("kept aside are still %v, %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(p.store, aside.Manifest.Key)); err == nil {
		t.Error("its bytes are still kept aside")
	}
}

func TestManyFilesLandTogetherAsEachAlone(t *testing.T) {
	p := newPlace(t)
	for i := range 40 {
		p.write(t, "shop_"+strings.Repeat("a", i+1)+".csv", "订单号\nA"+strings.Repeat("1", i/2)+"\n") // each content twice
	}
	p.write(t, "photo.jpg", "\xff\xd8")
	landed, err := p.land(t, nil, p.inbox)
	if err != nil || len(landed) != 41 {
		t.Fatalf("%d landed, %v", len(landed), err)
	}
	already := 0
	for _, file := range landed {
		if file.Already {
			already++
		}
		manifest, err := landing.Read(t.Context(), p.bucket, file.Manifest.Feed, file.Manifest.SHA256)
		if err != nil || manifest.Key != file.Manifest.Key {
			t.Errorf("%s: %+v, %v", file.Path, manifest, err)
		}
		content, err := os.ReadFile(filepath.Join(p.store, manifest.Key))
		if err != nil || int64(len(content)) != manifest.Size {
			t.Errorf("%s holds %d bytes, want %d: %v", manifest.Key, len(content), manifest.Size, err)
		}
	}
	if already != 20 {
		t.Errorf("%d were there already, want 20", already)
	}
	again, err := p.land(t, nil, p.inbox)
	if err != nil || len(again) != 41 {
		t.Fatalf("%d landed again, %v", len(again), err)
	}
	for _, file := range again {
		if !file.Already {
			t.Errorf("%s landed twice", file.Path)
		}
	}
}

func TestManyFilesLandInANewStore(t *testing.T) {
	p := newPlace(t)
	bucket, err := open.Bucket(t.Context(), filepath.Join(p.store, "not", "there", "yet"), "")
	if err != nil {
		t.Fatal(err)
	}
	p.bucket = bucket
	for i := range 10 {
		p.write(t, fmt.Sprintf("shop_%d.csv", i), fmt.Sprintf("订单号\nA%d\n", i))
	}
	if landed, err := p.land(t, nil, p.inbox); err != nil || len(landed) != 10 {
		t.Errorf("%d landed, %v", len(landed), err)
	}
}

// TestPipesAreNotOpened: somebody would have to write to them, or the landing would wait for ever.
func TestPipesAreNotOpened(t *testing.T) {
	p := newPlace(t)
	good := p.write(t, "shop_1.csv", "订单号\nA1\n")
	pipe := filepath.Join(p.inbox, "shop_2.csv")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("shop_2.csv", filepath.Join(p.inbox, "shop_3.csv")); err != nil {
		t.Fatal(err)
	}
	landed, err := p.land(t, nil, p.inbox, pipe)
	if len(landed) != 1 || landed[0].Path != good || err == nil || strings.Count(err.Error(), "not a regular file") != 3 {
		t.Errorf("landed %+v, %v", landed, err)
	}
}

func TestMembersOfAnArchiveLandEach(t *testing.T) {
	p := newPlace(t)
	var packed bytes.Buffer
	writer := zip.NewWriter(&packed)
	for _, member := range []struct{ name, content string }{
		{"out/shop_20261103.csv", "订单号\nA1\n"}, {"out/readme.txt", "hello"}, {"__MACOSX/shop_x.csv", "x"}, {"out/twice.csv", "订单号\nA1\n"},
	} {
		entry, err := writer.CreateHeader(&zip.FileHeader{Name: member.name, Method: zip.Deflate})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = entry.Write([]byte(member.content))
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	path := p.write(t, "bundle_20250101.zip", packed.String())
	landed, err := p.land(t, nil, path)
	if err != nil || len(landed) != 3 {
		t.Fatalf("landed %+v, %v", landed, err)
	}
	orders := landed[0]
	if orders.Path != path+"!out/shop_20261103.csv" || orders.Manifest.Name != "bundle_20250101.zip!out/shop_20261103.csv" || orders.Manifest.Feed != "shop" {
		t.Errorf("landed %+v", orders)
	}
	if at := orders.Manifest.ExportedAt; at == nil || at.Format(time.DateOnly) != "2026-11-03" {
		t.Errorf("exported at %v, want the member's day and not the archive's", at)
	}
	if content, err := os.ReadFile(filepath.Join(p.store, orders.Manifest.Key)); err != nil || string(content) != "订单号\nA1\n" {
		t.Errorf("stored %q, %v", content, err)
	}
	if landed[1].Recognised() || !landed[2].Already {
		t.Errorf("the other members are %+v", landed[1:])
	}
	again, err := p.land(t, nil, path)
	if err != nil || len(again) != 3 || !again[0].Already || !again[1].Already {
		t.Errorf("the archive again: %+v, %v", again, err)
	}
}

func TestBrokenArchiveIsKeptAsideWithTheReason(t *testing.T) {
	p := newPlace(t)
	got := p.landOne(t, p.write(t, "shop_1.zip", "PK\x03\x04 cut short"))
	if got.Recognised() || !strings.Contains(got.Manifest.Reason, "cut short") {
		t.Errorf("landed %+v", got.Manifest)
	}
	if _, err := os.Stat(filepath.Join(p.store, got.Manifest.Key)); err != nil {
		t.Error(err)
	}
}

func TestMemberTimesAreTheBrandsWallClock(t *testing.T) {
	p := newPlace(t)
	var packed bytes.Buffer
	writer := zip.NewWriter(&packed)
	// 2026-11-02 10:20:30 as MS-DOS has it, without the extra field that would name the zone.
	entry, err := writer.CreateRaw(&zip.FileHeader{
		Name: "shop_1.csv", Method: zip.Store, ModifiedDate: 46<<9 | 11<<5 | 2, ModifiedTime: 10<<11 | 20<<5 | 15, //nolint:staticcheck // what old zips have
		CRC32: 0x0, CompressedSize64: 0, UncompressedSize64: 0,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = entry.Write(nil)
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	got := p.landOne(t, p.write(t, "bundle.zip", packed.String()))
	if want := "2026-11-02T10:20:30+08:00"; got.Manifest.ModTime.Format(time.RFC3339) != want {
		t.Errorf("its time is %s, want %s", got.Manifest.ModTime.Format(time.RFC3339), want)
	}
}
