// Package fetch brings export files from where channels and partners leave them: watched folders, prefixes of buckets, SFTP servers and web
// addresses. What it brings is landed at once; what it has seen it remembers in one small object per source, so that a file that has not
// changed is not downloaded again. Should that be lost, files are downloaded once more and land only once all the same: landing goes by
// content.
//
// A round goes through one source. A file that is still being written waits for the next round, one that breaks off is gone on with, and one
// that cannot be had harms no other.
package fetch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/origin"
)

// Origin is a place that files are fetched from.
type Origin interface {
	// List gives the files that are there, in any order. Where it has to be asked file by file, entries have no version.
	List(ctx context.Context) ([]origin.Entry, error)
	// Fetch adds to a part what it lacks of a file, and gives the file as it was found. known is the version that landed before; ErrUnchanged if
	// it is still that. Other errors tell what to do next: see package origin.
	Fetch(ctx context.Context, entry origin.Entry, known string, part *origin.Part) (origin.Entry, error)
}

// Options of a round.
type Options struct {
	Source  string // its name
	Address string // where it is, without secrets: what was seen at another address does not count
	Include []string
	Exclude []string
	MaxSize int64         // of one file, bytes
	Settle  time.Duration // how long a file must have been left alone, unless its entry is steady
	Again   bool          // fetch what was fetched before, too

	Parts  string // a folder for downloads on their way, of this source only, kept between rounds
	Memory *objectstore.Bucket

	Now    func() time.Time
	Wait   func(ctx context.Context, pause time.Duration) error
	Jitter func() float64 // in [0,1)

	// Land lands local files, which may then be removed, and gives an answer for each, in their order.
	Land func(ctx context.Context, paths []string) ([]Landing, error)
	// After, if set, is called for each file that is landed, with a feed that takes it. It may be called again.
	After    func(ctx context.Context, entry origin.Entry) error
	Progress func(done, total int) // if set
}

// Landing is what became of a fetched file: itself, or the members of an archive.
type Landing struct {
	Parts []LandedPart
	Err   error // why it, or a member of it, could not be landed
}

// LandedPart is a file that landed.
type LandedPart struct {
	Member  string // of an archive: "!" and its name; empty for a file of its own
	SHA256  string
	Feed    string // empty if none takes it
	Reason  string // why none does
	Size    int64  // bytes
	Already bool   // the same bytes had landed before
}

// feeds names those that take the parts; empty if there is a part that none takes.
func (l Landing) feeds() string {
	var feeds []string
	for _, part := range l.Parts {
		if part.Feed == "" {
			return ""
		}
		if !slices.Contains(feeds, part.Feed) {
			feeds = append(feeds, part.Feed)
		}
	}
	return strings.Join(feeds, ", ")
}

func (l Landing) hashes() string {
	hashes := make([]string, len(l.Parts))
	for i, part := range l.Parts {
		hashes[i] = part.SHA256
	}
	return strings.Join(hashes, " ")
}

// What a round may do with a file.
const (
	Landed  = "landed"
	Already = "already" // fetched, and its bytes had landed before, be it under another name
	Refused = "refused" // landed, and no feed takes it; or too large
	Waiting = "waiting" // still written to, or too young to tell
	Failed  = "failed"
)

