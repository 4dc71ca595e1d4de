package build

import (
	"context"
	"os"

	"countinghouse/internal/warehouse"
)

// keepNewest leaves one row of each grain in a dataset: two feeds may give the same row, such as a bill as csv and as xlsx, or two snapshots
// of one day, and then the newest export's counts. That is rare, and looking at the grain of the finished file costs little; so the
// file is written again only where it must be.
func (e *execution) keepNewest(ctx context.Context, n *node, path string) error {
	if len(n.unique) == 0 {
		return nil
	}
	grain, rows := join(n.unique), "read_parquet("+warehouse.Quote(path)+")"
	var repeated int64
	err := e.Session.QueryRow(ctx, "select count(*) from (select 1 from "+rows+" group by "+grain+" having count(*) > 1)").Scan(&repeated)
	if err != nil || repeated == 0 {
		return err
	}
	// group by, unlike join using, takes two missing values for the same; so does partition by.
	query := "select * from " + rows + " qualify row_number() over (partition by " + grain +
		" order by exported_at desc, feed desc, source_file desc, source_row desc) = 1"
	if _, err := e.Session.Exec(ctx, copyQuery(query, path+".newest")); err != nil {
		return err
	}
	return os.Rename(path+".newest", path)
}
