package jobs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"countinghouse/internal/snapshot"
	"countinghouse/internal/suggest"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/closing"
)

// FigureTrace is a figure of the roll-forward or the liability with the movements or lots that it is the sum of.
type FigureTrace struct {
	Table  string            `json:"table"`
	Column string            `json:"column"`
	Where  map[string]string `json:"where"`
	Value  string            `json:"value"`  // the figure in the mart
	Points int64             `json:"points"` // what the items come to
	Unit   string            `json:"unit"`   // points, or what the column is in
	Count  int64             `json:"count"`  // of items
	Items  []TraceItem       `json:"items"`  // the first of them
	Note   string            `json:"note,omitempty"`
}

// TraceItem is one movement, lot or balance.
type TraceItem struct {
	What    string `json:"what"` // entry, lot, arrears
	Channel string `json:"channel"`
	Account string `json:"account_id"`
	Day     string `json:"day"`
	Kind    string `json:"kind"`
	Points  int64  `json:"points"`
	TxnID   string `json:"txn_id"`
	Lots    string `json:"lots"` // that a debit took from, each with the points
	File    string `json:"source_file"`
	Line    int64  `json:"source_row"`
}

const (
	rollforward = "mart.point_rollforward"
	liability   = "mart.point_liability"
)

// Traceable says whether figures of a table can be followed to movements or lots.
func Traceable(table string) bool {
	return table == rollforward || table == liability || isDeferral(table)
}

// TraceFigure follows a figure of an environment. A ProjectError if there is no such figure.
func (w *Workshop) TraceFigure(ctx context.Context, environment, table, column string, where map[string]string, limit int) (FigureTrace, error) {
	found := FigureTrace{Table: table, Column: column, Where: where, Items: []TraceItem{}}
	current, err := w.attachPublished(ctx, environment)
	if err != nil {
		return found, err
	}
	filter, err := w.filterOf(ctx, table, column, where)
	if err != nil {
		return found, ProjectError{err}
	}
	rows, value, err := w.valueOf(ctx, table, column, filter)
	if found.Value = value; err != nil {
		return found, ProjectError{fmt.Errorf("explain: %s.%s is no figure that can be added up: %w", table, column, err)}
	}
	if rows == 0 {
		return found, ProjectError{fmt.Errorf("explain: %s has no row with %s", table, filter)}
	}
	items := ""
	if table == liability {
		items = lotsBehind(column, where)
	} else if isDeferral(table) {
		if items, found.Note, err = w.deferralBehind(ctx, table, column, filter, where); err != nil {
			return found, err
		}
	} else if items, found.Note, err = w.movementsBehind(ctx, current, column, where); err != nil {
		return found, err
	}
	found.Unit = unitOf(w, table, column)
	return found, w.readItems(ctx, items, limit, &found)
}

// attachPublished makes an environment's tables readable.
func (w *Workshop) attachPublished(ctx context.Context, environment string) (snapshot.Environment, error) {
	current, _, err := snapshot.Read(ctx, w.Bucket, environment)
	if err != nil {
		return current, err
	}
	if current.Version == 0 {
		return current, ProjectError{fmt.Errorf("environment %s was never published: run `countinghouse run` first", environment)}
	}
	return current, w.AttachAll(ctx, current, func(name string) bool {
		return !strings.HasPrefix(name, "dataset.") || strings.HasPrefix(name, "dataset.closed_")
	})
}

// filterOf is the condition that picks rows, of columns and values.
func (w *Workshop) filterOf(ctx context.Context, table, column string, where map[string]string) (string, error) {
	columns, err := w.Session.Columns(ctx, table)
	if err != nil {
		return "", err
	}
	var names []string
	for _, one := range columns {
		names = append(names, one.Name)
	}
	parts := []string{"true"}
	for _, name := range append([]string{column}, slices.Sorted(maps.Keys(where))...) {
		if !slices.Contains(names, name) {
			return "", fmt.Errorf("explain: %s has no column %s%s", table, name, suggest.DidYouMean(name, names))
		}
		if value, isCondition := where[name]; isCondition {
			parts = append(parts, "cast("+warehouse.QuoteName(name)+" as varchar) = "+warehouse.Quote(value))
		}
	}
	return strings.Join(parts, " and "), nil
}

