package land_test

import (
	"io"
	"io/fs"
	"slices"
	"sync"
	"testing"
	"time"

	"countinghouse/internal/contract/landing"
	"countinghouse/pipelines/land"
)

// A listener is told of files before and after they land.
type listener struct {
	lock          sync.Mutex
	began, landed []string
}

func (l *listener) begin(t *testing.T) func(landing.Manifest, func() (fs.File, error)) func(landing.Manifest) {
	return func(manifest landing.Manifest, open func() (fs.File, error)) func(landing.Manifest) {
		file, err := open()
		if err != nil {
			t.Error(err)
			return nil
		}
		defer func() { _ = file.Close() }()
		content, err := io.ReadAll(file)
		if err != nil || manifest.SHA256 != "" || manifest.Key != "" || manifest.Size != int64(len(content)) || manifest.Feed != "shop" {
			t.Errorf("%q begins with %+v, %v", content, manifest, err)
		}
		l.lock.Lock()
		defer l.lock.Unlock()
		l.began = append(l.began, manifest.Name)
		return func(manifest landing.Manifest) {
			l.lock.Lock()
			defer l.lock.Unlock()
			if len(manifest.SHA256) != 64 || manifest.Key == "" {
				t.Errorf("landed as %+v", manifest)
			}
			l.landed = append(l.landed, manifest.Name)
		}
	}
}

func TestNewFilesAreOfferedBeforeTheyLand(t *testing.T) {
	p := newPlace(t)
	paths := []string{
		p.write(t, "shop_1.csv", "订单号\nA1\n"), p.write(t, "shop_2.csv", "订单号\nA2\n"), p.write(t, "shop_3.csv", "订单号\nA1\n"), p.write(t, "none.csv", "甲,乙\n1,2\n"),
	}
	p.landOne(t, paths[1])
	var told listener
	options := land.Options{Scratch: t.TempDir(), Zone: time.UTC, Now: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Begin: told.begin(t)}
	if _, err := land.Land(t.Context(), p.bucket, registry(t), paths, options); err != nil {
		t.Fatal(err)
	}
	// The second had landed before; the third has the bytes of the first, of which one lands. No feed takes the last.
	slices.Sort(told.began)
	if !slices.Equal(told.began, []string{"shop_1.csv", "shop_3.csv"}) {
		t.Errorf("offered: %v", told.began)
	}
	if !slices.Equal(told.landed, []string{"shop_1.csv"}) {
		t.Errorf("landed: %v", told.landed)
	}
}
