package ledger_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"

	"countinghouse/pipelines/ledger"
)

func movement(channel, account, txn, at, kind, points string) map[string]string {
	return map[string]string{"channel": channel, "account_id": account, "txn_id": txn, "occurred_at": at, "kind": kind, "points": points}
}

// threeAccounts is a history in which accounts begin and end inside batches.
func threeAccounts() history {
	return history{
		asOf:      "2026-12-31",
		programme: []map[string]string{{"valid_from": "2020-01-01", "validity": "calendar_year"}},
		movements: []map[string]string{
			movement("pos", "A", "T1", "2025-03-01", "earn", "10"),
			movement("pos", "A", "T2", "2025-03-02", "redeem", "4"),
			movement("pos", "A", "T3", "2026-03-02", "earn", "9"),
			movement("shop", "A", "T1", "2026-03-01", "earn", "7"),
			movement("shop", "B", "T4", "2026-03-01", "redeem", "3"),
			movement("shop", "B", "T5", "2026-03-02", "earn", "0"),
			movement("shop", "B", "T6", "2026-03-03", "earn", "8"),
		},
	}
}

// TestLongAccount crosses the bounds at which blocks, postings and batches are handed on, within one account.
func TestLongAccount(t *testing.T) {
	const pairs = 70_000
	h := history{asOf: "2026-12-31", programme: []map[string]string{{"valid_from": "2020-01-01", "validity": "calendar_year"}}}
	for i := range pairs {
		h.movements = append(h.movements, movement("shop", "A", "T"+itoa(i+1_000_000), "2026-01-01", "earn", "2"))
	}
	for i := range pairs {
		h.movements = append(h.movements, movement("shop", "A", "R"+itoa(i+1_000_000), "2026-01-02", "redeem", "1"))
	}
	got := h.run(t)
	if entries, lots := len(got[ledger.EntriesTable]), len(got[ledger.LotsTable]); entries != 2*pairs || lots != pairs {
		t.Fatalf("%d entries, %d lots", entries, lots)
	}
	for i, entry := range got[ledger.EntriesTable] {
		if entry["entry_no"] != itoa(i+1) {
			t.Fatalf("entry %d has number %s", i+1, entry["entry_no"])
		}
	}
	want := [][]string{{"lots_remaining", "arrears", "balance"}, {itoa(pairs), "0", itoa(pairs)}}
	if difference := cmp.Diff(want, got.table(ledger.BalancesTable, want[0])); difference != "" {
		t.Fatal(difference)
	}
}

// TestOrderWithinAPlace gives Run the movements of accounts that share a place, in every rotation.
func TestOrderWithinAPlace(t *testing.T) {
	whole := threeAccounts().run(t)
	for turn := range threeAccounts().movements {
		turned := threeAccounts()
		rows := turned.rows() // with the rows that they come from, as they were
		turned.movements = append(rows[turn:], rows[:turn]...)
		for i := range turned.movements {
			turned.movements[i]["place"] = "1"
		}
		if difference := cmp.Diff(whole, turned.run(t)); difference != "" {
			t.Errorf("turned by %d (-whole +turned):\n%s", turn, difference)
		}
	}
}

// TestAnyOrder gives Run the movements of several accounts mixed, each account at its place.
func TestAnyOrder(t *testing.T) {
	whole := threeAccounts().run(t)
	for turn := range threeAccounts().movements {
		turned := threeAccounts()
		rows := turned.rows()
		turned.movements = append(rows[turn:], rows[:turn]...)
		turned.movements[0], turned.movements[5] = turned.movements[5], turned.movements[0]
		if difference := cmp.Diff(whole, turned.run(t)); difference != "" {
			t.Errorf("turned by %d (-whole +turned):\n%s", turn, difference)
		}
	}
}

func TestNothingToBook(t *testing.T) {
	if got := (history{asOf: "2026-12-31"}).run(t); len(got) != 0 {
		t.Errorf("tables without movements: %v", got)
	}
}

// TestRefusedInput are inputs that the query or the seed must never give: the run ends, and says why.
func TestRefusedInput(t *testing.T) {
	for name, test := range map[string]struct {
		alter func(*history)
		want  string
	}{
		"after the as-of day":  {func(h *history) { h.asOf = "2026-03-02" }, `transaction "T6" of 2026-03-03 00:00:00 is after the as-of day 2026-03-02`},
		"rule without a date":  {func(h *history) { h.programme[0]["valid_from"] = "" }, "rule 1 has no valid_from"},
		"rule of another kind": {func(h *history) { h.programme[0]["validity"] = "for ever" }, `validity "for ever" is not one of rolling, calendar_year, activity`},
		"rolling without days": {func(h *history) { h.programme[0]["validity"] = "rolling" }, "has no validity_days"},
		"rolling backwards": {func(h *history) {
			h.programme[0]["validity"], h.programme[0]["validity_days"] = "rolling", "-1"
		}, "validity_days -1 is not between"},
		"burn order":           {func(h *history) { h.programme[0]["burn_order"] = "newest" }, `burn_order "newest" is not one of first_expiring, oldest_first`},
		"two rules of one day": {func(h *history) { h.programme = append(h.programme, h.programme[0]) }, "valid_from 2020-01-01 does not come after"},
	} {
		t.Run(name, func(t *testing.T) {
			h := threeAccounts()
			test.alter(&h)
			if _, err := h.try(t); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want %q", err, test.want)
			}
		})
	}
}

type brokenSink struct{ err error }

func (b brokenSink) Write(string, arrow.RecordBatch) error { return b.err }

func TestSinkErrorEndsTheRun(t *testing.T) {
	broken := errors.New("disk full")
	err := ledger.Run(context.Background(), threeAccounts().given(t), nil, nil, day(t, "2026-12-31"), brokenSink{broken})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "write ledger.entries") {
		t.Errorf("got error %v", err)
	}
}

func TestCancelledRun(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := ledger.Run(ctx, threeAccounts().given(t), nil, nil, day(t, "2026-12-31"), tables{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v", err)
	}
}

func TestDayOfInstant(t *testing.T) {
	for at, want := range map[ledger.Instant]string{0: "1970-01-01", -1: "1969-12-31", 86_399_999_999: "1970-01-01", 86_400_000_000: "1970-01-02"} {
		if got := at.Day().String(); got != want {
			t.Errorf("instant %d is on %s, want %s", at, got, want)
		}
	}
}
