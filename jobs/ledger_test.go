package jobs_test

import (
	"context"
	"fmt"
	"maps"
	random "math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"countinghouse/internal/model"
	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/jobs"
	"countinghouse/pipelines/build"
	"countinghouse/pipelines/ledger"

	"github.com/google/go-cmp/cmp"
)

// pointsExport is an export of movements. Of rows with the same channel and transaction the newest export's counts; one with the kind "taken_back" says that
// there is no such movement.
type pointsExport struct {
	name string
	rows []string // of a values list
}

const movementColumns = "channel, account_id, txn_id, occurred_at, kind, points, order_id, expires_on, reason, currency, counter_account_id"

// movementsOf is the dataset as it comes of some exports, the oldest first.
func movementsOf(exports []pointsExport) string {
	queries := []string{"select null::varchar as channel, null::varchar as account_id, null::varchar as txn_id, null::timestamp as occurred_at, null::varchar as kind, null::bigint as points, " +
		"null::varchar as order_id, null::date as expires_on, null::varchar as reason, null::varchar as currency, null::varchar as counter_account_id, null::varchar as source_file, null::bigint as source_row, 0 as age where false"}
	for i, export := range exports {
		queries = append(queries, fmt.Sprintf("select * exclude (row_number), '%s' as source_file, row_number::bigint as source_row, %d as age from (values %s) as t(%s, row_number)",
			export.name, i, strings.Join(export.rows, ", "), movementColumns))
	}
	return "select * exclude (age) from (select * from (" + strings.Join(queries, " union all by name ") +
		") qualify row_number() over (partition by channel, txn_id order by age desc) = 1) where kind is distinct from 'taken_back'"
}

// shopOfPoints makes the ledger of exports, in a store.
type shopOfPoints struct {
	t         *testing.T
	bucket    *objectstore.Bucket
	current   map[string]snapshot.Table
	programme string
	pools     string
}

