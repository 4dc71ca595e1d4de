package jobs

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/closing"
	"countinghouse/pipelines/pack"
)

// packed are the tables of a pack, with the rows that it shows. They are read as they were closed.
func packed(record closing.Stored) []struct{ name, title, table, query string } {
	month := "date " + warehouse.Quote(record.Period+"-01")
	return []struct{ name, title, table, query string }{
		{"rollforward", "Roll-forward", "mart.point_rollforward", "period_kind <> 'day' and period_start = date_trunc(period_kind, as_of)"},
		{"rollforward_days", "Roll-forward by day", "mart.point_rollforward", "period_kind = 'day' and period_start >= " + month},
		{"prior_period", "Prior-period adjustments", "mart.point_prior_period", "true"},
		{"liability", "Liability", "mart.point_liability", "true"},
		{"programme", "The programme", "mart.point_programme", "true"},
		{"contract_liability", "Contract liability", "mart.point_contract_liability", "period_start = date_trunc(period_kind, as_of)"},
		{"vintages", "Vintages", "mart.point_vintages", "true"},
		{"estimate", "Redemption estimate", "mart.point_redemption_estimate", "true"},
		{"backtest", "Back-test of the estimate", "mart.point_estimate_backtest", "true"},
		{"deferred_revenue", "Deferred revenue", "mart.point_deferred_revenue", "month = " + month},
		{"journal", "Journal", "mart.point_journal", "month = " + month},
		{"reconciliation", "Reconciliation", "mart.point_reconciliation", "is_latest"},
		{"exceptions", "Exceptions", "mart.point_exceptions", "true"},
	}
}

// PackClose writes a close for an accountant and gives the files. period empty: the last close.
func (w *Workshop) PackClose(ctx context.Context, period, folder string) (closing.Stored, []string, error) {
	_, record, err := w.closeOf(ctx, period)
	if err != nil {
		return record, nil, err
	}
	made := pack.Pack{
		Title: "Points, " + record.Period, Made: record.At,
		Lead: fmt.Sprintf("As closed by %s on %s: %s. Record %s, SHA-256 %s. Money in %s.", record.Who, record.At.In(w.Project.Zone).Format("2006-01-02 15:04"), record.Note,
			record.Key, record.SHA256, record.Settings.Currency),
	}
	if err := w.attachClosed(ctx, record); err != nil {
		return record, nil, err
	}
	checks, err := w.checkSheet(ctx, record)
	if err != nil {
		return record, nil, err
	}
	summary, err := w.summarySheet(ctx, record)
	if err != nil { // nobody waits for it any more
		return record, nil, err
	}
	made.Sheets = append(made.Sheets, summary, checks)
	for _, one := range packed(record) {
		if !closedHas(record, one.table) {
			continue
		}
		sheet, err := w.sheet(ctx, one.table, one.query)
		if err != nil {
			return record, nil, fmt.Errorf("%s: %w", one.table, err)
		}
		sheet.Name, sheet.Title = one.name, one.title
		made.Sheets = append(made.Sheets, sheet)
	}
	made.Sheets = append(made.Sheets, parameterSheet(record), hashSheet(record))
	if made.Tiles, made.Charts, err = w.packDrawings(ctx, record, checks); err != nil {
		return record, nil, err
	}
	written, err := pack.Write(folder, "close-"+record.Period, made)
	return record, written, err
}

// closedHas says whether a close has a table.
func closedHas(record closing.Stored, name string) bool {
	return slices.ContainsFunc(record.Tables, func(table closing.Table) bool { return table.Name == name })
}

// attachClosed makes finance's tables readable as they were closed.
func (w *Workshop) attachClosed(ctx context.Context, record closing.Stored) error {
	for _, table := range record.Tables {
		if table.Digest == "" {
			continue
		}
		if err := snapshot.Attach(ctx, w.Session, w.Bucket, table.Name, snapshot.Table{Fingerprint: table.Fingerprint}); err != nil {
			return fmt.Errorf("%s as it was closed: %w", table.Name, err)
		}
	}
	return nil
}

