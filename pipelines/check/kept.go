package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/suggest"
	"countinghouse/internal/warehouse"
)

// KeptRows is how many bad rows of an audit are kept at most.
const KeptRows = 1000

// keptFolder is where an environment's bad rows are: those of the last check of each table.
func keptFolder(environment string) string { return "audits/" + environment + "/" }

func keptKey(environment, table, audit string) string {
	return keptFolder(environment) + table + "/" + strings.NewReplacer("%", "%25", "/", "%2F").Replace(audit) + ".parquet"
}

func keptKeys(ctx context.Context, bucket *objectstore.Bucket, environment string) (map[string]bool, error) {
	keys := map[string]bool{}
	for attributes, err := range bucket.List(ctx, keptFolder(environment)) {
		if err != nil {
			return nil, err
		}
		keys[attributes.Key] = true
	}
	return keys, nil
}

// keep stores the first bad rows of an audit, in the order of their values, in place of those of the last check.
func (c *checking) keep(ctx context.Context, finding Finding, query string) error {
	if c.Scratch == "" {
		return nil
	}
	folder, err := os.MkdirTemp(c.Scratch, "audit-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }() // the scratch folder is swept in any case
	path := filepath.Join(folder, "rows.parquet")
	statement := fmt.Sprintf("copy (select * from (\n%s\n) order by all limit %d) to %s (format parquet)", query, KeptRows, warehouse.Quote(path))
	if _, err := c.Session.Exec(ctx, statement); err != nil {
		return fmt.Errorf("keep the bad rows: %w", err)
	}
	return c.Bucket.Replace(ctx, keptKey(c.environment, finding.Table, finding.Audit), path)
}

// forget removes what the last check kept of these tables and this one did not find.
func (c *checking) forget(ctx context.Context, audited []Audited) error {
	for _, finding := range slices.Concat(c.result.Findings, c.result.Warnings) {
		delete(c.kept, keptKey(c.environment, finding.Table, finding.Audit))
	}
	for _, table := range audited {
		for key := range c.kept {
			if !strings.HasPrefix(key, keptFolder(c.environment)+table.Table+"/") {
				continue
			}
			if err := c.Bucket.Delete(ctx, key); err != nil {
				return err
			}
		}
	}
	return nil
}

// Rows are rows as texts; NULL is written NULL.
type Rows struct {
	Columns []string   `json:"columns"`
	Lines   [][]string `json:"rows"`
}

// Kept names an audit that has bad rows in the store.
type Kept struct {
	Environment, Table, Audit string
}

// ErrNothingKept says that an audit has no bad rows in the store: it passed, was never run, or does not exist.
var ErrNothingKept = errors.New("no bad rows are kept")

// ReadKept gives at most limit of the bad rows that the last check of an environment kept of an audit; scratch is a folder that the
// session may read.
func ReadKept(ctx context.Context, audit Kept, limit int, options Options) (Rows, error) {
	key := keptKey(audit.Environment, audit.Table, audit.Audit)
	path := filepath.Join(options.Scratch, "kept.parquet")
	err := download(ctx, options.Bucket, key, path)
	if errors.Is(err, objectstore.ErrNotFound) {
		return Rows{}, nothingKept(ctx, audit, options.Bucket)
	}
	if err != nil {
		return Rows{}, err
	}
	return Texts(ctx, options.Session, "select * from read_parquet("+warehouse.Quote(path)+")", limit)
}

// download copies an object that may be replaced, which a cache of immutable objects must not hold.
func download(ctx context.Context, bucket *objectstore.Bucket, key, path string) (err error) {
	from, _, err := bucket.Open(ctx, key)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	_, err = io.Copy(to, from)
	return err
}

func nothingKept(ctx context.Context, audit Kept, bucket *objectstore.Bucket) error {
	keys, err := keptKeys(ctx, bucket, audit.Environment)
	if err != nil {
		return err
	}
	var others []string
	for key := range keys {
		name := strings.TrimSuffix(strings.TrimPrefix(key, keptFolder(audit.Environment)), ".parquet")
		others = append(others, strings.Replace(name, "/", ".", 1))
	}
	slices.Sort(others)
	problem := fmt.Errorf("%s.%s in %s: %w", audit.Table, audit.Audit, audit.Environment, ErrNothingKept)
	if len(others) == 0 {
		return fmt.Errorf("%w, nor of any other audit", problem)
	}
	if hint := suggest.DidYouMean(audit.Table+"."+audit.Audit, others); hint != "" {
		return fmt.Errorf("%w%s", problem, hint)
	}
	return fmt.Errorf("%w; there are some of %s", problem, strings.Join(others, ", "))
}

// Texts gives the first rows of a query, in the order of their values.
func Texts(ctx context.Context, session *warehouse.Session, query string, limit int) (read Rows, err error) {
	rows, err := session.Query(ctx, fmt.Sprintf("select columns(*)::varchar from (select * from (\n%s\n) order by all limit %d)", query, limit))
	if err != nil {
		return Rows{}, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if read.Columns, err = rows.Columns(); err != nil {
		return Rows{}, err
	}
	for rows.Next() {
		cells, targets := make([]*string, len(read.Columns)), make([]any, len(read.Columns))
		for i := range cells {
			targets[i] = &cells[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return Rows{}, err
		}
		read.Lines = append(read.Lines, texts(cells))
	}
	return read, rows.Err()
}

func texts(cells []*string) []string {
	line := make([]string, len(cells))
	for i, cell := range cells {
		line[i] = "NULL"
		if cell != nil {
			line[i] = *cell
		}
	}
	return line
}
