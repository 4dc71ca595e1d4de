package conform

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/landing"
	"countinghouse/internal/contract/reader"
	"countinghouse/internal/crash"
	"countinghouse/internal/warehouse"
)

// Many small files are read by one statement into one Parquet file, since a statement and a file each cost more than a thousand rows do. What a
// file's rows are, its rejects and its accounting are the same as if it had been read alone.
const (
	smallFile   = 4 << 20  // bytes as stored, up to which a file is small
	fewFiles    = 16       // from so many small files of a feed on they are read together
	bundleFiles = 1024     // files that one statement reads at most
	bundleBytes = 96 << 20 // and bytes of them
)

// group says which files are read together, and which alone.
func (r *run) group(c *contract.Contract, files []landing.Manifest) (bundles [][]landing.Manifest, single []landing.Manifest) {
	small := slices.DeleteFunc(slices.Clone(files), func(manifest landing.Manifest) bool { return manifest.Size > smallFile })
	if len(small) < fewFiles || !c.ReadsAlike() {
		return nil, files
	}
	single = slices.DeleteFunc(slices.Clone(files), func(manifest landing.Manifest) bool { return manifest.Size <= smallFile })
	var members []landing.Manifest
	size := int64(0)
	for _, manifest := range small {
		if len(members) == bundleFiles || size+manifest.Size > bundleBytes {
			bundles, members, size = append(bundles, members), nil, 0
		}
		members, size = append(members, manifest), size+manifest.Size
	}
	return append(bundles, members), single
}

// A bundling reads several files of a feed together.
type bundling struct {
	run    *run
	prints fingerprints
	jobs   []*job // in the order of their exports; a file's number is its place, from 1
	alone  []*job // files that have to be read alone, which find out why
}

// bundle conforms many small files and makes the results visible, all of them at once.
func (r *run) bundle(ctx context.Context, c *contract.Contract, prints fingerprints, members []landing.Manifest) ([]FileResult, error) {
	b := &bundling{run: r, prints: prints}
	for _, manifest := range members {
		b.add(ctx, r.newJob(c, prints, manifest))
	}
	slices.SortFunc(b.jobs, func(x, y *job) int {
		return cmp.Or(x.result.ExportedAt.Compare(y.result.ExportedAt), cmp.Compare(x.result.SHA256, y.result.SHA256))
	})
	defer b.sweep()
	results, err := b.together(ctx)
	if err != nil {
		return nil, fmt.Errorf("conform %d files of %s together: %w", len(members), c.Feed, err)
	}
	for _, j := range b.alone {
		result, err := r.file(ctx, c, prints, j.manifest)
		if err != nil {
			return results, err
		}
		results = append(results, result)
	}
	return results, nil
}

// add puts a file where it belongs. When its export was made must be known before its rows are written.
func (b *bundling) add(ctx context.Context, j *job) {
	var header reader.Header
	var err error
	if rule := j.contract.Files.ExportedAt; rule != nil && rule.Preamble != "" {
		header, err = reader.FindHeader(ctx, j.contract, j.input(ctx))
	}
	if err == nil {
		err = j.exportTime(header)
	}
	if err != nil {
		b.alone = append(b.alone, j)
		return
	}
	b.jobs = append(b.jobs, j)
}

func (b *bundling) sweep() {
	for _, j := range b.jobs {
		j.sweep()
	}
}

