package erase_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/landing"
	"countinghouse/internal/contract/reader"
	"countinghouse/internal/erasure"
	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/open"
	"countinghouse/pipelines/erase"
	"countinghouse/schemas"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
)

var key = []byte("a made-up key for the tests")

// person is a phone number that was erased; every file of these tests has it beside that of somebody else.
const (
	person = "13900000001"
	other  = "13900000002"
)

func set() *erasure.Set {
	return erasure.NewSet(key, []erasure.Certificate{{Tombstones: []erasure.Tombstone{
		{Hash: erasure.Hash(key, "phone", "", person), Token: "erased-abc"},
		{Hash: erasure.Hash(key, erasure.Account, "app", "U1"), Token: "erased-xyz"},
	}}})
}

type store struct {
	*testing.T
	bucket   *objectstore.Bucket
	registry *contract.Registry
}

func newStore(t *testing.T) store {
	t.Helper()
	bucket, err := open.Bucket(t.Context(), "mem://", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	registry, err := contract.Load(schemas.Files, nil)
	if err != nil {
		t.Fatal(err)
	}
	return store{t, bucket, registry}
}

func (s store) land(feed, name string, text []byte) landing.Manifest {
	s.Helper()
	sum := sha256.Sum256(text)
	manifest := landing.Manifest{Feed: feed, Name: name, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(text))}
	manifest.Key = landing.FileKey(feed, manifest.SHA256, name)
	if _, err := s.bucket.Create(s.Context(), manifest.Key, bytes.NewReader(text)); err != nil {
		s.Fatal(err)
	}
	if err := landing.Write(s.Context(), s.bucket, manifest); err != nil {
		s.Fatal(err)
	}
	return manifest
}

func (s store) rewrite(options erase.Options) ([]erasure.Rewritten, error) {
	options.Bucket, options.Registry, options.Set, options.Scratch, options.ID = s.bucket, s.registry, set(), s.TempDir(), "certificate-1"
	return erase.Rewrite(s.Context(), options)
}

// cells reads a landed file by its contract: every cell of every record, and the number of records.
func (s store) cells(feed, hash string) string {
	s.Helper()
	manifest, err := landing.Read(s.Context(), s.bucket, feed, hash)
	if err != nil {
		s.Fatal(err)
	}
	c, _ := s.registry.Feed(feed)
	sink := &collected{}
	_, err = reader.Read(s.Context(), c, reader.Input{Size: manifest.Size, Open: func() (io.ReadCloser, error) {
		file, _, err := s.bucket.Open(context.Background(), manifest.Key)
		return file, err
	}}, sink)
	if err != nil {
		s.Fatal(err)
	}
	return sink.text.String()
}

type collected struct{ text strings.Builder }

func (*collected) Header(reader.Header) error { return nil }

func (c *collected) Raw(line int64, _ []byte, fields [][]byte) error {
	return c.Fields(line, fields)
}

func (c *collected) Fields(_ int64, fields [][]byte) error {
	c.text.Write(bytes.Join(fields, []byte("|")))
	c.text.WriteByte('\n')
	return nil
}
func (c *collected) Reject(int64, string, []byte) error { return nil }

const accounts = "channel,account_id,name,phone,email,note\r\n" +
	"app,U9,赵六," + other + ",z@example.com,\"says \"\"hi\"\"\"\r\n" +
	"app,U1,\"林\n小满\",+86 139-0000-0001,xm@example.com,lives at home\r\n" +
	"pos,U1,王五," + other + ",,kept\r\n"

func TestRowsOfThePersonAreBlankedAndOthersKept(t *testing.T) {
	s := newStore(t)
	was := s.land("generic_accounts", "generic_accounts_20260901.csv", []byte(accounts))
	done, err := s.rewrite(erase.Options{})
	if err != nil || len(done) != 1 || done[0].Rows != 1 || done[0].How != erase.CellByCell {
		t.Fatalf("%+v %v", done, err)
	}
	now, err := landing.Read(t.Context(), s.bucket, "generic_accounts", done[0].SHA256)
	if err != nil || now.ErasedBy != "certificate-1" || len(now.Replaces) != 1 || now.Replaces[0] != was.SHA256 {
		t.Errorf("manifest %+v %v", now, err)
	}
	text, _, err := s.bucket.Read(t.Context(), now.Key)
	want := strings.Replace(accounts, "app,U1,\"林\n小满\",+86 139-0000-0001,xm@example.com,lives at home", "app,erased-xyz,,erased-abc,,", 1)
	if err != nil || string(text) != want {
		t.Errorf("%v\n%s\nwant\n%s", err, text, want)
	}
	if _, _, err := s.bucket.Read(t.Context(), was.Key); !errors.Is(err, objectstore.ErrNotFound) {
		t.Errorf("the old bytes are still there: %v", err)
	}
	if again, err := s.rewrite(erase.Options{}); err != nil || len(again) > 0 {
		t.Errorf("a second time: %v %v", again, err)
	}
}

func TestEveryContainerIsRewritten(t *testing.T) {
	files := map[string]func(t *testing.T, s store) []byte{
		"jd_orders":      inGB18030,
		"qianniu_orders": asWorkbook,
	}
	for feed, content := range files {
		t.Run(feed, func(t *testing.T) {
			s := newStore(t)
			was := s.land(feed, "export", content(t, s))
			before := s.cells(feed, was.SHA256)
			if !strings.Contains(before, person) || !strings.Contains(before, other) {
				t.Fatalf("the file does not hold them: %s", before)
			}
			done, err := s.rewrite(erase.Options{})
			if err != nil || len(done) != 1 || done[0].How != erase.CellByCell {
				t.Fatalf("%+v %v", done, err)
			}
			after := s.cells(feed, done[0].SHA256)
			if strings.Contains(after, person) || !strings.Contains(after, other) || strings.Count(before, "\n") != strings.Count(after, "\n") {
				t.Errorf("before\n%s\nafter\n%s", before, after)
			}
		})
	}
}

