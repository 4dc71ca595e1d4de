package conform

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/landing"
	"countinghouse/internal/contract/reader"
	"countinghouse/internal/crash"
	"countinghouse/internal/erasure"
	"countinghouse/internal/objectstore"
	"countinghouse/internal/warehouse"
)

// A job is one landed file on its way to rows.
type job struct {
	bucket   *objectstore.Bucket
	session  *warehouse.Session
	contract *contract.Contract
	manifest landing.Manifest
	zone     *time.Location
	scratch  string // the job's own part of file names in the scratch folder
	rows     string // relation of the rows that were accepted
	result   FileResult
	erased   *erasure.Set
	buffers  *reader.Buffers
	open     func(context.Context) (io.ReadCloser, error)
	early    *early // nil where the file was not read while it landed
}

// file conforms one landed file and makes the result visible.
func (r *run) file(ctx context.Context, c *contract.Contract, prints fingerprints, manifest landing.Manifest) (FileResult, error) {
	j := r.newJob(c, prints, manifest)
	j.early = r.options.Ahead.take(manifest)
	defer j.sweep()
	if err := j.run(ctx); err != nil {
		return j.result, fmt.Errorf("conform %s: %w", manifest.Key, err)
	}
	crash.Point(crash.ConformWritten)
	if err := writeAccounting(ctx, r.bucket, resultKey(c.Feed, manifest.SHA256, prints.read), j.result); err != nil {
		return j.result, fmt.Errorf("conform %s: %w", manifest.Key, err)
	}
	return j.result, nil
}

// newJob is a landed file on its way to rows, with what is known of it before it is read.
func (r *run) newJob(c *contract.Contract, prints fingerprints, manifest landing.Manifest) *job {
	j := &job{
		bucket: r.bucket, session: r.session, erased: r.options.Erased, buffers: &r.buffers, contract: c, manifest: manifest, zone: r.options.Zone,
		scratch: filepath.Join(r.options.Scratch, "conform-"+c.Feed+"-"+stem(manifest.SHA256, prints.read)),
		open: func(ctx context.Context) (io.ReadCloser, error) {
			stored, _, err := r.bucket.Open(ctx, manifest.Key)
			return stored, err
		},
		result: FileResult{
			Feed: c.Feed, Name: manifest.Name, SHA256: manifest.SHA256, SourceFile: manifest.Key, Fingerprint: prints.read,
			Expressions: prints.expressions, ExportedAt: manifest.ModTime.In(r.options.Zone), New: true,
		},
	}
	j.rows = "read_parquet(" + contract.Quote(j.local("parquet")) + ")"
	return j
}

func (j *job) local(kind string) string { return j.scratch + "." + kind }

func (j *job) sweep() {
	for _, kind := range []string{"parquet", "rejects"} {
		_ = os.Remove(j.local(kind))
	}
}

// run does the work. A quarantine is a result, not an error.
func (j *job) run(ctx context.Context) error {
	err := j.read(ctx)
	var wrong *reader.Problem
	if errors.As(err, &wrong) {
		j.quarantine(wrong.Line, wrong.Message)
		return nil
	}
	if err != nil {
		return err
	}
	if rows, share := j.contract.Rejects.Limits(); j.result.exceeds(rows, share) {
		j.tooManyRejects(rows, share)
	}
	return j.keep(ctx)
}

// exceeds says whether a file has too many refused rows. A single one is not a share of anything, unless none is allowed.
func (r FileResult) exceeds(rows int64, share float64) bool {
	tooLarge := float64(r.Rejected) > share*float64(r.Rows-r.Dropped)
	return r.Rejected > rows || tooLarge && (r.Rejected > 1 || share == 0)
}

// errLost says that a record was not accepted for which there is no reason to refuse it.
var errLost = errors.New("a row was neither accepted nor refused")

// read makes the two Parquet files in the scratch folder and fills in the accounting.
func (j *job) read(ctx context.Context) error {
	summary, accepted, err := j.accept(ctx)
	if err != nil {
		return err
	}
	j.count(summary, accepted)
	if j.result.Rejected > 0 {
		if err := j.explain(ctx); err != nil {
			return err
		}
	}
	return j.countDuplicates(ctx)
}

// count fills in what became of the file's rows.
func (j *job) count(summary reader.Summary, accepted int64) {
	j.result.Rows = summary.Records + summary.Dropped
	j.result.Dropped = summary.Dropped
	j.result.Accepted = accepted
	j.result.Rejected = summary.Records - accepted
}

