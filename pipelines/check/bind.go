package check

import (
	"context"
	"errors"
	"fmt"

	"countinghouse/internal/model"
	"countinghouse/internal/warehouse"
)

// Bind finds audits that cannot run: a wrong column, type or table. The session has every table, empty but typed; no audit is run. All
// problems are told, each a model.Problem at its line.
func Bind(ctx context.Context, session *warehouse.Session, audited []Audited) error {
	var problems []error
	for _, table := range audited {
		for _, audit := range table.Audits {
			if _, err := session.Exec(ctx, "describe "+from("*", audit.Query)); err != nil {
				problems = append(problems, broken(table.Table, audit, err))
			}
		}
	}
	return errors.Join(problems...)
}

// from selects from the rows of a query, which begins on the second line: broken counts on it.
func from(columns, query string) string { return "select " + columns + " from (\n" + query + "\n)" }

// broken tells DuckDB's error in one line, with the file and line of the audit where they are known.
func broken(table string, audit model.Audit, err error) error {
	within, text := model.EngineError(err, audit.Query)
	line := audit.Line
	if line > 0 && within > 0 {
		line += within - 1
	}
	return model.Problem{File: audit.File, Line: line, Message: fmt.Sprintf("%s: audit %s: %s", table, audit.Name, text)}
}
