package conform

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/landing"
	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/warehouse"
)

// RunExample runs a contract's own example from its bytes to the rows that it gives, and reports every difference. Scratch is a folder that
// the session may read and write. How many rejects a file may have does not matter here.
func RunExample(ctx context.Context, session *warehouse.Session, registry *contract.Registry, c *contract.Contract, scratch string, zone *time.Location) error {
	if err := registry.Check(ctx, c, session); err != nil {
		return err
	}
	bucket, err := open.Bucket(ctx, filepath.Join(scratch, "example-"+c.Feed), scratch)
	if err != nil {
		return fmt.Errorf("example of %s: %w", c.Feed, err)
	}
	manifest, err := landExample(ctx, bucket, c, zone)
	if err != nil {
		return fmt.Errorf("example of %s: %w", c.Feed, err)
	}
	lenient := *c
	everything, all := int64(1<<62), 1.0
	lenient.Rejects = contract.Rejects{MaxRows: &everything, MaxShare: &all}
	r := &run{bucket: bucket, session: session, options: Options{Scratch: scratch, Zone: zone}}
	result, err := r.file(ctx, &lenient, fingerprints{read: lenient.ReadFingerprint(zone.String())}, manifest)
	if err != nil {
		return fmt.Errorf("example of %s: %w", c.Feed, err)
	}
	problems := checkCounts(c.Example, result)
	if result.Parquet != "" {
		local, err := bucket.LocalPath(ctx, result.Parquet)
		if err != nil {
			return fmt.Errorf("example of %s: %w", c.Feed, err)
		}
		rows := "(" + c.FeedSQL([]contract.ConformedFile{result.Conformed(local)}) + ")"
		for _, name := range slices.Sorted(maps.Keys(c.Example.Gives)) {
			dataset, _ := registry.Dataset(name)
			problems = append(problems, checkGiven(ctx, session, c, dataset, rows))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("example of %s: %w", c.Feed, err)
	}
	return nil
}

func checkCounts(want contract.Example, got FileResult) []error {
	if got.Quarantine != "" {
		return []error{fmt.Errorf("quarantined: %s", got.Quarantine)}
	}
	var problems []error
	if got.Accepted != want.Accepted || got.Rejected != want.Rejected || got.Dropped != want.Dropped {
		problems = append(problems, fmt.Errorf("want %d accepted, %d rejected, %d dropped; got %d, %d, %d %q",
			want.Accepted, want.Rejected, want.Dropped, got.Accepted, got.Rejected, got.Dropped, got.Reasons))
	}
	for _, reason := range want.Reasons {
		if !slices.ContainsFunc(got.Reasons, func(text string) bool { return strings.Contains(text, reason) }) {
			problems = append(problems, fmt.Errorf("no reject says %q: %q", reason, got.Reasons))
		}
	}
	return problems
}

func landExample(ctx context.Context, bucket *objectstore.Bucket, c *contract.Contract, zone *time.Location) (landing.Manifest, error) {
	name := cmp.Or(c.Example.Name, strings.ReplaceAll(c.Files.Names[0], "*", "1"))
	content, err := exampleBytes(c, name)
	if err != nil {
		return landing.Manifest{}, err
	}
	sum := sha256.Sum256(content)
	hash := hex.EncodeToString(sum[:])
	manifest := landing.Manifest{
		Feed: c.Feed, Name: name, Key: landing.FileKey(c.Feed, hash, name), Size: int64(len(content)), SHA256: hash,
		ModTime: time.Date(2026, 11, 1, 0, 0, 0, 0, zone),
	}
	if _, err := bucket.Create(ctx, manifest.Key, bytes.NewReader(content)); err != nil {
		return landing.Manifest{}, err
	}
	return manifest, landing.Write(ctx, bucket, manifest)
}

// exampleBytes makes the file that the example's text stands for.
func exampleBytes(c *contract.Contract, name string) ([]byte, error) {
	content, err := []byte(c.Example.File), error(nil)
	switch {
	case c.Files.Container == contract.XLSX:
		content, err = workbook(c)
	case c.Files.Encoding == contract.GB18030:
		content, err = simplifiedchinese.GB18030.NewEncoder().Bytes(content)
	case c.Files.Encoding == contract.UTF16LE:
		content, err = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes(content)
	case c.Files.Encoding == contract.UTF16BE:
		content, err = unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().Bytes(content)
	}
	if err != nil || !strings.HasSuffix(name, ".gz") {
		return content, err
	}
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, err = writer.Write(content)
	return packed.Bytes(), errors.Join(err, writer.Close())
}

// workbook writes CSV text as the cells of the contract's sheet.
func workbook(c *contract.Contract) ([]byte, error) {
	book := excelize.NewFile()
	defer func() { _ = book.Close() }()
	sheet := cmp.Or(c.Files.Sheet, "Sheet1")
	if strings.ContainsAny(sheet, "*?[") {
		sheet = "Sheet1" // the contract gives a pattern
	}
	if err := book.SetSheetName("Sheet1", sheet); err != nil {
		return nil, err
	}
	lines := csv.NewReader(strings.NewReader(c.Example.File))
	lines.FieldsPerRecord = -1
	records, err := lines.ReadAll()
	if err != nil {
		return nil, err
	}
	for i, record := range records {
		if err := book.SetSheetRow(sheet, fmt.Sprintf("A%d", i+1), &record); err != nil {
			return nil, err
		}
	}
	content, err := book.WriteToBuffer()
	if err != nil {
		return nil, err
	}
	return content.Bytes(), nil
}

// checkGiven compares the rows that a dataset gets with those wanted, each on the columns that it names.
func checkGiven(ctx context.Context, session *warehouse.Session, c *contract.Contract, dataset *contract.Dataset, rows string) error {
	got, err := givenRows(ctx, session, dataset, c.GiveSQL(dataset, rows))
	if err != nil {
		return fmt.Errorf("gives.%s: %w", dataset.Dataset, err)
	}
	want, err := wantedRows(ctx, session, dataset, c.Example.Gives[dataset.Dataset])
	if err != nil {
		return fmt.Errorf("example.gives.%s: %w", dataset.Dataset, err)
	}
	unmatched := match(want, got)
	if len(unmatched) == 0 && len(want) == len(got) {
		return nil
	}
	problem := fmt.Errorf("gives.%s: want %d rows, got %d:\n%s", dataset.Dataset, len(want), len(got), render(got))
	for _, i := range unmatched {
		problem = fmt.Errorf("%w\nno row for %v", problem, c.Example.Gives[dataset.Dataset][i])
	}
	return problem
}

// A givenRow is a row's values as text by column; nil is NULL.
type givenRow map[string]*string

func givenRows(ctx context.Context, session *warehouse.Session, dataset *contract.Dataset, query string) ([]givenRow, error) {
	texts := make([]string, len(dataset.Columns))
	for i, column := range dataset.Columns {
		texts[i] = fmt.Sprintf("cast(%s as VARCHAR)", contract.Name(column.Name))
	}
	result, err := session.Query(ctx, "select "+strings.Join(texts, ", ")+" from ("+query+") order by source_row")
	if err != nil {
		return nil, err
	}
	defer func() { _ = result.Close() }()
	var rows []givenRow
	for result.Next() {
		values := make([]*string, len(texts))
		targets := make([]any, len(texts))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := result.Scan(targets...); err != nil {
			return nil, err
		}
		row := givenRow{}
		for i, column := range dataset.Columns {
			row[column.Name] = values[i]
		}
		rows = append(rows, row)
	}
	return rows, result.Err()
}

// wantedRows writes the wanted values as the dataset's types do, so that 12 is 12.00 where it is money.
func wantedRows(ctx context.Context, session *warehouse.Session, dataset *contract.Dataset, wanted []map[string]any) ([]givenRow, error) {
	rows := make([]givenRow, len(wanted))
	for i, values := range wanted {
		rows[i] = givenRow{}
		for name, value := range values {
			column, ok := dataset.Column(name)
			if !ok {
				return nil, fmt.Errorf("there is no column %q", name)
			}
			rows[i][name] = nil
			if value == nil {
				continue
			}
			var text string
			query := fmt.Sprintf("select cast(cast(%s as %s) as VARCHAR)", contract.Quote(fmt.Sprint(value)), column.SQLType())
			if err := session.QueryRow(ctx, query).Scan(&text); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			rows[i][name] = &text
		}
	}
	return rows, nil
}

// match pairs wanted rows with rows that fit them, each used once, and gives the wanted rows that are left over.
func match(wanted, got []givenRow) []int {
	takenBy := make([]int, len(got))
	for i := range takenBy {
		takenBy[i] = -1
	}
	var left []int
	for i := range wanted {
		if !pair(i, wanted, got, takenBy, make([]bool, len(got))) {
			left = append(left, i)
		}
	}
	return left
}

// pair finds an augmenting path: a row that another wanted row has taken may be freed if that one fits elsewhere.
func pair(i int, wanted, got []givenRow, takenBy []int, seen []bool) bool {
	for g := range got {
		if seen[g] || !fits(wanted[i], got[g]) {
			continue
		}
		seen[g] = true
		if takenBy[g] < 0 || pair(takenBy[g], wanted, got, takenBy, seen) {
			takenBy[g] = i
			return true
		}
	}
	return false
}

func fits(want, got givenRow) bool {
	for name, value := range want {
		other := got[name]
		if (value == nil) != (other == nil) || value != nil && *value != *other {
			return false
		}
	}
	return true
}

func render(rows []givenRow) string {
	lines := make([]string, len(rows))
	for i, row := range rows {
		var cells []string
		for _, name := range slices.Sorted(maps.Keys(row)) {
			if row[name] != nil {
				cells = append(cells, name+": "+*row[name])
			}
		}
		lines[i] = "  {" + strings.Join(cells, ", ") + "}"
	}
	return strings.Join(lines, "\n")
}