// noteHeader records the file's header, and how it differs from what the contract expects.
func (j *job) noteHeader(header reader.Header) {
	j.result.HeaderLine = header.Line
	if header.Line > 0 {
		j.result.Header = slices.Clone(header.Names)
	}
	j.result.Drift = j.contract.Drift(header.Names, header.Fields)
}

func (j *job) input(ctx context.Context) reader.Input {
	return reader.Input{Size: j.manifest.Size, Buffers: j.buffers, Open: func() (io.ReadCloser, error) { return j.open(ctx) }}
}

// exportTime takes the time from the file's name, or else from the preamble, or else from what the workbook tells of itself, as far as the
// contract names them, or else from a name by our own rule; without any of these the file's own time stands.
func (j *job) exportTime(header reader.Header) error {
	when, err := j.contractTime(header)
	if err != nil {
		return &reader.Problem{Message: err.Error()}
	}
	if when == nil {
		when = j.contract.TimeInOwnName(j.manifest.Name, j.zone)
	}
	if when != nil {
		j.result.ExportedAt = *when
	}
	return nil
}

func (j *job) contractTime(header reader.Header) (*time.Time, error) {
	rule := j.contract.Files.ExportedAt
	if rule == nil {
		return nil, nil
	}
	if when, err := rule.FromName(j.manifest.Name, j.zone); when != nil || err != nil {
		return when, err
	}
	if header.ExportedAt != "" {
		return rule.Parse(header.ExportedAt, j.zone)
	}
	if rule.Metadata && j.manifest.MetadataAt != nil {
		local := j.manifest.MetadataAt.In(j.zone)
		return &local, nil
	}
	return nil, nil
}

func (j *job) accept(ctx context.Context) (reader.Summary, int64, error) {
	if j.early != nil {
		if taken, err := j.takeOver(j.early); taken {
			return j.early.summary, j.early.accepted, err
		}
	}
	out := &output{quicks: func(header reader.Header) []*quick { return quicksOf(j.contract, header) }}
	return j.stream(ctx, out, &acceptSink{output: out, spare: spare{contract: j.contract}}, func(header reader.Header) (copying, error) {
		j.noteHeader(header)
		if err := j.exportTime(header); err != nil {
			return nil, err
		}
		plan := newPlan(j.contract, header, j.result.ExportedAt).withQuicks()
		return func(from string) string { return plan.accept(from, j.local("parquet")) }, nil
	})
}

// copying is a statement that reads the relation which it is given.
type copying func(from string) string

// stream reads the file into a statement that is made when the header is known, and gives the number of rows that it wrote.
func (j *job) stream(ctx context.Context, out *output, sink reader.Sink, statement func(reader.Header) (copying, error)) (reader.Summary, int64, error) {
	out.open = func(schema *arrow.Schema, header reader.Header) (*warehouse.BatchWriter, error) {
		text, err := statement(header)
		if err != nil {
			return nil, err
		}
		return j.session.Stream(ctx, schema, batchesWaiting, text), nil
	}
	summary, err := j.readWithoutErased(ctx, sink)
	if out.to == nil {
		return summary, 0, err
	}
	if err == nil {
		err = out.flush()
	}
	rows, ended := out.to.Close()
	if err == nil || errors.Is(err, warehouse.ErrEnded) {
		err = ended
	}
	return summary, rows, asProblem(err)
}

// readWithoutErased reads the file with the cells of erased persons blanked, and counts their rows.
func (j *job) readWithoutErased(ctx context.Context, sink reader.Sink) (reader.Summary, error) {
	if j.erased.Empty() {
		return reader.Read(ctx, j.contract, j.input(ctx), sink)
	}
	blanked := j.erased.Redactor(j.contract).Sink(sink)
	summary, err := reader.Read(ctx, j.contract, j.input(ctx), blanked)
	j.result.Erased = blanked.Rows
	return summary, err
}

