package build

import (
	"context"
	"os"

	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
)

// Two feeds may give the same row of a dataset, such as a bill as csv and as xlsx, or two snapshots of one day, and then the newest export's
// counts. That is rare, and looking at the grain costs little; so rows are put in order only where it must be.

// keepNewest leaves one row of each grain in a dataset's file.
func (e *execution) keepNewest(ctx context.Context, n *node, path string) error {
	if n.dataset == nil || len(n.dataset.Grain) == 0 {
		return nil
	}
	rows := "from read_parquet(" + warehouse.Quote(path) + ")"
	_, repeated, err := e.countGrain(ctx, rows, n.dataset.Grain)
	if err != nil || repeated == 0 {
		return err
	}
	if _, err := e.Session.Exec(ctx, copyQuery(newestOf(rows, n.dataset.Grain), path+".newest")); err != nil {
		return err
	}
	return os.Rename(path+".newest", path)
}

// distinctRows gives what a dataset's query becomes so that each grain has one row, and how many rows there are.
func (e *execution) distinctRows(ctx context.Context, dataset *Dataset) (func(query string) string, int64, error) {
	asItIs := func(query string) string { return query }
	if len(dataset.Grain) == 0 {
		return asItIs, snapshot.Uncounted, nil
	}
	rows, repeated, err := e.countGrain(ctx, dataset.Query, dataset.Grain)
	if err != nil || repeated == 0 {
		return asItIs, rows, err
	}
	return func(query string) string { return newestOf(query, dataset.Grain) }, rows, nil
}

// countGrain counts the values of a grain, and those that several rows have.
func (e *execution) countGrain(ctx context.Context, query string, grain []string) (values, repeated int64, err error) {
	err = e.Session.QueryRow(ctx, "select count(*), count(*) filter (rows > 1) from (select count(*) as rows from (\n"+query+"\n) group by "+join(grain)+")").Scan(&values, &repeated)
	return values, repeated, err
}

// newestOf keeps of the rows that share a grain the newest export's. Partitions, unlike join using, take two missing values for the same.
func newestOf(query string, grain []string) string {
	return "select * from (\n" + query + "\n) qualify row_number() over (partition by " + join(grain) +
		" order by exported_at desc, feed desc, source_file desc, source_row desc) = 1"
}
