// Package erase takes a person out of the export files that were landed, and removes what was made of them before.
//
// It knows the person by tombstones only (internal/erasure), so that work that was cut off is taken up again without clear values: whatever still
// holds one is rewritten, whatever is rewritten holds none.
package erase

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/landing"
	"countinghouse/internal/contract/reader"
	"countinghouse/internal/crash"
	"countinghouse/internal/erasure"
	"countinghouse/internal/objectstore"

	"github.com/zeebo/xxh3"
)

// Options of a rewriting.
type Options struct {
	Bucket   *objectstore.Bucket
	Registry *contract.Registry
	Set      *erasure.Set
	Scratch  string
	// ID is that of the certificate that the manifests of rewritten files name.
	ID string
	// DryRun finds what would be rewritten, and rewrites nothing.
	DryRun bool
	// Only, if set, names the files by SHA-256.
	Only map[string]bool
	// Drop removes files that cannot be rewritten, with all their rows.
	Drop bool
}

// How a file was dealt with.
const (
	CellByCell = "rewritten cell by cell"
	Removed    = "removed: no row of it was in use"
	Dropped    = "removed with its rows: it could not be rewritten"
	Stuck      = "cannot be rewritten"
)

// ErrStuck says that an export cannot be rewritten. Other files may have been.
var ErrStuck = errors.New("it holds the person and cannot be rewritten: have it exported again, then remove it with --drop-files")

// Rewrite replaces every landed file that holds an erased person by one that does not, and gives what it did, or would do.
func Rewrite(ctx context.Context, options Options) ([]erasure.Rewritten, error) {
	r := &rewriter{Options: options}
	for _, feed := range options.Registry.Feeds() {
		if err := r.feed(ctx, feed.Feed, feed); err != nil {
			return r.done, err
		}
	}
	return r.done, r.feed(ctx, landing.Unrecognised, nil)
}

type rewriter struct {
	Options
	done []erasure.Rewritten
}

// feed rewrites the files of a feed; those that no feed takes have no contract.
func (r *rewriter) feed(ctx context.Context, feed string, c *contract.Contract) error {
	landed, err := landing.List(ctx, r.Bucket, feed)
	if err != nil {
		return err
	}
	for _, hash := range landed {
		if r.Only != nil && !r.Only[hash] {
			continue
		}
		manifest, err := landing.Read(ctx, r.Bucket, feed, hash)
		if err != nil {
			return err
		}
		if err := r.file(ctx, c, manifest); err != nil {
			return fmt.Errorf("erase from %s: %w", manifest.Key, err)
		}
	}
	return nil
}

func (r *rewriter) file(ctx context.Context, c *contract.Contract, manifest landing.Manifest) error {
	done := erasure.Rewritten{Feed: manifest.Feed, Replaces: manifest.SHA256, Size: manifest.Size, How: Removed}
	found, err := r.find(ctx, c, manifest)
	switch {
	case err != nil:
		return err
	case found == nil:
		return nil
	case found.unread:
		return r.replace(ctx, manifest, "", done)
	}
	done.Rows = found.rows
	written, err := r.without(ctx, c, manifest, found)
	if written != "" {
		defer func() { _ = os.Remove(written) }()
	}
	switch {
	case errors.Is(err, ErrStuck) && (r.DryRun || r.Drop):
		done.How, written = Dropped, ""
		if !r.Drop {
			done.How = Stuck
		}
	case err != nil:
		return err
	default:
		if done.SHA256, err = hashOf(written); err != nil {
			return err
		}
		done.How = CellByCell
	}
	return r.replace(ctx, manifest, written, done)
}

// a finding is where a file holds erased persons.
type finding struct {
	unread  bool // it cannot be read as records
	rows    int64
	summary reader.Summary
	rest    xxh3.Uint128       // of what is read of the file once the persons are out
	records map[int64]string   // by line: the record without them
	cells   map[int64][]change // by line: the cells that go; none of a record that is no fields
}

// A change is a cell that goes, and what stands in its place.
type change struct {
	field      int
	old, fresh string
}

