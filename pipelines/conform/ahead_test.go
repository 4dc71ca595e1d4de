package conform_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"testing/fstest"
	"time"

	"countinghouse/internal/contract/landing"
	"countinghouse/pipelines/conform"
)

// ahead lands a file as a large one of which something is read meanwhile.
func (s *shop) ahead(name, content string, open func() (fs.File, error)) conform.Options {
	s.t.Helper()
	options := conform.Options{Scratch: s.scratch(), Zone: shanghai(s.t), Threads: 2}
	options.Ahead = conform.NewAhead(s.t.Context(), s.bucket, s.session, s.registry, options)
	s.t.Cleanup(func() {
		if err := options.Ahead.Close(); err != nil {
			s.t.Error(err)
		}
	})
	told := options.Ahead.Begin(landing.Manifest{Feed: "shop", Name: name, Size: 64 << 20, ModTime: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}, open)
	if told == nil {
		s.t.Fatal("a large file is not read ahead")
	}
	key := s.land(name, []byte(content))
	sum := sha256.Sum256([]byte(content))
	manifest, err := landing.Read(s.t.Context(), s.bucket, "shop", hex.EncodeToString(sum[:]))
	if err != nil || manifest.Key != key {
		s.t.Fatal(manifest, err)
	}
	told(manifest)
	return options
}

// opener opens a file with some content.
func opener(content string) func() (fs.File, error) {
	return func() (fs.File, error) { return fstest.MapFS{"x": {Data: []byte(content)}}.Open("x") }
}

func (s *shop) runWith(options conform.Options) conform.FileResult {
	s.t.Helper()
	report, err := conform.Run(s.t.Context(), s.bucket, s.session, s.registry, options)
	if err != nil || len(report.Files) != 1 {
		s.t.Fatal(report, err)
	}
	return report.Files[0]
}

const aheadRows = "concat_ws('|', source_row, order_id, amount, paid_at, phone)"

func TestAFileReadWhileItLandsGivesTheSame(t *testing.T) {
	for name, content := range map[string]string{
		"good rows":             "订单号,实付金额,付款时间,手机,备注\nA1,1,2026-11-01 10:00:00,13900000001,x\nA2,2.50,,,\n",
		"a refused row":         "订单号,实付金额\nA1,1\nA2,2\nA3,x\n",
		"the grain twice":       "订单号,实付金额\nA1,1\nA1,2\n",
		"a missing header":      "订单,实付金额\nA1,1\n",
		"a quote left open":     "订单号,实付金额\nA1,1\nA2,\"",
		"too many refused rows": "订单号,实付金额\nA1,x\nA2,x\nA3,1\n",
		"no rows":               "订单号,实付金额\n",
	} {
		t.Run(name, func(t *testing.T) {
			plain, early := newShop(t, shopFeed), newShop(t, shopFeed)
			want := plain.one(content)
			got := early.runWith(early.ahead("shop.csv", content, opener(content)))
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			if want.Parquet != "" && early.rows(got.Parquet, aheadRows) != plain.rows(want.Parquet, aheadRows) {
				t.Errorf("got rows %s", early.rows(got.Parquet, aheadRows))
			}
			if left, err := filepath.Glob(filepath.Join(early.scratch(), "*")); err != nil || want.Quarantine == "" && len(left) > 0 {
				t.Errorf("left in scratch: %v, %v", left, err)
			}
		})
	}
}

// What is read meanwhile are other rows here, so that it can be told which of the two readings is used.
func TestWhatWasReadWhileTheFileLandedIsNotReadAgain(t *testing.T) {
	s := newShop(t, shopFeed)
	got := s.runWith(s.ahead("shop.csv", "订单号,实付金额\nA1,1\n", opener("订单号,实付金额\nB1,2\nB2,3\n")))
	if rows := s.rows(got.Parquet, "order_id"); rows != "B1; B2" || got.Rows != 2 {
		t.Errorf("%s of %+v", rows, got)
	}
}

// Trouble that is not with the data is met again by the usual way, which tells it.
func TestTroubleWhileAFileLandsIsNotItsEnd(t *testing.T) {
	s := newShop(t, shopFeed)
	options := s.ahead("shop.csv", "订单号,实付金额\nA1,1\n", func() (fs.File, error) { return nil, errors.New("the disk is gone") })
	if got := s.runWith(options); s.rows(got.Parquet, "order_id") != "A1" || got.Quarantine != "" {
		t.Errorf("%+v", got)
	}
}

// A file may be written to when it has landed and is still being read: the rows are those of the bytes that landed.
func TestAFileThatIsWrittenToWhileItIsReadAheadIsReadAsItLanded(t *testing.T) {
	s := newShop(t, shopFeed)
	path := filepath.Join(t.TempDir(), "growing.csv")
	if err := os.WriteFile(path, []byte("订单号,实付金额\nB1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	options := s.ahead("shop.csv", "订单号,实付金额\nA1,1\n", func() (fs.File, error) {
		file, err := os.Open(path)
		return &growing{file, path}, err
	})
	if got := s.runWith(options); s.rows(got.Parquet, "order_id") != "A1" {
		t.Errorf("%+v", got)
	}
}

// growing is a file to which somebody adds a row when it is first read.
type growing struct {
	*os.File
	path string
}

func (g *growing) Read(into []byte) (int, error) {
	n, err := g.File.Read(into)
	if g.path == "" || err != nil {
		return n, err
	}
	more, err := os.OpenFile(g.path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return n, err
	}
	g.path = ""
	_, err = more.WriteString("B2,3\n")
	return n, errors.Join(err, more.Close())
}

func TestWhatWasReadAheadGoesWithIt(t *testing.T) {
	s := newShop(t, shopFeed)
	options := s.ahead("shop.csv", "订单号,实付金额\nA1,1\n", opener("订单号,实付金额\nB1,2\n"))
	if err := options.Ahead.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(s.scratch(), "ahead-*")); err != nil || len(left) > 0 {
		t.Errorf("left in scratch: %v, %v", left, err)
	}
	if got := s.runWith(options); s.rows(got.Parquet, "order_id") != "A1" {
		t.Errorf("%+v", got)
	}
}

func TestSmallFilesAreNotReadAhead(t *testing.T) {
	s := newShop(t, shopFeed)
	ahead := conform.NewAhead(t.Context(), s.bucket, s.session, s.registry, conform.Options{Scratch: s.scratch(), Zone: shanghai(t)})
	if ahead.Begin(landing.Manifest{Feed: "shop", Name: "shop.csv", Size: 1 << 20}, nil) != nil {
		t.Error("a small file is read ahead")
	}
	if err := ahead.Close(); err != nil {
		t.Fatal(err)
	}
}