func unitOf(w *Workshop, table, column string) string {
	made, err := w.modelNamed(table)
	if err != nil {
		return ""
	}
	for _, one := range made.Columns {
		if one.Name == column {
			return one.Unit
		}
	}
	return ""
}

func (w *Workshop) readItems(ctx context.Context, items string, limit int, into *FigureTrace) error {
	if items == "" {
		return nil
	}
	if err := w.Session.QueryRow(ctx, "select count(*), cast(coalesce(sum(points), 0) as bigint) from ("+items+")").Scan(&into.Count, &into.Points); err != nil {
		return err
	}
	var err error
	into.Items, err = w.traceItems(ctx, items, limit)
	return err
}

func (w *Workshop) traceItems(ctx context.Context, items string, limit int) ([]TraceItem, error) {
	rows, err := w.Session.Query(ctx, fmt.Sprintf(`select what, channel, account_id, coalesce(cast(day as varchar), ''), coalesce(kind, ''), cast(points as bigint),
		coalesce(txn_id, ''), coalesce(lots, ''), coalesce(source_file, ''), coalesce(source_row, 0) from (%s) order by channel, account_id, day, txn_id, kind, points limit %d`, items, limit))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	found := []TraceItem{}
	for rows.Next() {
		var item TraceItem
		if err := rows.Scan(&item.What, &item.Channel, &item.Account, &item.Day, &item.Kind, &item.Points, &item.TxnID, &item.Lots, &item.File, &item.Line); err != nil {
			return nil, err
		}
		found = append(found, item)
	}
	return found, rows.Err()
}

// conditions are those of where that stand for columns of a ledger or of lots.
func conditions(where map[string]string, columns ...string) string {
	text := ""
	for _, name := range columns {
		_, plain, qualified := strings.Cut(name, ".")
		if !qualified {
			plain = name
		}
		if value, found := where[plain]; found {
			text += " and cast(" + name + " as varchar) = " + warehouse.Quote(value)
		}
	}
	return text
}

// lotsBehind gives the lots, or the accounts in arrears, of rows of the liability.
func lotsBehind(column string, where map[string]string) string {
	if column == "arrears_points" || where["age_band"] == "arrears" {
		return `select 'arrears' as what, balances.channel, balances.account_id, null as day, 'arrears' as kind, balances.arrears as points, null as txn_id, null as lots,
			null as source_file, null as source_row from ledger.balances as balances
			left join (select channel, account_id, max(tier) as tier from mart.point_ledger group by channel, account_id) as accounts using (channel, account_id)
			where balances.arrears > 0` + conditions(where, "currency", "channel", "tier")
	}
	return `select 'lot' as what, channel, account_id, issued_on as day, 'issued' as kind, points_remaining as points, lot_id as txn_id, null as lots, source_file, source_row
		from (select * replace (coalesce(expiry_month, date '9999-12-01') as expiry_month) from mart.point_lots) where points_remaining > 0` +
		conditions(where, "currency", "channel", "tier", "expiry_month", "age_band")
}

// closedLedger is the ledger as it stood when the days through one were closed; the last one is today's.
type closedLedger struct {
	through  string
	relation string
	current  bool
}

// ledgers makes the movements of each close in force readable, and those of the environment.
func (w *Workshop) ledgers(ctx context.Context, current snapshot.Environment) ([]closedLedger, error) {
	records, err := closing.List(ctx, w.Bucket)
	if err != nil {
		return nil, err
	}
	var all []closedLedger
	for _, record := range closing.Standing(records) {
		if record.AsOf >= current.AsOf {
			break
		}
		at := slices.IndexFunc(record.Tables, func(table closing.Table) bool { return table.Name == "mart.point_ledger" })
		if at < 0 {
			continue
		}
		manifest, err := snapshot.ReadManifest(ctx, w.Bucket, "mart.point_ledger", record.Tables[at].Fingerprint)
		if err != nil {
			return nil, err
		}
		query, err := snapshot.RowsQuery(ctx, w.Bucket, manifest)
		if err != nil {
			return nil, err
		}
		all = append(all, closedLedger{through: record.AsOf, relation: "(" + query + ")"})
	}
	return append(all, closedLedger{through: current.AsOf, relation: "mart.point_ledger", current: true}), nil
}