// File is what a round did with a file that was not as before.
type File struct {
	Path   string `json:"path"`
	What   string `json:"what"`
	Feed   string `json:"feed,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	Size   int64  `json:"size"` // bytes
	Detail string `json:"detail,omitempty"`
}

// Report is what came of a round.
type Report struct {
	Source    string `json:"source"`
	Files     []File `json:"files"`
	Unchanged int    `json:"unchanged"`
	Absent    int    `json:"absent"`          // addresses of days that have no file yet
	Error     string `json:"error,omitempty"` // why the round did not go to its end, or not for all files
}

// Count gives how many files a round did something with.
func (r Report) Count(what string) int {
	count := 0
	for _, file := range r.Files {
		if file.What == what {
			count++
		}
	}
	return count
}

// ErrIncomplete says that files of a source could not be fetched. The others were.
var ErrIncomplete = errors.New("not all files could be fetched")

// Run makes one round. The report is there beside an error. An error is one of the source as a whole, or ErrIncomplete with the first
// file's; origin.IsTrouble says of both whether trying again may help.
func Run(ctx context.Context, from Origin, options Options) (Report, error) {
	r := &round{from: from, options: options, report: Report{Source: options.Source, Files: []File{}}, keep: map[string]bool{}}
	err := r.run(ctx)
	if err != nil {
		err = fmt.Errorf("fetch %s: %w", options.Source, err)
		r.report.Error = err.Error()
	}
	return r.report, err
}

type round struct {
	from    Origin
	options Options
	report  Report
	memory  *memory
	ready   []download
	bytes   int64           // of ready
	keep    map[string]bool // paths whose parts may be of use to the next round
	first   error           // of a file
	failing int             // files in a row that met with trouble
}

// download is a file that has come and is to be landed.
type download struct {
	entry origin.Entry
	local string
}

// A batch is landed together, since each landing looks at what has landed before.
const (
	batchFiles = 500
	batchBytes = 256 << 20
)

// hopeless is how many files in a row may meet with trouble before the round is given up.
const hopeless = 3

func (r *round) run(ctx context.Context) error {
	if err := os.MkdirAll(r.options.Parts, 0o700); err != nil {
		return err
	}
	release, err := hold(r.options.Parts)
	if err != nil {
		return err
	}
	defer release()
	if r.memory, err = recall(ctx, r.options.Memory, r.options.Source, r.options.Address); err != nil {
		return err
	}
	entries, err := r.list(ctx)
	if err != nil {
		return err
	}
	err = r.each(ctx, entries)
	landErr := r.land(ctx)
	if err = errors.Join(err, landErr); err != nil {
		return errors.Join(err, r.memory.save(ctx, r.options.Now())) // parts stay: their files may not have been looked at
	}
	r.memory.prune(entries)
	if err := errors.Join(r.memory.save(ctx, r.options.Now()), r.sweep()); err != nil {
		return err
	}
	if r.first != nil {
		return fmt.Errorf("%w: %w", ErrIncomplete, r.first)
	}
	return nil
}

// list gives the wanted files, in the order of their paths.
func (r *round) list(ctx context.Context) ([]origin.Entry, error) {
	var entries []origin.Entry
	err := r.insist(ctx, func() (err error) {
		entries, err = r.from.List(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	entries = slices.DeleteFunc(entries, func(entry origin.Entry) bool { return !r.wanted(entry) })
	slices.SortFunc(entries, func(a, b origin.Entry) int { return cmp.Compare(a.Path, b.Path) })
	return slices.CompactFunc(entries, func(a, b origin.Entry) bool { return a.Path == b.Path }), nil
}

func (r *round) wanted(entry origin.Entry) bool {
	included := len(r.options.Include) == 0 || matches(r.options.Include, entry)
	return included && !matches(r.options.Exclude, entry)
}

// matches holds patterns with a slash against the path, others against the name.
func matches(patterns []string, entry origin.Entry) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		byPath, errPath := path.Match(pattern, entry.Path)
		byName, errName := path.Match(pattern, path.Base(entry.Path))
		return errPath == nil && byPath || errName == nil && byName
	})
}

func (r *round) each(ctx context.Context, entries []origin.Entry) error {
	for i, entry := range entries {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := r.file(ctx, entry); err != nil {
			return err
		}
		if r.options.Progress != nil {
			r.options.Progress(i+1, len(entries))
		}
	}
	return nil
}

// file fetches a file if it has to be. An error ends the round.
func (r *round) file(ctx context.Context, entry origin.Entry) error {
	before, seen := r.memory.files[entry.Path]
	switch {
	case seen && entry.Version != "" && entry.Version == before.Version && !r.options.Again:
		r.report.Unchanged++
		return r.clear(ctx, entry, before.Feed)
	case entry.Size > r.options.MaxSize:
		r.tell(entry, Refused, fmt.Sprintf("%d bytes, more than the %d allowed: %s", entry.Size, r.options.MaxSize, origin.ErrTooLarge))
		return nil
	case !entry.Steady && !r.settled(entry):
		r.tell(entry, Waiting, fmt.Sprintf("changed less than %s ago: the next round takes it", r.options.Settle))
		return nil
	}
	known := before.Version
	if r.options.Again {
		known = ""
	}
	fetched, local, err := r.fetch(ctx, entry, known)
	if err != nil {
		return r.failed(ctx, fetched, err)
	}
	r.failing = 0
	r.ready = append(r.ready, download{entry: fetched, local: local})
	if r.bytes += max(0, fetched.Size); len(r.ready) >= batchFiles || r.bytes >= batchBytes {
		return r.land(ctx)
	}
	return nil
}

// settled says that a file was left alone for long enough: by its own time, or because we saw it like this before.
func (r *round) settled(entry origin.Entry) bool {
	now := r.options.Now()
	if entry.Version == "" || now.Sub(entry.ModTime) >= r.options.Settle {
		return true
	}
	return now.Sub(r.memory.firstSeen(entry, now)) >= r.options.Settle
}

// fetch downloads a file, trying again from where it broke. Its part stays for the next round if there is hope for it.
func (r *round) fetch(ctx context.Context, entry origin.Entry, known string) (fetched origin.Entry, local string, err error) {
	part, err := origin.OpenPart(r.options.Parts, entry.Path, r.options.MaxSize)
	if err != nil {
		return entry, "", err
	}
	err = r.insist(ctx, func() (err error) {
		fetched, err = r.from.Fetch(ctx, entry, known, part)
		return err
	})
	switch _, size := part.Held(); {
	case err == nil:
		fetched.Size = size
		local, err = part.Finish(fetched.Name, fetched.ModTime)
		return fetched, local, err
	case size > 0 && (origin.IsTrouble(err) || ctx.Err() != nil):
		r.keep[entry.Path] = true
		return fetched, "", errors.Join(err, part.Keep())
	default:
		return fetched, "", errors.Join(err, part.Drop())
	}
}

// failed notes what a file came to that was not fetched. An error ends the round.
func (r *round) failed(ctx context.Context, entry origin.Entry, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, origin.ErrUnchanged):
		r.report.Unchanged++
		r.failing = 0
		return nil
	case errors.Is(err, origin.ErrAbsent):
		r.report.Absent++
		r.failing = 0
		return nil
	case errors.Is(err, origin.ErrChanging):
		r.tell(entry, Waiting, err.Error())
		return nil
	case errors.Is(err, origin.ErrTooLarge):
		r.tell(entry, Refused, err.Error())
		return nil
	}
	r.tell(entry, Failed, err.Error())
	if r.first == nil {
		r.first = fmt.Errorf("%s: %w", shown(entry.Path), err)
	}
	if !origin.IsTrouble(err) {
		return nil
	}
	if r.failing++; r.failing >= hopeless {
		return fmt.Errorf("%d files in a row met with trouble, the last one: %s: %w", r.failing, shown(entry.Path), err)
	}
	return nil
}

// shown is a path for people's eyes: whoever names files must not move the cursor of a terminal.
func shown(path string) string {
	if strings.ContainsFunc(path, unicode.IsControl) || !utf8.ValidString(path) {
		return strconv.Quote(path)
	}
	return path
}

func (r *round) tell(entry origin.Entry, what, detail string) {
	r.report.Files = append(r.report.Files, File{Path: shown(entry.Path), What: what, Size: max(0, entry.Size), Detail: detail})
}

// land lands what has come, and remembers it.
func (r *round) land(ctx context.Context) error {
	if len(r.ready) == 0 {
		return nil
	}
	ready := r.ready
	r.ready, r.bytes = nil, 0
	paths := make([]string, len(ready))
	for i, file := range ready {
		paths[i] = file.local
	}
	landings, err := r.options.Land(ctx, paths)
	if err != nil {
		return err
	}
	for i, landing := range landings {
		r.landed(ready[i].entry, landing)
	}
	if err := r.memory.save(ctx, r.options.Now()); err != nil {
		return err
	}
	for i, landing := range landings {
		if landing.Err == nil {
			if err := errors.Join(r.clear(ctx, ready[i].entry, landing.feeds()), os.RemoveAll(origin.PartFolder(r.options.Parts, ready[i].entry.Path))); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *round) landed(entry origin.Entry, landing Landing) {
	for _, part := range landing.Parts {
		file := File{Path: shown(entry.Path + part.Member), What: Landed, Feed: part.Feed, SHA256: part.SHA256, Size: part.Size}
		switch {
		case part.Feed == "":
			file.What, file.Detail = Refused, part.Reason
		case part.Already:
			file.What = Already
		}
		r.report.Files = append(r.report.Files, file)
	}
	switch {
	case landing.Err != nil:
		r.tell(entry, Failed, landing.Err.Error())
		if r.first == nil {
			r.first = fmt.Errorf("%s: %w", shown(entry.Path), landing.Err)
		}
		return
	case len(landing.Parts) == 0:
		r.tell(entry, Refused, "an archive without files")
	}
	r.memory.note(entry, landing, r.options.Now())
}

// clear moves or removes a landed file where it came from. What no feed takes stays, for somebody to see.
func (r *round) clear(ctx context.Context, entry origin.Entry, feed string) error {
	if r.options.After == nil || feed == "" {
		return nil
	}
	if err := r.options.After(ctx, entry); err != nil {
		r.tell(entry, Failed, "it has landed, and cannot be moved away: "+err.Error())
		if r.first == nil {
			r.first = fmt.Errorf("%s: it has landed, and cannot be moved away: %w", shown(entry.Path), err)
		}
	}
	return nil
}
