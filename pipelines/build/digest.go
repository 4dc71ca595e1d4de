package build

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"countinghouse/internal/warehouse"
)

// Digest counts the rows of a relation and hashes them as a set: the two sums, modulo 2^64, of the halves of each row's MD5. Sums do not
// depend on order, so neither threads, memory limits nor the way rows are stored change a digest; two different sets with one
// digest do not happen by accident. (A digest finds differences; it is not a seal against somebody who makes collisions.)
//
// Floating-point values enter with ten significant digits, since their sums may differ in the last bits from run to run.
func Digest(ctx context.Context, session *warehouse.Session, relation string, columns []warehouse.Column) (int64, string, error) {
	texts := make([]string, len(columns))
	for i, column := range columns {
		texts[i] = textOf(column)
	}
	// The separators are two characters that no export may hold, so that ('a', 'b') and ('ab', '') differ.
	row := "concat_ws(chr(31), " + strings.Join(texts, ", ") + ")"
	var rows int64
	var low, high sql.NullString
	err := session.QueryRow(ctx, fmt.Sprintf(`with texts as (select %s as line from %s)
select
    count(*),
    (sum(md5_number_lower(line)) %% 18446744073709551616)::varchar,
    (sum(md5_number_upper(line)) %% 18446744073709551616)::varchar
from texts`, row, relation)).Scan(&rows, &low, &high)
	if err != nil {
		return 0, "", fmt.Errorf("digest: %w", err)
	}
	return rows, hash(fmt.Sprintf("%d rows %s %s", rows, low.String, high.String))[:32], nil
}

func textOf(column warehouse.Column) string {
	name := warehouse.QuoteName(column.Name)
	text := name + "::varchar"
	if column.Type == "DOUBLE" || column.Type == "FLOAT" {
		text = "format('{:.9e}', " + name + "::double)"
	}
	return "coalesce(" + text + ", chr(30))"
}

func join(names []string) string { return strings.Join(names, ", ") }