// together reads the files until those that are left are all good, and keeps what was made.
func (b *bundling) together(ctx context.Context) ([]FileResult, error) {
	for len(b.jobs) > 0 {
		bad, err := b.read(ctx)
		if wrong := (*reader.Problem)(nil); errors.As(err, &wrong) {
			b.alone, b.jobs = append(b.alone, b.jobs...), nil // which file's rows an expression stumbles over is not known
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if len(bad) == 0 {
			return b.keep(ctx)
		}
		b.sweep()
		b.alone = append(b.alone, bad...)
		b.jobs = slices.DeleteFunc(b.jobs, func(j *job) bool { return slices.Contains(bad, j) })
	}
	return nil, nil
}

// local is where the rows of all files are written: beside the scratch files of the first.
func (b *bundling) local() string { return b.jobs[0].local("parquet") }

// read writes the good rows of all files and fills in the accounting. It gives the files that no row may be used of.
func (b *bundling) read(ctx context.Context) (bad []*job, err error) {
	summaries := make([]reader.Summary, len(b.jobs))
	refused := make([]bool, len(b.jobs))
	if err := b.accept(ctx, func(i int, summary reader.Summary, wrong bool) { summaries[i], refused[i] = summary, wrong }); err != nil {
		return nil, err
	}
	counts, err := b.counts(ctx, "select file_no, count(*) from read_parquet(%s) group by file_no")
	if err != nil {
		return nil, err
	}
	for i, j := range b.jobs {
		j.count(summaries[i], counts[int64(i+1)])
		if rows, share := j.contract.Rejects.Limits(); refused[i] || j.result.exceeds(rows, share) {
			bad = append(bad, j)
		}
	}
	return bad, nil
}

// accept streams all files into one statement. A file that cannot be read is told of; the others go on.
func (b *bundling) accept(ctx context.Context, done func(i int, summary reader.Summary, wrong bool)) error {
	first := b.jobs[0]
	layout := columnsAsFields(first.contract)
	quicks := func(header reader.Header) []*quick { return quicksOf(first.contract, header) }
	out := &output{extra: []string{extraName}, quicks: quicks, open: func(schema *arrow.Schema, header reader.Header) (*warehouse.BatchWriter, error) {
		plan := newPlan(first.contract, header, first.result.ExportedAt).withQuicks()
		return first.session.Stream(ctx, schema, batchesWaiting, func(from string) string { return plan.acceptTogether(from, b.local(), b.lineage()) }), nil
	}}
	if err := out.Header(layout); err != nil {
		return err
	}
	var failed error
	for i, j := range b.jobs {
		sink := &memberSink{job: j, output: out, number: int64(i + 1), cells: make([][]byte, len(layout.Names)), spare: spare{contract: j.contract}}
		summary, err := j.readWithoutErased(ctx, sink)
		wrong := (*reader.Problem)(nil)
		if err != nil && !errors.As(err, &wrong) {
			failed = err
			break
		}
		done(i, summary, wrong != nil)
	}
	if failed == nil {
		failed = out.flush()
	}
	_, ended := out.to.Close()
	if failed == nil || errors.Is(failed, warehouse.ErrEnded) {
		failed = ended
	}
	return asProblem(failed)
}

// columnsAsFields is the header of records whose fields are the contract's columns: files that have them in different places, or lack some,
// so become alike.
func columnsAsFields(c *contract.Contract) reader.Header {
	names, fields := c.ByPlace()
	return reader.Header{Names: names, Fields: fields}
}

// A memberSink hands on the records of one file of several, each with the number of the file.
type memberSink struct {
	*output
	job    *job
	number int64
	fields []int // per field of the output, that of the file; -1 where it has none
	cells  [][]byte
	spare  spare
}

// lineBits is the room for the line number in the number of a record among those of several files.
const lineBits = 40

func (s *memberSink) Header(header reader.Header) error {
	s.job.noteHeader(header)
	s.spare.header(header)
	s.fields = s.fields[:0]
	for i, column := range s.job.contract.Columns {
		if !column.Computed() {
			s.fields = append(s.fields, header.Fields[i])
		}
	}
	return nil
}

func (s *memberSink) Raw(line int64, record []byte, fields [][]byte) error {
	return s.record(line, len(record), fields)
}

func (s *memberSink) Fields(line int64, fields [][]byte) error {
	return s.record(line, sizeOf(fields), fields)
}

func (s *memberSink) record(line int64, size int, fields [][]byte) error {
	for i, field := range s.fields {
		s.cells[i] = nil
		if field >= 0 {
			s.cells[i] = fields[field]
		}
	}
	s.columns[0].add(s.spare.text(fields))
	s.output.fields(s.cells)
	return s.end(s.number<<lineBits|line, size)
}

func (*memberSink) Reject(int64, string, []byte) error { return nil }

// lineage is the columns that say where a row comes from: file_no, source_file and exported_at.
func (b *bundling) lineage() string {
	files, times := make([]string, len(b.jobs)), make([]string, len(b.jobs))
	for i, j := range b.jobs {
		files[i] = contract.Quote(j.result.SourceFile)
		times[i] = contract.TimestampLiteral(j.result.ExportedAt)
	}
	return fmt.Sprintf("[%s][file_no] as source_file, [%s][file_no] as exported_at, file_no", strings.Join(files, ", "), strings.Join(times, ", "))
}

// counts runs a query over all rows that gives a number per file.
func (b *bundling) counts(ctx context.Context, query string) (map[int64]int64, error) {
	rows, err := b.run.session.Query(ctx, fmt.Sprintf(query, contract.Quote(b.local())))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	found := map[int64]int64{}
	for rows.Next() {
		var file, count int64
		if err := rows.Scan(&file, &count); err != nil {
			return nil, err
		}
		found[file] = count
	}
	return found, rows.Err()
}

// keep explains what was refused and moves everything into the store, the accounting last.
func (b *bundling) keep(ctx context.Context) ([]FileResult, error) {
	if err := b.duplicates(ctx); err != nil {
		return nil, err
	}
	stem := b.stem()
	feed, fingerprint := b.jobs[0].result.Feed, b.prints.read
	results := make([]FileResult, len(b.jobs))
	for i, j := range b.jobs {
		j.rows = fmt.Sprintf("(select source_row from read_parquet(%s) where file_no = %d)", contract.Quote(b.local()), i+1)
		if err := j.keepRejects(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", j.manifest.Key, err)
		}
		j.result.Parquet, j.result.Part = parquetKey(feed, stem, fingerprint), int64(i+1)
		results[i] = j.result
	}
	if err := b.jobs[0].store(ctx, parquetKey(feed, stem, fingerprint), "parquet"); err != nil {
		return nil, err
	}
	crash.Point(crash.ConformWritten)
	return results, writeAccounting(ctx, b.run.bucket, resultKey(feed, stem, fingerprint), bundle{Files: results})
}

// stem names a bundle by what it holds.
func (b *bundling) stem() string {
	results := make([]FileResult, len(b.jobs))
	for i, j := range b.jobs {
		results[i] = j.result
	}
	return bundleName(results)
}

// bundleName is a sha256, in hex, over the files of a bundle in their order, with the times of their exports, which stand in its rows.
func bundleName(files []FileResult) string {
	var text strings.Builder
	for _, file := range files {
		fmt.Fprintln(&text, file.SHA256, contract.TimestampLiteral(file.ExportedAt))
	}
	sum := sha256.Sum256([]byte(text.String()))
	return hex.EncodeToString(sum[:])
}

func (b *bundling) duplicates(ctx context.Context) error {
	grain := b.jobs[0].contract.Grain
	if len(grain) == 0 {
		return nil
	}
	names := grainList(grain)
	found, err := b.counts(ctx, "select file_no, cast(sum(n - 1) as BIGINT) from (select file_no, count(*) as n from read_parquet(%s) group by file_no, "+
		strings.ReplaceAll(names, "%", "%%")+") group by file_no")
	for i, j := range b.jobs {
		j.result.Duplicates = found[int64(i+1)]
	}
	return err
}

func grainList(grain []string) string {
	names := make([]string, len(grain))
	for i, name := range grain {
		names[i] = contract.Name(name)
	}
	return strings.Join(names, ", ")
}
