package main

import (
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"

	"countinghouse/internal/formula"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/jobs"

	"github.com/spf13/cobra"
)

func (a *app) queryCommand() *cobra.Command {
	var format string
	command := &cobra.Command{
		Use: "query SQL", Short: "Ask the current tables", Args: cobra.ExactArgs(1),
		Long: `Run SQL over the tables of an environment: mart.*, core.*, identity.*, ledger.*, dataset.*, seed.*.
The session is locked: it can read nothing else.`,
		Example: `  countinghouse query "select layer, count(*) as heads from mart.customer_pyramid group by layer order by layer"`,
	}
	command.Flags().StringVar(&format, "format", "table", "table, csv, json or parquet=FILE")
	command.RunE = func(command *cobra.Command, args []string) error {
		if a.output == "json" {
			format = "json"
		}
		return with(a.tables, func(ctx context.Context, workshop *jobs.Workshop) error {
			return a.query(ctx, workshop, args[0], format)
		})(command, args)
	}
	return command
}

func (a *app) query(ctx context.Context, workshop *jobs.Workshop, query, format string) error {
	current, _, err := snapshot.Read(ctx, workshop.Bucket, a.environment)
	if err != nil {
		return err
	}
	if current.Version == 0 {
		return usage(fmt.Errorf("environment %s has no tables yet: run `countinghouse run` first", a.environment))
	}
	if err := workshop.AttachAll(ctx, current, func(string) bool { return true }); err != nil {
		return err
	}
	if path, wanted := strings.CutPrefix(format, "parquet="); wanted {
		return a.exportParquet(ctx, workshop, query, path)
	}
	rows, err := workshop.Session.Query(ctx, texts(query))
	if err != nil {
		return usage(err)
	}
	result, err := readTexts(rows)
	if err != nil {
		return err
	}
	return a.printResult(result, format)
}

// texts has DuckDB write every value as text, so that decimals and dates print as it prints them.
func texts(query string) string {
	return "select columns(*)::varchar from (\n" + strings.TrimRight(strings.TrimSpace(query), ";") + "\n)"
}

// result is the rows of a query as texts; nil is NULL.
type result struct {
	columns []string
	rows    [][]*string
}

func readTexts(rows *sql.Rows) (read result, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	if read.columns, err = rows.Columns(); err != nil {
		return read, err
	}
	for rows.Next() {
		cells, targets := make([]*string, len(read.columns)), make([]any, len(read.columns))
		for i := range cells {
			targets[i] = &cells[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return read, err
		}
		read.rows = append(read.rows, cells)
	}
	return read, rows.Err()
}

func (a *app) printResult(read result, format string) error {
	a.bars.clear()
	switch format {
	case "table":
		rows := make([][]string, len(read.rows))
		for i, row := range read.rows {
			rows[i] = plain(row, "")
		}
		a.grid(read.columns, rows, 0)
		return nil
	case "csv":
		return a.printCSV(read)
	case "json":
		return a.printJSON(read.objects())
	}
	return usage(fmt.Errorf("--format: want table, csv, json or parquet=FILE, got %q", format))
}

func plain(row []*string, null string) []string {
	cells := make([]string, len(row))
	for i, cell := range row {
		cells[i] = null
		if cell != nil {
			cells[i] = *cell
		}
	}
	return cells
}

// printCSV writes cells that a spreadsheet would run as a formula with an apostrophe in front (OWASP, CSV injection); numbers stay.
func (a *app) printCSV(read result) error {
	writer := csv.NewWriter(a.out)
	_ = writer.Write(read.columns) // the error is the writer's, asked for below
	for _, row := range read.rows {
		cells := plain(row, "")
		for i := range cells {
			if !isNumber(cells[i]) {
				cells[i] = formula.Guard(cells[i])
			}
		}
		_ = writer.Write(cells)
	}
	writer.Flush()
	return writer.Error()
}

func isNumber(cell string) bool {
	digits := strings.TrimPrefix(cell, "-")
	return digits != "" && strings.Trim(digits, "0123456789.") == "" && strings.Count(digits, ".") <= 1
}

func (r result) objects() []map[string]*string {
	objects := make([]map[string]*string, len(r.rows))
	for i, row := range r.rows {
		objects[i] = map[string]*string{}
		for j, column := range r.columns {
			objects[i][column] = row[j]
		}
	}
	return objects
}

// exportParquet writes to the scratch folder, where the locked session may write, and moves the file to where it is wanted.
func (a *app) exportParquet(ctx context.Context, workshop *jobs.Workshop, query, path string) error {
	staged := workshop.Scratch + "/query.parquet"
	rows, err := workshop.Session.Exec(ctx, "copy (\n"+strings.TrimRight(strings.TrimSpace(query), ";")+"\n) to "+warehouse.Quote(staged)+" "+warehouse.PublishedParquet)
	if err != nil {
		return usage(err)
	}
	if err := moveFile(staged, path); err != nil {
		return err
	}
	a.printf("%d rows written to %s\n", rows, path)
	return nil
}