// sheet reads rows of a mart, in the order of its grain.
func (w *Workshop) sheet(ctx context.Context, table, condition string) (pack.Sheet, error) {
	columns, err := w.Session.Columns(ctx, table)
	if err != nil {
		return pack.Sheet{}, err
	}
	labels := map[string]string{}
	if made, err := w.modelNamed(table); err == nil {
		for _, column := range made.Columns {
			labels[column.Name] = label(column.Chinese, column.Unit)
		}
	}
	var sheet pack.Sheet
	var selected []string
	for _, column := range columns {
		sheet.Columns = append(sheet.Columns, pack.Column{Name: column.Name, Label: labels[column.Name], Kind: kindOf(column)})
		selected = append(selected, "coalesce(cast("+warehouse.QuoteName(column.Name)+" as varchar), '')")
	}
	order := "all"
	if grain := w.grainOf(table); len(grain) > 0 {
		order = strings.Join(grain, ", ")
	}
	rows, err := w.Session.Query(ctx, "select "+strings.Join(selected, ", ")+" from "+table+" where "+condition+" order by "+order)
	if err != nil {
		return sheet, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		cells, targets := make([]string, len(columns)), make([]any, len(columns))
		for i := range cells {
			targets[i] = &cells[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return sheet, err
		}
		sheet.Rows = append(sheet.Rows, cells)
	}
	return sheet, rows.Err()
}

func kindOf(column warehouse.Column) pack.Kind {
	base, _, _ := strings.Cut(column.Type, "(")
	switch {
	case column.Type == "DECIMAL(18,2)":
		return pack.Money
	case base == "DECIMAL" || base == "DOUBLE":
		return pack.Rate
	case base == "BIGINT" || base == "INTEGER":
		return pack.Integer
	case base == "DATE":
		return pack.Date
	}
	return pack.Text
}

func textColumns(names ...string) []pack.Column {
	columns := make([]pack.Column, len(names))
	for i, name := range names {
		columns[i] = pack.Column{Name: name}
	}
	return columns
}

func parameterSheet(record closing.Stored) pack.Sheet {
	sheet := pack.Sheet{Name: "parameters", Title: "Parameters and rules", Columns: textColumns("kind", "name", "value")}
	for _, change := range closing.ValueChanges("parameter", nil, record.Settings.Values) {
		sheet.Rows = append(sheet.Rows, []string{"parameter", change.Name, change.Is})
	}
	sheet.Rows = append(sheet.Rows, []string{"setting", "zone", record.Settings.Zone}, []string{"setting", "currency", record.Settings.Currency})
	for _, source := range record.Sources {
		if strings.HasSuffix(source.Path, ".csv") && strings.Contains(source.Path, "point") {
			for i, line := range strings.Split(strings.TrimSpace(source.Text), "\n") {
				sheet.Rows = append(sheet.Rows, []string{source.Layer, fmt.Sprintf("%s:%d", source.Path, i+1), line})
			}
		}
	}
	return sheet
}

func hashSheet(record closing.Stored) pack.Sheet {
	sheet := pack.Sheet{Name: "hashes", Title: "What was frozen, with its hashes", Columns: textColumns("kind", "name", "hash", "place")}
	for _, file := range record.Files {
		sheet.Rows = append(sheet.Rows, []string{"export", file.Name, file.SHA256, file.Key})
	}
	for _, table := range record.Tables {
		if table.Digest != "" {
			sheet.Rows = append(sheet.Rows, []string{"digest of a table", table.Name, table.Digest, table.Fingerprint})
		}
	}
	for _, source := range record.Sources {
		sheet.Rows = append(sheet.Rows, []string{"source", source.Layer + "/" + source.Path, source.SHA256, ""})
	}
	return sheet
}