func newShopOfPoints(t *testing.T, programme string) *shopOfPoints {
	t.Helper()
	bucket, err := open.Bucket(t.Context(), t.TempDir(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &shopOfPoints{t: t, bucket: bucket, programme: programme}
}

const programmeHeader = "valid_from,validity,validity_days,currency,grace_days,pending_days,burn_order,negative_balance,recredit_to,transfer_expiry\n"

const (
	poolsHeader = "channel,account_id,pool,joined_on,left_on\n"
	poolsYAML   = "about: Pools.\ngrain: [channel, account_id, joined_on]\ncolumns:\n  channel: {type: VARCHAR}\n  account_id: {type: VARCHAR}\n  pool: {type: VARCHAR}\n  joined_on: {type: DATE}\n  left_on: {type: DATE}\n"
)

func (s *shopOfPoints) library(session *warehouse.Session) *model.Library {
	s.t.Helper()
	yaml := "about: Rules.\ngrain: [currency, valid_from]\ncolumns:\n  valid_from: {type: DATE}\n  validity: {type: VARCHAR}\n  validity_days: {type: BIGINT}\n  currency: {type: VARCHAR}\n" +
		"  grace_days: {type: BIGINT}\n  pending_days: {type: BIGINT}\n  burn_order: {type: VARCHAR}\n  negative_balance: {type: VARCHAR}\n  recredit_to: {type: VARCHAR}\n  transfer_expiry: {type: VARCHAR}\n"
	files := fstest.MapFS{
		"parameters.yaml":            {Data: []byte("as_of: {type: date}\n")},
		"seeds/points_programme.csv": {Data: []byte(programmeHeader + s.programme)}, "seeds/points_programme.yaml": {Data: []byte(yaml)},
		"seeds/point_pools.csv": {Data: []byte(poolsHeader + s.pools)}, "seeds/point_pools.yaml": {Data: []byte(poolsYAML)},
	}
	library, err := model.Load(func(text string) ([]byte, error) { return session.Serialize(context.Background(), text) }, model.Source{Files: files, Label: "sql"})
	if err != nil {
		s.t.Fatal(err)
	}
	return library
}

// run builds the ledger and gives the digest and the number of parts of each of its tables.
func (s *shopOfPoints) run(asOf time.Time, exports []pointsExport) (digests map[string]string, parts int) {
	s.t.Helper()
	variables := map[string]any{"as_of": asOf}
	session, scratch := openOver(s.t, s.bucket, variables)
	defer func() { _ = session.Close() }()
	dataset := build.Dataset{
		Name: "dataset.point_transactions", Query: movementsOf(exports), Definition: movementsOf(exports), Shape: func() string { return "movements" },
		Of: func(some []snapshot.SourceFile) string {
			return movementsOf(slices.DeleteFunc(slices.Clone(exports), func(export pointsExport) bool {
				return !slices.ContainsFunc(some, func(file snapshot.SourceFile) bool { return file.SHA256 == export.name })
			}))
		},
	}
	for _, export := range exports {
		dataset.Files = append(dataset.Files, snapshot.SourceFile{Feed: "points", SourceFile: export.name, SHA256: export.name})
	}
	steps := slices.DeleteFunc(jobs.Steps(jobs.StepOptions{AsOf: ledger.DayOf(asOf)}), func(step build.Step) bool { return step.Name != "ledger" })
	graph, err := build.Resolve(s.library(session), []build.Dataset{dataset}, steps, variables)
	if err != nil {
		s.t.Fatal(err)
	}
	s.current = buildFrom(s.t, graph, build.Options{Bucket: s.bucket, Session: session, Scratch: scratch, Current: s.current})
	digests = map[string]string{}
	for _, table := range ledger.Tables() {
		manifest, err := snapshot.ReadManifest(s.t.Context(), s.bucket, table.Name, s.current[table.Name].Fingerprint)
		if err != nil {
			s.t.Fatal(err)
		}
		if err := snapshot.Attach(s.t.Context(), session, s.bucket, table.Name, s.current[table.Name]); err != nil {
			s.t.Fatal(err)
		}
		rows, digest, err := build.Digest(s.t.Context(), session, table.Name, manifest.Columns)
		if err != nil || rows != manifest.Rows {
			s.t.Fatalf("%s: %d rows, the manifest says %d, %v", table.Name, rows, manifest.Rows, err)
		}
		digests[table.Name] = fmt.Sprintf("%d rows %s", rows, digest)
		parts = max(parts, len(manifest.Parts))
	}
	return digests, parts
}

// pointsHistory draws exports.
type pointsHistory struct {
	*random.Rand
	made  int  // transactions
	fresh bool // none is exported again: rows are only added
}

func (h *pointsHistory) pick(from ...string) string { return from[h.IntN(len(from))] }

// export draws the movements of a day, some of them late, some of days to come, some of transactions that were exported before.
func (h *pointsHistory) export(number int, today time.Time) pointsExport {
	export := pointsExport{name: fmt.Sprintf("points-%03d.csv", number)}
	for line := range 1 + h.IntN(6) {
		export.rows = append(export.rows, h.row(today, line+2))
	}
	return export
}

func (h *pointsHistory) row(today time.Time, line int) string {
	txn := h.made
	h.made++
	if !h.fresh && h.made > 3 && h.IntN(4) == 0 {
		txn = h.IntN(h.made)
	}
	kind := h.pick("earn", "earn", "earn", "redeem", "redeem", "claw_back", "recredit", "adjust", "expire", "transfer", "transfer", "opening", "reinstate", "extend", "taken_back", "gift")
	points, counter := h.IntN(40)-1, "null"
	if kind == "adjust" || kind == "transfer" {
		points = h.IntN(9) - 4
	}
	account := h.account()
	if kind == "transfer" { // so few kinds of them that one often answers another
		account, counter = h.pick("'A00'", "'A01'", "'A02'"), h.pick("'A00'", "'A01'", "'A02'")
		points = 2*h.IntN(2) - 1
	}
	day := today.AddDate(0, 0, -h.IntN(3)*h.IntN(20)+h.IntN(2)*h.IntN(10))
	at := fmt.Sprintf("timestamp '%s %02d:00:00'", day.Format(time.DateOnly), 12*h.IntN(2))
	if h.IntN(30) == 0 {
		at = "null"
	}
	expires := "null"
	if h.IntN(4) == 0 || kind == "extend" {
		expires = "date '" + day.AddDate(0, 0, h.IntN(60)-5).Format(time.DateOnly) + "'"
	}
	return fmt.Sprintf("('%s', %s, 'T%04d', %s, '%s', %d, %s, %s, null, %s, %s, %d)",
		h.pick("shop", "shop", "pos"), account, txn, at, kind, points, h.pick("null", "'O1'", "'O2'"), expires, h.pick("null", "null", "null", "'coins'"), counter, line)
}

func (h *pointsHistory) account() string {
	if h.IntN(60) == 0 {
		return "null"
	}
	return fmt.Sprintf("'A%02d'", h.IntN(45))
}

// TestALedgerThatGoesOnIsTheLedgerFromScratch cuts histories into runs at random. After each run every table must be what it is from scratch, in a store of
// its own.
func TestALedgerThatGoesOnIsTheLedgerFromScratch(t *testing.T) {
	pools := []string{"", "shop,A03,home,2025-01-01,\nshop,A04,home,2025-01-01,2025-02-01\nshop,A05,home,2025-01-15,\nshop,A01,away,2025-01-01,\nshop,A07,away,2025-01-01,\n"}
	programmes := []string{
		"2025-01-01,rolling,30,points,0,0,,,,\n",
		"2025-01-01,rolling,20,points,2,6,oldest_first,,new_lot,\n2025-03-01,activity,15,points,0,4,,refuse,,renew\n2025-01-01,rolling,25,coins,0,5,,,,\n",
		"2025-01-01,activity,25,points,1,3,,,,renew\n2025-02-10,calendar_year,,points,0,8,,,,keep\n",
	}
	wentOn := 0
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			history := pointsHistory{Rand: random.New(random.NewPCG(seed, 1)), fresh: seed > 3}
			shop, day := newShopOfPoints(t, programmes[seed%3]), time.Date(2025, 1, 10, 0, 0, 0, 0, time.UTC)
			shop.pools = pools[seed%2]
			var exports []pointsExport
			for range 25 {
				exports = append(exports, history.export(len(exports), day))
			}
			for run := range 7 {
				got, parts := shop.run(day, exports)
				scratch := newShopOfPoints(t, shop.programme)
				scratch.pools = shop.pools
				want, _ := scratch.run(day, exports)
				if difference := cmp.Diff(want, got); difference != "" {
					t.Fatalf("run %d (-from scratch +in %d parts):\n%s", run, parts, difference)
				}
				if parts > 1 {
					wentOn++
				}
				day = day.AddDate(0, 0, history.IntN(4)*history.IntN(4))
				for range history.IntN(3) {
					exports = append(exports, history.export(len(exports), day))
				}
			}
		})
	}
	if wentOn < 15 {
		t.Errorf("only %d runs went on from the one before: too few to prove anything", wentOn)
	}
}