// kinds are the movements that a column of the roll-forward is made of, with the sign that they count with.
func movementKinds(column string) (condition string, sign int, known bool) {
	kinds := map[string]struct {
		kind string
		sign int
	}{
		"issued": {"issued", 1}, "redeemed": {"redeemed", -1}, "expired": {"expired", -1}, "clawed_back": {"claw_back", -1},
		"recredited": {"recredited", 1}, "transferred": {"transferred", 1},
	}
	if one, found := kinds[column]; found {
		return "kind = '" + one.kind + "'", one.sign, true
	}
	if column == "adjusted" {
		return "kind not in ('issued', 'redeemed', 'expired', 'claw_back', 'recredited', 'transferred')", 1, true
	}
	return "", 0, false
}

// movementsBehind gives the movements that a figure of the roll-forward adds up. Of closed days they are those of the close.
func (w *Workshop) movementsBehind(ctx context.Context, current snapshot.Environment, column string, where map[string]string) (items, note string, err error) {
	column = strings.TrimSuffix(column, "_value")
	start, end, err := periodOf(where, current.AsOf)
	if err != nil {
		return "", "", ProjectError{err}
	}
	all, err := w.ledgers(ctx, current)
	if err != nil {
		return "", "", err
	}
	which := func(day string) closedLedger {
		for _, one := range all {
			if one.through >= day {
				return one
			}
		}
		return all[len(all)-1]
	}
	kind, sign, isMovement := movementKinds(column)
	keys := conditions(where, "currency", "channel", "tier")
	switch {
	case isMovement:
		var parts []string
		from := start
		for _, one := range all {
			through := min(one.through, end)
			if from <= through {
				parts = append(parts, movements(one, sign, kind+" and occurred_on between date '"+from+"' and date '"+through+"'"+keys))
				from = nextDay(through)
			}
		}
		return strings.Join(parts, "\nunion all\n"), "", nil
	case column == "closing":
		return movements(which(end), 1, "occurred_on <= date '"+end+"'"+keys), "", nil
	case column == "opening":
		return movements(which(previousDay(start)), 1, "occurred_on < date '"+start+"'"+keys), "", nil
	case column == "prior_period":
		return `select 'entry' as what, channel, account_id, occurred_on as day, kind || ', ' || what || ', ' || cause as kind, points, txn_id, null as lots, source_file, source_row
			from mart.point_prior_period where true` + keys, "", nil
	}
	return "", "no movement is behind it: customers changed their tier, or the value of a point changed", nil
}

// movements selects entries of a ledger; of today's with the lots that a debit took from.
func movements(from closedLedger, sign int, condition string) string {
	lots := "cast(null as varchar)"
	if from.current {
		lots = `(select string_agg(used.lot_id || ' ' || used.points, ', ' order by used.lot_id) from ledger.consumption as used
			where used.channel = entries.channel and used.account_id = entries.account_id and used.entry_no = entries.entry_no)`
	}
	return fmt.Sprintf(`select 'entry' as what, channel, account_id, occurred_on as day, kind, %d * points as points, txn_id, %s as lots, source_file, source_row
		from %s as entries where %s`, sign, lots, from.relation, condition)
}

