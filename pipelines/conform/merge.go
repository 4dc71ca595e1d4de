package conform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"countinghouse/internal/contract"
	"countinghouse/internal/crash"
	"countinghouse/internal/objectstore"
	"countinghouse/internal/warehouse"
)

// A feed with a file every day has hundreds after a year, and a query over them opens each. So when a run has read files of a feed and many
// small Parquet files are there, they are merged into one: another place for the same rows, by an accounting of its own. The old files stay
// for the tables that name them.
const (
	manyParquets = 32      // from so many small ones on they are merged
	smallRows    = 1 << 20 // rows up to which a Parquet file is small
)

// merge merges what has become too much in this run.
func (r *run) merge(ctx context.Context, registry *contract.Registry) error {
	fresh := map[string]bool{}
	for _, file := range r.report.Files {
		fresh[file.Feed] = fresh[file.Feed] || file.New
	}
	for _, name := range slices.Sorted(maps.Keys(fresh)) {
		c, _ := registry.Feed(name)
		if !fresh[name] {
			continue
		}
		if err := r.mergeFeed(ctx, c); err != nil {
			return fmt.Errorf("merge the conformed files of %s: %w", c.Feed, err)
		}
	}
	return nil
}

func (r *run) mergeFeed(ctx context.Context, c *contract.Contract) error {
	rows := map[string]int64{} // by Parquet file
	var used []*FileResult
	for i := range r.report.Files {
		if file := &r.report.Files[i]; file.Feed == c.Feed && file.Parquet != "" {
			rows[file.Parquet] += file.Accepted
			used = append(used, file)
		}
	}
	small := 0
	for _, n := range rows {
		if n < smallRows {
			small++
		}
	}
	if small < manyParquets {
		return nil
	}
	used = slices.DeleteFunc(used, func(file *FileResult) bool { return rows[file.Parquet] >= smallRows })
	slices.SortFunc(used, func(x, y *FileResult) int {
		return cmp.Or(x.ExportedAt.Compare(y.ExportedAt), cmp.Compare(x.SHA256, y.SHA256))
	})
	return r.mergeFiles(ctx, c, used)
}

func (r *run) mergeFiles(ctx context.Context, c *contract.Contract, used []*FileResult) error {
	var sources []contract.ConformedFile
	merged := make([]FileResult, len(used))
	for i, file := range used {
		local, err := r.bucket.LocalPath(ctx, file.Parquet)
		if err != nil {
			return err
		}
		sources = append(sources, file.Conformed(local))
		merged[i] = *file
	}
	name, fingerprint := bundleName(merged), merged[0].Fingerprint
	key, accounting := parquetKey(c.Feed, name, fingerprint), resultKey(c.Feed, name, fingerprint)
	local := filepath.Join(r.options.Scratch, "merge-"+c.Feed+".parquet")
	defer func() { _ = os.Remove(local) }()
	statement := fmt.Sprintf("copy (\n%s\n) to %s %s", c.BundleSQL(sources), contract.Quote(local), warehouse.WorkingParquet)
	if _, err := r.session.Exec(ctx, statement); err != nil {
		return err
	}
	if err := keepFile(ctx, r.bucket, key, local); err != nil {
		return err
	}
	for i := range merged {
		merged[i].Parquet, merged[i].Part = key, int64(i+1)
	}
	crash.Point(crash.ConformWritten)
	if err := writeAccounting(ctx, r.bucket, accounting, bundle{Files: merged}); err != nil {
		return err
	}
	for i, file := range used {
		*file = merged[i]
	}
	return nil
}

// keepFile keeps a file that is a function of its key. A run that died may have left one of another size, since the layout of a Parquet
// file depends on threads: no accounting names that one, so it goes.
func keepFile(ctx context.Context, bucket *objectstore.Bucket, key, local string) error {
	_, err := bucket.CreateFile(ctx, key, local)
	if !errors.Is(err, objectstore.ErrPrecondition) {
		return err
	}
	if err := bucket.Delete(ctx, key); err != nil {
		return err
	}
	_, err = bucket.CreateFile(ctx, key, local)
	return err
}