// TestALedgerStartsOver when a rule or a pool changes, or when it is made for a day before.
func TestALedgerStartsOver(t *testing.T) {
	history, day := pointsHistory{Rand: random.New(random.NewPCG(9, 9))}, time.Date(2025, 2, 10, 0, 0, 0, 0, time.UTC)
	var exports []pointsExport
	for range 30 {
		exports = append(exports, history.export(len(exports), day))
	}
	for name, change := range map[string]func(*shopOfPoints, *time.Time){
		"another rule": func(s *shopOfPoints, _ *time.Time) { s.programme = "2025-01-01,rolling,9,points,0,0,,,,\n" },
		"another pool": func(s *shopOfPoints, _ *time.Time) {
			for i := range 45 {
				s.pools += fmt.Sprintf("shop,A%02d,home,2025-01-01,\n", i)
			}
		},
		"a day before": func(_ *shopOfPoints, day *time.Time) { *day = day.AddDate(0, 0, -9) },
	} {
		t.Run(name, func(t *testing.T) {
			shop, day := newShopOfPoints(t, "2025-01-01,rolling,30,points,0,0,,,,\n"), day
			first, _ := shop.run(day, exports)
			change(shop, &day)
			got, _ := shop.run(day, exports)
			scratch := newShopOfPoints(t, shop.programme)
			scratch.pools = shop.pools
			want, _ := scratch.run(day, exports)
			if difference := cmp.Diff(want, got); difference != "" || maps.Equal(first, got) {
				t.Errorf("(-from scratch +again):\n%s", difference)
			}
		})
	}
}