// periodOf gives the first and the last day of the period that conditions name.
func periodOf(where map[string]string, asOf string) (start, end string, err error) {
	kind, start := where["period_kind"], where["period_start"]
	first, err := dayOf(start)
	if err != nil || kind == "" {
		return "", "", errors.New("explain: say which period: period_kind=month period_start=2026-10-01")
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
		return "", "", fmt.Errorf("explain: period_kind: want day, month, quarter or year, got %q", kind)
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

// LineTrace is what became of a line of an export in the points figures.
type LineTrace struct {
	Name       string        `json:"name"`
	Line       int64         `json:"line"`
	Entries    []TraceItem   `json:"entries"`    // the movements that the line made
	Lots       []TraceItem   `json:"lots"`       // and the lots that it issued, with what is left of them
	Exceptions []TraceItem   `json:"exceptions"` // and what could not be booked as it stands there
	Figures    []MovedFigure `json:"figures"`    // that they are part of
}

// MovedFigure is a figure, and the points of it that come from a line.
type MovedFigure struct {
	Table  string `json:"table"`
	Row    string `json:"row"`
	Column string `json:"column"`
	Points int64  `json:"points"`
}

// TraceLine follows a line of an export to the figures that it moved. name is the export's, or the key of its bytes.
func (w *Workshop) TraceLine(ctx context.Context, environment, name string, line int64) (LineTrace, error) {
	found := LineTrace{Name: name, Line: line}
	if _, err := w.attachPublished(ctx, environment); err != nil {
		return found, err
	}
	landed, err := w.landedFiles(ctx)
	if err != nil {
		return found, err
	}
	var keys []string
	for _, file := range landed {
		if file.Name == name || file.Key == name {
			keys = append(keys, warehouse.Quote(file.Key))
		}
	}
	if len(keys) == 0 {
		return found, ProjectError{fmt.Errorf("explain --file: no export called %s has landed: `countinghouse feeds` lists what has", name)}
	}
	here := fmt.Sprintf("source_file in (%s) and source_row = %d", strings.Join(keys, ", "), line)
	entries := movements(closedLedger{relation: "mart.point_ledger", current: true}, 1, here)
	lots := `select 'lot' as what, channel, account_id, issued_on as day, status as kind, points_remaining as points, lot_id as txn_id, null as lots, source_file, source_row
		from mart.point_lots where ` + here
	exceptions := `select 'exception' as what, channel, account_id, cast(occurred_at as date) as day, code as kind, coalesce(points, 0) as points, txn_id, detail as lots, source_file, source_row
		from mart.point_exceptions where ` + here
	for query, into := range map[string]*[]TraceItem{entries: &found.Entries, lots: &found.Lots, exceptions: &found.Exceptions} {
		if *into, err = w.traceItems(ctx, query, 1000); err != nil {
			return found, err
		}
	}
	found.Figures, err = w.movedFigures(ctx, here)
	return found, err
}

// currencyKey is how a row's currency is told among its keys; of a brand's main one nothing has to be said.
const currencyKey = `case when currency = 'points' then '' else ' currency=' || currency end`

// movedFigures are the rows of the roll-forward, of the liability and of the adjustments that the movements of a line are part of.
func (w *Workshop) movedFigures(ctx context.Context, here string) ([]MovedFigure, error) {
	rows, err := w.Session.Query(ctx, `with moved as (select * from mart.point_ledger where `+here+`)
		select 'mart.point_rollforward' as of, 'period_kind=' || periods.period_kind || ' period_start=' || periods.period_start || `+currencyKey+` || ' channel=' || channel || ' tier=' || tier as row,
			case kind when 'claw_back' then 'clawed_back' when 'issued' then 'issued' when 'redeemed' then 'redeemed' when 'expired' then 'expired'
				when 'recredited' then 'recredited' when 'transferred' then 'transferred' else 'adjusted' end as part, cast(sum(points) as bigint) as points
		from moved inner join core.point_periods as periods on moved.occurred_on between periods.open_start and periods.period_end group by all
		union all
		select 'mart.point_liability', ltrim(`+currencyKey+` || ' channel=' || channel) || ' tier=' || tier || ' expiry_month=' || coalesce(expiry_month, date '9999-12-01') || ' age_band=' || age_band,
			'outstanding_points', cast(sum(points_remaining) as bigint) from mart.point_lots where points_remaining > 0 and `+here+` group by all
		union all
		select 'mart.point_rollforward', 'period_kind=' || periods.period_kind || ' period_start=' || periods.period_start || `+currencyKey+` || ' channel=' || channel || ' tier=' || tier,
			'prior_period', cast(sum(points) as bigint)
		from mart.point_prior_period inner join core.point_periods as periods on periods.is_first_open where `+here+` group by all order by all`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	found := []MovedFigure{}
	for rows.Next() {
		var one MovedFigure
		if err := rows.Scan(&one.Table, &one.Row, &one.Column, &one.Points); err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, rows.Err()
}
