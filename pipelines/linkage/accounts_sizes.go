package linkage

import (
	"context"
	"fmt"
	"strings"
)

// beginSizes makes linkage_again.sizes, which countSizes fills: of blocks and values how many records they had when the month began (earlier), the last time
// (before), and have now; and linkage_again.delta, by how many those that changed differ.
func (g *again) beginSizes(ctx context.Context) error {
	of := func(table string, more int) string {
		var queries []string
		for _, column := range g.keyer.blocksAndValues() {
			queries = append(queries, fmt.Sprintf("select '%[1]s' as place, %[1]s as hash, %[2]d as more from %[3]s semi join linkage_again.changed using (channel, account_id)", column, more, table))
		}
		return strings.Join(queries, "\nunion all\n")
	}
	return g.exec(ctx, "create table linkage_again.delta as select place, hash, cast(sum(more) as bigint) as more from (\n"+
		of("linkage_again.is", 1)+"\nunion all\n"+of("linkage_again.was", -1)+"\n) where hash is not null group by place, hash",
		"create table linkage_again.sizes (place varchar, hash ubigint, before bigint, now bigint, earlier bigint)")
}

// countSizes adds to linkage_again.sizes what columns of a table have, as far as it is not there yet.
func (g *again) countSizes(ctx context.Context, table string, columns []string) error {
	var hashes, counts []string
	for _, column := range columns {
		hashes = append(hashes, fmt.Sprintf("select '%[1]s' as place, %[1]s as hash from %[2]s where %[1]s is not null", column, table))
		counts = append(counts, fmt.Sprintf("select '%[1]s' as place, %[1]s as hash, count(*) as records from {%[2]s} where %[1]s in (select hash from linkage_again.uncounted where place = '%[1]s') group by %[1]s", column, DescribedTable))
	}
	uncounted := "create or replace table linkage_again.uncounted as select distinct place, hash from (\n" + strings.Join(hashes, "\nunion all\n") + "\n) anti join linkage_again.sizes using (place, hash)"
	if err := g.exec(ctx, uncounted); err != nil {
		return err
	}
	var missing bool
	if err := g.session.QueryRow(ctx, "select count(*) > 0 from linkage_again.uncounted").Scan(&missing); err != nil || !missing {
		return err
	}
	return g.exec(ctx, "insert into linkage_again.sizes\nwith counted as (\n"+strings.Join(counts, "\nunion all\n")+`
)
select uncounted.place, uncounted.hash, coalesce(counted.records, 0), coalesce(counted.records, 0) + coalesce(delta.more, 0), coalesce(common.records, 0)
from linkage_again.uncounted
left join counted on uncounted.place = counted.place and uncounted.hash = counted.hash
left join linkage_again.delta as delta on uncounted.place = delta.place and uncounted.hash = delta.hash
left join {`+commonTable+`} as common on uncounted.place = common.place and uncounted.hash = common.hash`)
}

// sizesOf gives the sizes of blocks, of those that were counted.
func sizesOf(rule int) string {
	return fmt.Sprintf("select hash as %[1]s, now as records, earlier from linkage_again.sizes where place = '%[1]s'", blockColumn(rule))
}