// find reads a file; nil if it holds nobody.
func (r *rewriter) find(ctx context.Context, c *contract.Contract, manifest landing.Manifest) (*finding, error) {
	if c == nil {
		return r.findText(ctx, manifest)
	}
	found, err := r.readRecords(ctx, c, reader.Input{Size: manifest.Size, Open: func() (io.ReadCloser, error) {
		stored, _, err := r.Bucket.Open(ctx, manifest.Key)
		return stored, err
	}})
	if wrong := (*reader.Problem)(nil); errors.As(err, &wrong) {
		return r.findText(ctx, manifest)
	}
	if err != nil || found.rows == 0 {
		return nil, err
	}
	return found, nil
}

func (r *rewriter) readRecords(ctx context.Context, c *contract.Contract, input reader.Input) (*finding, error) {
	found := &finding{records: map[int64]string{}, cells: map[int64][]change{}}
	records := &recorder{contract: c, found: found, rest: xxh3.New()}
	sink := r.Set.Redactor(c).Sink(records)
	sink.Hit = records.hit
	var err error
	found.summary, err = reader.Read(ctx, c, input, sink)
	found.rows, found.rest = sink.Rows, records.rest.Sum128()
	return found, err
}

// findText looks through bytes that are no records: no row of them is in use.
func (r *rewriter) findText(ctx context.Context, manifest landing.Manifest) (*finding, error) {
	local, err := r.Bucket.LocalPath(ctx, manifest.Key)
	if err != nil {
		return nil, err
	}
	stored, err := os.ReadFile(local)
	if err != nil {
		return nil, err
	}
	for _, text := range unpacked(stored) {
		if r.Set.Text(string(text)) {
			return &finding{unread: true}, nil
		}
	}
	return nil, nil
}

// without writes the file without the erased persons to scratch, and proves it by reading it. The caller removes what it names.
func (r *rewriter) without(ctx context.Context, c *contract.Contract, manifest landing.Manifest, found *finding) (written string, err error) {
	local, err := r.Bucket.LocalPath(ctx, manifest.Key)
	if err != nil {
		return "", err
	}
	written = filepath.Join(r.Scratch, "erased-"+manifest.SHA256)
	if err := r.blank(c, local, written, found); err != nil {
		return written, errors.Join(ErrStuck, err)
	}
	info, err := os.Stat(written)
	if err != nil {
		return written, err
	}
	again, err := r.readRecords(ctx, c, reader.Input{Size: info.Size(), Open: func() (io.ReadCloser, error) { return os.Open(written) }})
	if wrong := (*reader.Problem)(nil); errors.As(err, &wrong) {
		return written, ErrStuck
	}
	if err != nil {
		return written, err
	}
	before := found.summary
	if again.rows > 0 || again.summary.Records != before.Records || again.summary.Dropped != before.Dropped || again.summary.Rejects > before.Rejects || again.rest != found.rest {
		return written, ErrStuck
	}
	return written, nil
}

// replace makes the new bytes a landed file before the old one goes, so that what is cut off has both and is done again. Written, the file
// with them, is empty for one that only goes.
func (r *rewriter) replace(ctx context.Context, manifest landing.Manifest, written string, done erasure.Rewritten) error {
	r.done = append(r.done, done)
	if r.DryRun {
		return nil
	}
	if written != "" {
		if err := r.land(ctx, manifest, written, done.SHA256); err != nil {
			return err
		}
	}
	crash.Point(crash.EraseRewritten)
	if err := erasure.Replace(ctx, r.Bucket, done); err != nil {
		return err
	}
	if err := r.Bucket.Delete(ctx, landing.ManifestKey(manifest.Feed, manifest.SHA256)); err != nil {
		return err
	}
	return r.Bucket.Delete(ctx, manifest.Key)
}

// land makes a rewritten file a landed one, which says what it replaces.
func (r *rewriter) land(ctx context.Context, manifest landing.Manifest, written, hash string) (err error) {
	file, err := os.Open(written)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	fresh := manifest
	fresh.SHA256, fresh.Size = hash, info.Size()
	fresh.Replaces, fresh.ErasedBy = append(append([]string{}, manifest.Replaces...), manifest.SHA256), r.ID
	fresh.Key = landing.FileKey(fresh.Feed, fresh.SHA256, fresh.Name)
	if _, err := r.Bucket.Create(ctx, fresh.Key, file); err != nil && !errors.Is(err, objectstore.ErrPrecondition) {
		return err
	}
	return landing.Write(ctx, r.Bucket, fresh)
}

func hashOf(path string) (_ string, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	sum := sha256.New()
	_, err = io.Copy(sum, file)
	return hex.EncodeToString(sum.Sum(nil)), err
}