// example is a feed's own example with the phones of the two.
func example(t *testing.T, s store, feed string) string {
	t.Helper()
	c, _ := s.registry.Feed(feed)
	text := c.Example.File
	for masked, clear := range map[string]string{"1******0001": person, "1******0002": other, "139****0002": other} {
		text = strings.ReplaceAll(text, masked, clear)
	}
	return text
}

func inGB18030(t *testing.T, s store) []byte {
	text, err := simplifiedchinese.GB18030.NewEncoder().String(example(t, s, "jd_orders"))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(text)
}

// asWorkbook has the rows of the example as cells of text.
func asWorkbook(t *testing.T, s store) []byte {
	book := excelize.NewFile()
	for row, line := range strings.Split(strings.TrimSpace(example(t, s, "qianniu_orders")), "\n") {
		for column, cell := range strings.Split(line, ",") {
			name, _ := excelize.CoordinatesToCellName(column+1, row+1)
			if err := book.SetCellStr("Sheet1", name, strings.Trim(cell, `"`)); err != nil {
				t.Fatal(err)
			}
		}
	}
	var packed bytes.Buffer
	if err := book.Write(&packed); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

func TestWhatNoFeedTakesGoesWhole(t *testing.T) {
	s := newStore(t)
	held := s.land(landing.Unrecognised, "note.txt", []byte("call "+person+" back"))
	free := s.land(landing.Unrecognised, "other.txt", []byte("call "+other+" back"))
	done, err := s.rewrite(erase.Options{DryRun: true})
	if _, _, there := s.bucket.Read(t.Context(), held.Key); err != nil || there != nil || len(done) != 1 {
		t.Fatalf("a dry run: %v %v %v", done, err, there)
	}
	if done, err = s.rewrite(erase.Options{}); err != nil || len(done) != 1 || done[0].How != erase.Removed || done[0].SHA256 != "" {
		t.Fatalf("%+v %v", done, err)
	}
	if _, _, err := s.bucket.Read(t.Context(), held.Key); !errors.Is(err, objectstore.ErrNotFound) {
		t.Error("it is still there")
	}
	if _, _, err := s.bucket.Read(t.Context(), free.Key); err != nil {
		t.Error("somebody else's went")
	}
}

// A text with a zero byte is not UTF-16 for that, and UTF-16 is found by its own zeros.
func TestAPersonInADamagedTextIsFound(t *testing.T) {
	wide := "\xff\xfe" + strings.Join(strings.Split("call "+person+" back", ""), "\x00") + "\x00"
	for name, text := range map[string]string{"zero.txt": "a\x00b call " + person + " back", "wide.txt": wide} {
		s := newStore(t)
		s.land(landing.Unrecognised, name, []byte(text))
		if done, err := s.rewrite(erase.Options{}); err != nil || len(done) != 1 || done[0].How != erase.Removed {
			t.Errorf("%s: %+v %v", name, done, err)
		}
	}
}

func TestNormalSpellings(t *testing.T) {
	for _, spelling := range []string{person, "+86 139 0000 0001", "0086-139-0000-0001", "86139-0000-0001"} {
		if got := erasure.Normal("phone", spelling); got != person {
			t.Errorf("%q is %q", spelling, got)
		}
	}
	if got := erasure.Normal("email", " XM@Example.com"); got != "xm@example.com" {
		t.Error(got)
	}
	for _, nobody := range []string{"139****0001", "", "-", "0"} {
		if got := erasure.Normal("phone", nobody); got != "" {
			t.Errorf("%q is %q", nobody, got)
		}
	}
}

// A large export goes through in little memory, and nothing but the person's row changes.
func TestALargeExportIsStreamed(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 60 MB")
	}
	s := newStore(t)
	const header = "channel,account_id,name,phone,email,note\n"
	row := "app,U9,赵六," + other + ",z@example.com,\"" + strings.Repeat("x", 200) + "\"\n"
	many := strings.Repeat(row, 120_000)
	was := s.land("generic_accounts", "generic_accounts_20260901.csv", []byte(header+many+"app,U1,林小满,"+person+",xm@example.com,\"two\nlines\"\n"+many))
	before := debug.SetGCPercent(10)
	defer debug.SetGCPercent(before)
	peak := highest(t, func() {
		done, err := s.rewrite(erase.Options{DryRun: true})
		if err != nil || len(done) != 1 || done[0].Rows != 1 || done[0].How != erase.CellByCell {
			t.Fatalf("%+v %v", done, err)
		}
	})
	if limit := uint64(was.Size); peak > limit { // half of it, mostly; on a busy machine the collector is late
		t.Errorf("%d MB of memory for an export of %d MB", peak>>20, was.Size>>20)
	}
}

// highest is by how much the heap grew at most while do ran.
func highest(t *testing.T, do func()) uint64 {
	t.Helper()
	var start runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&start)
	stop, most := make(chan struct{}), make(chan uint64)
	go func() {
		var peak uint64
		for {
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			if now.HeapAlloc > start.HeapAlloc {
				peak = max(peak, now.HeapAlloc-start.HeapAlloc)
			}
			select {
			case <-stop:
				most <- peak
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	do()
	close(stop)
	return <-most
}
