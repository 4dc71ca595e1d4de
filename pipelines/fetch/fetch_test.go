package fetch_test

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/landing"
	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/origin"
	"countinghouse/internal/origin/folder"
	"countinghouse/pipelines/fetch"
	"countinghouse/pipelines/land"
)

const shopFeed = `feed: shop
channel: c
files: {names: ["shop_*.csv"], container: csv}
columns:
  - {name: order_id, header: [order], type: id, required: true}
gives:
  orders: {columns: {order_id: order_id}}
`

// desk is a store with one feed, and a source that is fetched from into it. Files are landed by the real landing.
type desk struct {
	*testing.T
	bucket   *objectstore.Bucket
	registry *contract.Registry
	options  fetch.Options
	now      time.Time
	waited   []time.Duration
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	bucket, err := open.Bucket(t.Context(), t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	registry, err := contract.Load(fstest.MapFS{
		"datasets/orders.yaml": {Data: []byte("dataset: orders\ngrain: [order_id]\ncolumns:\n  - {name: order_id, type: text}\n")},
		"feeds/shop.yaml":      {Data: []byte(shopFeed)},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{T: t, bucket: bucket, registry: registry, now: time.Now().Add(time.Hour)}
	d.options = fetch.Options{
		Source: "partner", Address: "here", MaxSize: 1 << 20, Settle: time.Minute, Parts: filepath.Join(t.TempDir(), "parts"), Memory: bucket,
		Now: func() time.Time { return d.now }, Jitter: func() float64 { return 1 },
		Wait: func(_ context.Context, pause time.Duration) error { d.waited = append(d.waited, pause); return nil },
		Land: d.land,
	}
	return d
}

func (d *desk) land(ctx context.Context, paths []string) ([]fetch.Landing, error) {
	landings := make([]fetch.Landing, len(paths))
	for i, path := range paths {
		landed, err := land.Land(ctx, d.bucket, d.registry, []string{path}, land.Options{Now: d.now, Zone: time.UTC, Scratch: d.TempDir()})
		if err != nil {
			landings[i].Err = err
			continue
		}
		for _, file := range landed {
			part := fetch.LandedPart{
				Member: strings.TrimPrefix(file.Path, path), SHA256: file.Manifest.SHA256, Feed: file.Manifest.Feed, Reason: file.Manifest.Reason, Already: file.Already,
			}
			if !file.Recognised() {
				part.Feed = ""
			}
			landings[i].Parts = append(landings[i].Parts, part)
		}
	}
	return landings, nil
}

// round makes one round, and tells in a line what became of each file that was not as before.
func (d *desk) round(from fetch.Origin) ([]string, fetch.Report, error) {
	d.Helper()
	report, err := fetch.Run(d.Context(), from, d.options)
	var lines []string
	for _, file := range report.Files {
		lines = append(lines, file.What+" "+file.Path)
	}
	slices.Sort(lines)
	return lines, report, err
}

// want makes a round that must do so, and no more.
func (d *desk) want(from fetch.Origin, unchanged int, want ...string) {
	d.Helper()
	got, report, err := d.round(from)
	if err != nil || report.Unchanged != unchanged || !slices.Equal(got, want) {
		d.Fatalf("%d unchanged, %q, %v\nwant %d, %q", report.Unchanged, got, err, unchanged, want)
	}
}

// landed are the names of what has landed for a feed, with the text of each.
func (d *desk) landed(feed string) map[string]string {
	d.Helper()
	hashes, err := landing.List(d.Context(), d.bucket, feed)
	if err != nil {
		d.Fatal(err)
	}
	texts := map[string]string{}
	for _, hash := range hashes {
		manifest, err := landing.Read(d.Context(), d.bucket, feed, hash)
		if err != nil {
			d.Fatal(err)
		}
		r, _, err := d.bucket.Open(d.Context(), manifest.Key)
		if err != nil {
			d.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err = errors.Join(err, r.Close()); err != nil {
			d.Fatal(err)
		}
		texts[manifest.Name] = string(text)
	}
	return texts
}

// parts are the downloads that wait to be gone on with.
func (d *desk) parts() int {
	d.Helper()
	entries, err := os.ReadDir(d.options.Parts)
	if err != nil {
		d.Fatal(err)
	}
	return len(entries) - 1 // but for the lock
}

// shelf is an origin of texts in memory, whose troubles a test sets: what real servers do only by chance.
type shelf struct {
	texts   map[string]string
	trouble map[string][]error // of a path, or of the listing as "", one for each try
	fetched []string
	steady  bool
	modTime time.Time
}

func (s *shelf) next(path string) error {
	if len(s.trouble[path]) == 0 {
		return nil
	}
	err := s.trouble[path][0]
	s.trouble[path] = s.trouble[path][1:]
	return err
}

func (s *shelf) List(context.Context) ([]origin.Entry, error) {
	var entries []origin.Entry
	for path, text := range s.texts {
		entries = append(entries, origin.Entry{
			Path: path, Name: filepath.Base(path), Size: int64(len(text)), ModTime: s.modTime, Version: origin.VersionOf(int64(len(text)), s.modTime), Steady: s.steady,
		})
	}
	return entries, s.next("")
}

func (s *shelf) Fetch(_ context.Context, entry origin.Entry, _ string, part *origin.Part) (origin.Entry, error) {
	s.fetched = append(s.fetched, entry.Path)
	text := s.texts[entry.Path]
	from, err := part.Resume(entry.Version)
	if err != nil {
		return entry, err
	}
	if err := s.next(entry.Path); err != nil {
		_, writeErr := part.Write([]byte(text[from : from+1]))
		return entry, errors.Join(err, writeErr)
	}
	_, err = part.Write([]byte(text[from:]))
	return entry, err
}

func busy(after time.Duration) error {
	return origin.Trouble{Err: errors.New(http.StatusText(http.StatusServiceUnavailable)), After: after}
}

func TestTroubleIsTriedAgain(t *testing.T) {
	d := newDesk(t)
	from := &shelf{texts: map[string]string{"shop_1.csv": "order\nA1\n"}, trouble: map[string][]error{"": {busy(0)}, "shop_1.csv": {busy(0), busy(time.Minute), busy(0)}}}
	d.want(from, 0, "landed shop_1.csv")
	if want := []time.Duration{time.Second, time.Second, time.Minute, 4 * time.Second}; !slices.Equal(d.waited, want) {
		t.Errorf("waited %v, want %v", d.waited, want)
	}
	if got := d.landed("shop")["shop_1.csv"]; got != "order\nA1\n" {
		t.Errorf("landed %q", got)
	}
}

func TestABrokenDownloadGoesOnInTheNextRound(t *testing.T) {
	d := newDesk(t)
	from := &shelf{texts: map[string]string{"shop_1.csv": "order\nA1\n", "shop_2.csv": "order\nA2\n"}, trouble: map[string][]error{"shop_1.csv": slices.Repeat([]error{busy(0)}, 5)}}
	got, report, err := d.round(from)
	if !errors.Is(err, fetch.ErrIncomplete) || !origin.IsTrouble(err) || !slices.Equal(got, []string{"failed shop_1.csv", "landed shop_2.csv"}) {
		t.Fatalf("%q, %v", got, err)
	}
	if d.parts() != 1 || report.Error == "" || !strings.Contains(err.Error(), "fetch partner: ") || !strings.Contains(err.Error(), "shop_1.csv: Service Unavailable") {
		t.Errorf("%d parts, error %v", d.parts(), err)
	}
	// The first five bytes came one by one. Were they to come again, they would stand twice.
	d.want(from, 1, "landed shop_1.csv")
	if got := d.landed("shop")["shop_1.csv"]; got != "order\nA1\n" || d.parts() != 0 {
		t.Errorf("landed %q, %d parts", got, d.parts())
	}
}

func TestAServerThatIsDownIsLeftAlone(t *testing.T) {
	d := newDesk(t)
	from := &shelf{texts: map[string]string{}, trouble: map[string][]error{}}
	for i := range 20 {
		name := fmt.Sprintf("shop_%02d.csv", i)
		from.texts[name], from.trouble[name] = "order\nA\n", slices.Repeat([]error{busy(time.Hour)}, 9)
	}
	_, report, err := d.round(from)
	if !origin.IsTrouble(err) || len(from.fetched) != 3 || report.Count(fetch.Failed) != 3 || len(d.waited) != 0 {
		t.Errorf("%d tries, %v waited, %v", len(from.fetched), d.waited, err)
	}
}

func TestTooLargeIsRefusedBeforeItComes(t *testing.T) {
	d := newDesk(t)
	d.options.MaxSize = 8
	from := &shelf{texts: map[string]string{"shop_1.csv": "order\nA1\n", "shop_2.csv": "order\nA\n"}}
	d.want(from, 0, "landed shop_2.csv", "refused shop_1.csv")
	if slices.Contains(from.fetched, "shop_1.csv") {
		t.Error("it was asked for")
	}
	d.options.MaxSize = 9
	d.want(from, 1, "landed shop_1.csv")
}

func TestOneFileHarmsNoOther(t *testing.T) {
	d := newDesk(t)
	from := &shelf{texts: map[string]string{"a\x00b": "x", "shop_1.csv": "order\nA1\n", "shop_2.csv": "order\nA2\n"}, trouble: map[string][]error{"shop_1.csv": {errors.New("permission denied")}}}
	got, _, err := d.round(from)
	if !errors.Is(err, fetch.ErrIncomplete) || origin.IsTrouble(err) || !slices.Equal(got, []string{`failed "a\x00b"`, "failed shop_1.csv", "landed shop_2.csv"}) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAYoungFileWaits(t *testing.T) {
	d := newDesk(t)
	from := &shelf{texts: map[string]string{"shop_1.csv": "order\nA1\n"}, modTime: d.now.Add(-59 * time.Second)}
	d.want(from, 0, "waiting shop_1.csv")
	d.now = d.now.Add(time.Second)
	d.want(from, 0, "landed shop_1.csv")
}

// TestAServerWithAnotherClock: by the server's clock the file comes from the future. It is taken when we have seen it unchanged for long enough.
func TestAServerWithAnotherClock(t *testing.T) {
	d := newDesk(t)
	from := &shelf{texts: map[string]string{"shop_1.csv": "order\n"}, modTime: d.now.Add(24 * time.Hour)}
	d.want(from, 0, "waiting shop_1.csv")
	d.now = d.now.Add(50 * time.Second)
	from.texts["shop_1.csv"] += "A1\n" // it grew
	d.want(from, 0, "waiting shop_1.csv")
	d.now = d.now.Add(50 * time.Second)
	d.want(from, 0, "waiting shop_1.csv")
	d.now = d.now.Add(50 * time.Second)
	d.want(from, 0, "landed shop_1.csv")
	if got := d.landed("shop")["shop_1.csv"]; got != "order\nA1\n" {
		t.Errorf("landed %q", got)
	}
}

func TestPatterns(t *testing.T) {
	d := newDesk(t)
	d.options.Include, d.options.Exclude = []string{"shop_*.csv", "old/*"}, []string{"*_test.csv", "secret/*"}
	from := &shelf{texts: map[string]string{}}
	for i, name := range []string{"shop_1.csv", "a/shop_2.csv", "old/shop_3.csv", "other.csv", "shop_4_test.csv", "secret/shop_5.csv"} {
		from.texts[name] = fmt.Sprintf("order\nA%d\n", i)
	}
	d.want(from, 0, "landed a/shop_2.csv", "landed old/shop_3.csv", "landed shop_1.csv")
}

func TestWhatWasSeenElsewhereDoesNotCount(t *testing.T) {
	d := newDesk(t)
	from := &shelf{texts: map[string]string{"shop_1.csv": "order\nA1\n"}}
	d.want(from, 0, "landed shop_1.csv")
	d.want(from, 1)
	d.options.Address = "there"
	d.want(from, 0, "already shop_1.csv")
	d.want(from, 1)
	d.options.Again = true
	d.want(from, 0, "already shop_1.csv")
}

// TestTwoAtOnce: another process learns of a file between our reading the memory and our writing it.
func TestTwoAtOnce(t *testing.T) {
	d := newDesk(t)
	texts := map[string]string{"shop_1.csv": "order\nA1\n", "shop_2.csv": "order\nA2\n"}
	other := *d
	other.options.Parts = filepath.Join(t.TempDir(), "elsewhere")
	other.options.Include = []string{"shop_1.csv"}
	meanwhile := func(ctx context.Context, paths []string) ([]fetch.Landing, error) {
		other.want(&shelf{texts: texts}, 0, "landed shop_1.csv")
		return d.land(ctx, paths)
	}
	d.options.Land, d.options.Include = meanwhile, []string{"shop_2.csv"}
	d.want(&shelf{texts: texts}, 0, "landed shop_2.csv")
	d.options.Land, d.options.Include = d.land, nil
	d.want(&shelf{texts: texts}, 2)
	d.options.Land = func(context.Context, []string) ([]fetch.Landing, error) {
		_, _, err := d.round(&shelf{})
		return nil, err
	}
	texts["shop_3.csv"] = "order\nA3\n"
	if _, _, err := d.round(&shelf{texts: texts}); !errors.Is(err, fetch.ErrBusy) {
		t.Errorf("two rounds with the same parts: %v, want ErrBusy", err)
	}
}

// TestLandedFilesGo moves what landed away, also where a round before died in between, and leaves what no feed takes.
func TestLandedFilesGo(t *testing.T) {
	d, dir := newDesk(t), t.TempDir()
	for name, text := range map[string]string{"shop_1.csv": "order\nA1\n", "what.csv": "is,this\n1,2\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	from, err := folder.Open(dir, "landed")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = from.Close() }()
	d.options.After = func(context.Context, origin.Entry) error { return errors.New("read-only") }
	got, _, err := d.round(from)
	if !errors.Is(err, fetch.ErrIncomplete) || !slices.Equal(got, []string{"failed shop_1.csv", "landed shop_1.csv", "refused what.csv"}) {
		t.Fatalf("%q, %v", got, err)
	}
	d.options.After = from.Move
	d.want(from, 2)
	d.want(from, 1)
	if _, err := os.Stat(filepath.Join(dir, "landed", "shop_1.csv")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "what.csv")); err != nil || d.landed(landing.Unrecognised)["what.csv"] == "" {
		t.Errorf("what no feed takes is not where it was, or not kept: %v", err)
	}
}

func TestArchives(t *testing.T) {
	d := newDesk(t)
	from := &shelf{texts: map[string]string{
		"both.zip":  zipped(t, map[string]string{"shop_1.csv": "order\nA1\n", "sub/shop_2.csv": "order\nA2\n"}),
		"mixed.zip": zipped(t, map[string]string{"shop_1.csv": "order\nA1\n", "notes.csv": "is,this\n1,2\n"}),
		"empty.zip": zipped(t, nil),
	}}
	var cleared []string
	d.options.After = func(_ context.Context, entry origin.Entry) error { cleared = append(cleared, entry.Path); return nil }
	d.want(from, 0, "already mixed.zip!shop_1.csv", "landed both.zip!shop_1.csv", "landed both.zip!sub/shop_2.csv", "refused empty.zip", "refused mixed.zip!notes.csv")
	if !slices.Equal(cleared, []string{"both.zip"}) {
		t.Errorf("cleared %q: want what feeds take as a whole, and nothing else", cleared)
	}
	d.want(from, 3)
}

func zipped(t *testing.T, members map[string]string) string {
	t.Helper()
	var text strings.Builder
	pack := zip.NewWriter(&text)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		member, err := pack.Create(name)
		if err == nil {
			_, err = io.WriteString(member, members[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := pack.Close(); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func TestACancelledRoundKeepsItsParts(t *testing.T) {
	d := newDesk(t)
	ctx, cancel := context.WithCancel(t.Context())
	d.options.Wait = func(context.Context, time.Duration) error { cancel(); return ctx.Err() }
	from := &shelf{texts: map[string]string{"shop_1.csv": "order\nA1\n"}, trouble: map[string][]error{"shop_1.csv": {busy(0)}}}
	if _, err := fetch.Run(ctx, from, d.options); !errors.Is(err, context.Canceled) || d.parts() != 1 {
		t.Errorf("error %v, %d parts", err, d.parts())
	}
	d.options.Wait = nil
	d.want(from, 0, "landed shop_1.csv")
	if got := d.landed("shop")["shop_1.csv"]; got != "order\nA1\n" {
		t.Errorf("landed %q", got)
	}
}
