package jobs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"countinghouse/internal/snapshot"
	"countinghouse/pipelines/closing"
)

// book is the ledger as it stood when the days of a period were closed, or, the last one, as it stands today: movements of a day are told by the book that
// has the day.
type book struct {
	from, through string
	tables        map[string]string // what stands for a table in SQL
}

// of is a table as the book has it; one that a close did not keep is today's.
func (b book) of(table string) string {
	if relation, kept := b.tables[table]; kept {
		return relation
	}
	return table
}

// bookTables are the tables of a close that figures of its days are followed with.
func bookTables() []string {
	return []string{"mart.point_ledger", "mart.point_lots", "mart.point_allocations", "mart.point_prior_period", "ledger.entries", "ledger.consumption"}
}

// books are those of each close in force before an environment's day, oldest first, and that of the environment.
func (w *Workshop) books(ctx context.Context, current snapshot.Environment) ([]book, error) {
	records, err := closing.List(ctx, w.Bucket)
	if err != nil {
		return nil, err
	}
	var all []book
	from := firstDay
	for _, record := range closing.Standing(records) {
		if record.AsOf >= current.AsOf {
			break
		}
		one := book{from: from, through: record.AsOf, tables: map[string]string{}}
		for _, table := range record.Tables {
			if !slices.Contains(bookTables(), table.Name) {
				continue
			}
			manifest, err := snapshot.ReadManifest(ctx, w.Bucket, table.Name, table.Fingerprint)
			if err != nil {
				return nil, err
			}
			query, err := snapshot.RowsQuery(ctx, w.Bucket, manifest)
			if err != nil {
				return nil, err
			}
			one.tables[table.Name] = "(" + query + ")"
		}
		if _, hasLedger := one.tables["mart.point_ledger"]; hasLedger {
			all, from = append(all, one), nextDay(record.AsOf)
		}
	}
	return append(all, book{from: from, through: current.AsOf}), nil
}

// firstDay is before all movements.
const firstDay = "0001-01-01"

// bookOf is the book that has a day.
func bookOf(books []book, day string) book {
	for _, one := range books {
		if one.through >= day {
			return one
		}
	}
	return books[len(books)-1]
}

// within unites what each book tells of the days of its own from one to another. Empty if no book has any of them.
func within(books []book, start, end string, tell func(one book, from, through string) string) string {
	var parts []string
	for _, one := range books {
		if from, through := max(one.from, start), min(one.through, end); from <= through {
			parts = append(parts, tell(one, from, through))
		}
	}
	return strings.Join(parts, "\nunion all\n")
}

// beginning unites what books tell that begin within days: what was late for the days before them was booked then. The first book begins with nothing.
func beginning(books []book, start, end string, tell func(one, before book) string) string {
	var parts []string
	for i, one := range books {
		if i > 0 && start <= one.from && one.from <= end {
			parts = append(parts, tell(one, books[i-1]))
		}
	}
	return strings.Join(parts, "\nunion all\n")
}

// movements selects entries of a book, each with the lots that a debit took from.
func movements(from book, sign int, condition string) string {
	return fmt.Sprintf(`select 'entry' as what, entries.channel, entries.account_id, entries.occurred_on as day, entries.kind, %d * entries.points as points, %s, entries.txn_id, used.lots,
		entries.source_file, entries.source_row
		from %s as entries left join (
			select channel, account_id, entry_no, string_agg(lot_id || ' ' || points, ', ' order by lot_id) as lots from %s group by channel, account_id, entry_no
		) as used on entries.channel = used.channel and entries.account_id = used.account_id and entries.entry_no = used.entry_no
		where %s`, sign, noAmount, from.of("mart.point_ledger"), from.of("ledger.consumption"), condition)
}

// periodOf gives the first and the last day of the period that conditions name.
func periodOf(where map[string]string, asOf string) (start, end string, err error) {
	kind, start := where["period_kind"], where["period_start"]
	first, err := dayOf(start)
	if err != nil || kind == "" {
		return "", "", ProjectError{fmt.Errorf("explain: say which period: period_kind=month period_start=2026-10-01")}
	}
	var last time.Time
	switch kind {
	case "day":
		last = first
	case "month":
		last = first.AddDate(0, 1, -1)
	case "quarter":
		last = first.AddDate(0, 3, -1)
	case "year":
		last = first.AddDate(1, 0, -1)
	default:
		return "", "", ProjectError{fmt.Errorf("explain: period_kind: want day, month, quarter or year, got %q", kind)}
	}
	return start, min(last.Format(time.DateOnly), asOf), nil
}

func nextDay(day string) string { return shifted(day, 1) }

func previousDay(day string) string { return shifted(day, -1) }

// shifted is a day so many days later; days here were read or written before.
func shifted(day string, by int) string {
	read, err := dayOf(day)
	if err != nil {
		return day
	}
	return read.AddDate(0, 0, by).Format(time.DateOnly)
}