// asProblem tells data that an expression of the contract stumbles over from trouble with the machine.
func asProblem(err error) error {
	if err == nil {
		return nil
	}
	for _, kind := range []string{"Conversion Error", "Out of Range Error", "Invalid Input Error"} {
		if strings.Contains(err.Error(), kind) {
			return &reader.Problem{Message: "a computed column fails: " + firstLine(err.Error())}
		}
	}
	return err
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// explain writes the refused rows with their reasons.
func (j *job) explain(ctx context.Context) error {
	accepted, err := j.acceptedLines(ctx)
	if err != nil {
		return err
	}
	out := &output{extra: []string{"given reason", "raw text"}}
	sink := &explainSink{output: out, accepted: accepted, splitter: reader.NewSplitter(j.contract)}
	_, explained, err := j.stream(ctx, out, sink, func(header reader.Header) (copying, error) {
		plan := newPlan(j.contract, header, j.result.ExportedAt)
		return func(from string) string { return plan.explain(from, j.local("rejects")) }, nil
	})
	if err != nil {
		return err
	}
	if explained != j.result.Rejected {
		return fmt.Errorf("%w: %d of %d refused rows are explained", errLost, explained, j.result.Rejected)
	}
	return j.reasons(ctx)
}

func (j *job) acceptedLines(ctx context.Context) (lineSet, error) {
	var lines lineSet
	query := "select source_row from " + j.rows
	err := j.session.ReadArrow(ctx, query, func(batches array.RecordReader) error {
		for batches.Next() {
			for _, line := range batches.RecordBatch().Column(0).(*array.Int64).Int64Values() {
				lines.add(line)
			}
		}
		return batches.Err()
	})
	return lines, err
}

// maxReasons is how many reasons a result shows; the rejects file has them all.
const maxReasons = 10

func (j *job) reasons(ctx context.Context) error {
	rows, err := j.session.Query(ctx, fmt.Sprintf("select source_row, reason from read_parquet(%s) order by reason is null desc, source_row limit %d",
		contract.Quote(j.local("rejects")), maxReasons))
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	j.result.Reasons = nil
	for rows.Next() {
		var line int64
		var reason *string
		if err := rows.Scan(&line, &reason); err != nil {
			return err
		}
		if reason == nil {
			return fmt.Errorf("%w: line %d", errLost, line)
		}
		j.result.Reasons = append(j.result.Reasons, place(j.manifest.Key, line)+": "+*reason)
	}
	return rows.Err()
}

func (j *job) countDuplicates(ctx context.Context) error {
	if len(j.contract.Grain) == 0 || j.result.Accepted == 0 {
		return nil
	}
	query := fmt.Sprintf("select cast(coalesce(sum(n - 1), 0) as BIGINT) from (select count(*) as n from %s group by %s)", j.rows, grainList(j.contract.Grain))
	return j.session.QueryRow(ctx, query).Scan(&j.result.Duplicates)
}

func (j *job) quarantine(line int64, message string) {
	j.result.Rows, j.result.Accepted, j.result.Rejected, j.result.Dropped, j.result.Duplicates = 0, 0, 0, 0, 0
	j.result.Quarantine = place(j.manifest.Key, line) + ": " + message
}

func (j *job) tooManyRejects(rows int64, share float64) {
	j.result.Withheld, j.result.Accepted, j.result.Duplicates = j.result.Accepted, 0, 0
	j.result.Quarantine = fmt.Sprintf("%s: %d of %d rows refused, more than the contract allows (%d rows or %g %%); the first: %s",
		place(j.manifest.Key, 0), j.result.Rejected, j.result.Rows-j.result.Dropped, rows, share*100, j.result.Reasons[0])
}

// keep moves what was made into the store.
func (j *job) keep(ctx context.Context) error {
	if j.result.Rejected > 0 {
		if err := j.storeRejects(ctx); err != nil {
			return err
		}
	}
	if j.result.Quarantine != "" {
		return nil
	}
	j.result.Parquet = parquetKey(j.result.Feed, j.result.SHA256, j.result.Fingerprint)
	return j.store(ctx, j.result.Parquet, "parquet")
}

// keepRejects explains and keeps what was refused of a file that was read with others.
func (j *job) keepRejects(ctx context.Context) error {
	if j.result.Rejected == 0 {
		return nil
	}
	if err := j.explain(ctx); err != nil {
		return err
	}
	return j.storeRejects(ctx)
}

func (j *job) storeRejects(ctx context.Context) error {
	j.result.Rejects = rejectsKey(j.result.Feed, j.result.SHA256, j.result.Fingerprint)
	return j.store(ctx, j.result.Rejects, "rejects")
}

func (j *job) store(ctx context.Context, key, kind string) error {
	return keepFile(ctx, j.bucket, key, j.local(kind))
}
