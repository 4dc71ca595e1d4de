package ledger_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/ledger"
)

// transactionsSQL makes movements of all kinds, in accounts of two channels, with ties, repetitions from a second file, rows without
// account, time or points, and rows after the as-of day, and leaves them in an order that depends on the salt.
const transactionsSQL = `with numbered as (
    select i, hash(i) as h from range(20000) as t(i)
), made as (
    select
        if(h %% 3 = 0, 'pos', '小程序') as channel,
        if(i = 7, null, '会员' || (h // 7) %% 300) as account_id,
        if(i = 11, null, 'T' || (i // 1.01)::bigint) as txn_id,
        if(i = 13, null, timestamp '2025-01-01' + to_days((h // 11 %% 700)::integer) + to_hours((h // 13 %% 2 * 12)::integer)) as occurred_at,
        ['earn', 'earn', 'earn', 'redeem', 'redeem', 'claw_back', 'recredit', 'adjust', 'expire', 'gift', 'transfer', 'opening', 'reinstate', 'extend'][(h // 17 %% 14)::bigint + 1] as kind,
        if(i = 17, null, h // 19 %% 100)::bigint as points,
        if(h %% 5 = 0, null, 'O' || (h // 23) %% 4) as order_id,
        if(h %% 7 = 0, (date '2025-01-01' + (h // 29 %% 900)::integer), null) as expires_on,
        if(h %% 2 = 0, null, '购物') as reason,
        if(h %% 9 = 0, 'coins', null) as currency,
        if(h %% 4 = 0, '会员1', null) as counter_account_id,
        'points_' || (h %% 2) || '.csv' as source_file,
        i::bigint as source_row,
    from numbered
)
select * from made order by hash(source_row + %d)`

// runWarehouse runs the ledger as the product does, from DuckDB to Parquet, and reads all tables back.
func runWarehouse(t *testing.T, movements string, held int64) map[string][]string {
	t.Helper()
	rows, err := tryWarehouse(t, movements, held, warehouse.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func tryWarehouse(t *testing.T, movements string, held int64, options warehouse.Options) (map[string][]string, error) {
	t.Helper()
	dir := t.TempDir()
	exported := writeMovements(t, dir, movements)
	options.AllowedDirs, options.Variables = []string{dir}, map[string]any{"as_of": time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC)}
	session, err := warehouse.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	for _, statement := range []string{
		"create schema dataset", "create schema seed", "create view dataset.point_transactions as from " + exported,
		"create table seed.points_programme as select *, null::varchar as currency, 2::bigint as grace_days, 3::bigint as pending_days, 'oldest_first' as burn_order, null::varchar as negative_balance, 'new_lot' as recredit_to, null::varchar as transfer_expiry from (values (date '2025-03-01', 'rolling', 200::bigint), (date '2026-01-01', 'calendar_year', null)) as t(valid_from, validity, validity_days)",
		"create table seed.point_pools as select if(i % 2 = 0, 'pos', '小程序') as channel, '会员' || i as account_id, 'P' || (i // 9) as pool, date '2025-06-01' as joined_on, if(i % 5 = 0, date '2026-01-01', null) as left_on from range(60) as t(i)",
	} {
		if _, err := session.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	err = ledger.Book(t.Context(), session, ledger.Booking{
		Movements: ledger.InputSQL, Held: held, AsOf: day(t, "2026-06-30"), Scratch: filepath.Join(dir, "movements"),
		Open: func(table ledger.Table) *warehouse.BatchWriter {
			return session.WriteParquet(t.Context(), table.Schema(), filepath.Join(dir, table.Name+".parquet"))
		},
	})
	if err != nil {
		return nil, err
	}
	rows := map[string][]string{}
	for _, table := range ledger.Tables() {
		file := warehouse.Quote(filepath.Join(dir, table.Name+".parquet"))
		checkTypes(t, session, table, file)
		rows[table.Name] = texts(t, session, "select to_json(t)::varchar from "+file+" as t")
	}
	return rows, nil
}

// writeMovements writes the rows of a query into a file, in a session of its own, and gives the file as SQL names it.
func writeMovements(t *testing.T, dir, query string) string {
	t.Helper()
	session, err := warehouse.Open(t.Context(), warehouse.Options{Threads: 1, AllowedDirs: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	file := warehouse.Quote(filepath.Join(dir, "exported.parquet"))
	if _, err := session.Exec(t.Context(), "copy ("+query+") to "+file+" (format parquet, row_group_size 4096)"); err != nil {
		t.Fatal(err)
	}
	return file
}

func checkTypes(t *testing.T, session *warehouse.Session, table ledger.Table, file string) {
	t.Helper()
	var want []string
	for _, column := range table.Columns {
		want = append(want, column.Name+" "+column.Type.SQL())
	}
	got := texts(t, session, "select column_name || ' ' || column_type from (describe from "+file+")")
	if difference := cmp.Diff(want, got); difference != "" {
		t.Errorf("%s (-want +got):\n%s", table.Name, difference)
	}
}

// texts gives the rows of a query with one column of text.
func texts(t *testing.T, session *warehouse.Session, query string) []string {
	t.Helper()
	rows, err := session.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var all []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestFromWarehouseToParquet runs over real DuckDB streams: the order in which rows lie in the table must not show, and every row up to
// the as-of day must be booked or listed.
func TestFromWarehouseToParquet(t *testing.T) {
	first, second := runWarehouse(t, fmt.Sprintf(transactionsSQL, 1), 0), runWarehouse(t, fmt.Sprintf(transactionsSQL, 2), 4000) // in memory, and mostly in a file
	for table, rows := range first {
		slices.Sort(rows)
		slices.Sort(second[table])
		if !slices.Equal(rows, second[table]) {
			t.Errorf("%s depends on the order of rows", table)
			for i := range rows {
				if rows[i] != second[table][i] {
					t.Errorf("%s\n%s", rows[i], second[table][i])
					break
				}
			}
		}
		if len(rows) == 0 {
			t.Errorf("%s is empty", table)
		}
	}
}
