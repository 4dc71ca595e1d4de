package ledger_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/ledger"
)

// giftsSQL makes movements of 3000 pairs of members who give each other points all the time: which movement answers which is what the ledger's query needs memory for.
const giftsSQL = `select
    'shop' as channel, 'member' || 2 * pair + side as account_id, 'T' || i as txn_id, timestamp '2025-01-01' + to_minutes((i // 2)::integer) as occurred_at,
    if(i // 6000 % 3 = 0, 'earn', 'transfer') as kind, if(i // 6000 % 3 > 0 and side = 0, -1, 1) * (1 + pair % 50)::bigint as points, null::varchar as order_id, null::date as expires_on,
    'a gift' as reason, null::varchar as currency, 'member' || 2 * pair + 1 - side as counter_account_id, 'points.csv' as source_file, i::bigint as source_row,
from (select i, i // 2 % 3000 as pair, i % 2 as side from range(360000) as t(i))`

// TestMemoryLimitDoesNotShow runs with so little memory that DuckDB must spill: the rows are those of a run that has all it asks for.
func TestMemoryLimitDoesNotShow(t *testing.T) {
	t.Parallel()
	exported := t.TempDir()
	file := writeMovements(t, exported, giftsSQL)
	limited, spilled := bookGifts(t, exported, file, "32MB", 64<<10)
	if !spilled {
		t.Error("32 MB are enough: the test says nothing")
	}
	whole, spilled := bookGifts(t, exported, file, "2GB", 0)
	if spilled {
		t.Error("with all the memory it asks for DuckDB spilled")
	}
	if difference := cmp.Diff(whole, limited); difference != "" {
		t.Errorf("(-with 2 GB +with 32 MB):\n%s", difference)
	}
}

// bookGifts gives the number of rows of each table and a hash of them, and whether DuckDB wrote into its scratch folder.
func bookGifts(t *testing.T, exported, file, memory string, held int64) (digests map[string]string, spilled bool) {
	t.Helper()
	dir, scratch := t.TempDir(), t.TempDir()
	session, err := warehouse.Open(t.Context(), warehouse.Options{
		Threads: 1, MemoryLimit: memory, ScratchDir: scratch, AllowedDirs: []string{exported, dir},
		Variables: map[string]any{"as_of": time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC)},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	for _, statement := range []string{
		"create schema dataset", "create schema seed", "create view dataset.point_transactions as from " + file,
		"create table seed.points_programme as select date '2020-01-01' as valid_from, 'rolling' as validity, 200::bigint as validity_days, 'points' as currency, 0::bigint as grace_days, 0::bigint as pending_days, " +
			"null::varchar as burn_order, null::varchar as negative_balance, null::varchar as recredit_to, null::varchar as transfer_expiry",
		"create table seed.point_pools as select null::varchar as channel, null::varchar as account_id, null::varchar as pool, null::date as joined_on, null::date as left_on where false",
	} {
		if _, err := session.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	watched := watchFor(scratch, "duckdb_temp")
	err = ledger.Book(t.Context(), session, ledger.Booking{
		Movements: ledger.InputSQL, Held: held, AsOf: day(t, "2026-06-30"), Scratch: filepath.Join(dir, "movements"),
		Open: func(table ledger.Table) *warehouse.BatchWriter {
			return session.WriteParquet(t.Context(), table.Schema(), filepath.Join(dir, table.Name+".parquet"))
		},
	})
	spilled = watched()
	if err != nil {
		t.Fatal(err)
	}
	digests = map[string]string{}
	for _, table := range ledger.Tables() {
		made := warehouse.Quote(filepath.Join(dir, table.Name+".parquet"))
		digests[table.Name] = fmt.Sprint(texts(t, session, "select count(*) || ' rows ' || coalesce(bit_xor(hash(t)), 0) from "+made+" as t"))
	}
	return digests, spilled
}

// watchFor looks into a folder until the returned function is called, which says whether there was a file whose name begins so.
func watchFor(folder, prefix string) func() bool {
	var seen atomic.Bool
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			files, _ := os.ReadDir(folder) // it may be gone
			for _, file := range files {
				if strings.HasPrefix(file.Name(), prefix) {
					seen.Store(true)
				}
			}
			select {
			case <-end:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	return func() bool {
		close(end)
		<-ended
		return seen.Load()
	}
}
