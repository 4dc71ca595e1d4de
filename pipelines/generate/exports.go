package generate

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// feed says how one kind of export is written.
type feed struct {
	format
	header []string
	// name of a part; parts count from 0. made is when the channel made the file.
	name func(made moment, part int) string
}

// series is the file being written of one feed and period, and the parts before it.
type series struct {
	feed    feed
	made    moment
	current table
	rows    int
	part    int
}

type seriesKey struct {
	feed   string
	period int
	early  bool
}

// exports are all files being written: at most one open file for each feed and period.
type exports struct {
	dir   string
	open  map[seriesKey]*series
	order []*series
	// Files that are complete.
	files []FileTotals
}

// FileTotals is one file written: rows without header and preface (for JSON, records).
type FileTotals struct {
	Name string `json:"name"`
	Rows int    `json:"rows"`
}

func newExports(dir string) (*exports, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	return &exports{dir: dir, open: map[seriesKey]*series{}}, nil
}

// write adds a row to the file of a feed and period, beginning it, or its next part, where needed.
func (x *exports) write(key seriesKey, made moment, kind feed, cells ...string) error {
	s, ok := x.open[key]
	if !ok {
		s = &series{feed: kind, made: made}
		x.open[key] = s
		x.order = append(x.order, s)
	}
	if s.current != nil && s.rows == kind.maxRows() {
		if err := x.finish(s); err != nil {
			return err
		}
		s.part++
	}
	if s.current == nil {
		t, err := createTable(x.path(s), kind.format, kind.header)
		if err != nil {
			return fmt.Errorf("begin %s: %w", x.path(s), err)
		}
		s.current, s.rows = t, 0
	}
	s.rows++
	return s.current.write(cells)
}

func (x *exports) path(s *series) string { return filepath.Join(x.dir, s.feed.name(s.made, s.part)) }

// finish completes a file and gives it the time the channel made it as its modification time.
func (x *exports) finish(s *series) error {
	path := x.path(s)
	if err := s.current.close(); err != nil {
		return fmt.Errorf("finish %s: %w", path, err)
	}
	s.current = nil
	x.files = append(x.files, FileTotals{Name: filepath.Base(path), Rows: s.rows})
	return setMade(path, s.made)
}

func setMade(path string, made moment) error {
	at := time.Unix(made.epoch(), 0)
	return os.Chtimes(path, at, at)
}

// close completes all files.
func (x *exports) close() error {
	for _, s := range x.order {
		if s.current == nil {
			continue
		}
		if err := x.finish(s); err != nil {
			return err
		}
	}
	return nil
}

// discard lets go of files left open by a run that failed.
func (x *exports) discard() error {
	var err error
	for _, s := range x.order {
		if s.current != nil {
			err = errors.Join(err, s.current.abandon())
			s.current = nil
		}
	}
	return err
}

// periods cuts the history into calendar periods, one file of a feed for each: longer ones for small brands, so that a
// demonstration has dozens of files and a large brand has files of bearable size.
type periods struct {
	asOf   day
	months int
}

func periodsFor(w *world) periods {
	p := periods{asOf: w.asOf, months: 1}
	if w.members <= 20_000 {
		p.months = 6
	} else if w.members <= 200_000 {
		p.months = 3
	}
	return p
}

func (p periods) of(d day) int { return d.month() / p.months }

// after is the day after a period, the as-of day being the last one seen.
func (p periods) after(period int) day {
	return min(monthStart((period+1)*p.months), p.asOf+1)
}
