package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"countinghouse/internal/keyedhash"

	"github.com/duckdb/duckdb-go/v2"
)

// Cost is what a statement took.
type Cost struct {
	// Both are bytes, of all that ran in the session while the statement did.
	PeakMemory int64 `json:"peak_memory"`
	Spilled    int64 `json:"spilled"`
}

// measured is a connection that counts what its statements cost. DuckDB sets that per connection and not after the session is locked, so
// they are opened first and kept.
type measured struct {
	*sql.Conn
	variables *[]string // those it has
}

func (s *Session) openMeasured(ctx context.Context, count int) error {
	s.measured = make(chan *measured, count)
	for range count {
		connection, err := s.db.Conn(ctx)
		if err != nil {
			return err
		}
		s.measured <- &measured{Conn: connection, variables: s.variables.Load()}
		if _, err := connection.ExecContext(ctx, "pragma enable_profiling = 'no_output'"); err != nil {
			return err
		}
	}
	return nil
}

func (s *Session) closeMeasured() error {
	var problems []error
	for range len(s.measured) {
		problems = append(problems, (<-s.measured).Close())
	}
	return errors.Join(problems...)
}

// Measure is Exec with what it cost. At most Options.Measured statements run at once, others wait.
func (s *Session) Measure(ctx context.Context, statement string) (int64, Cost, error) {
	connection, err := s.takeMeasured(ctx)
	if err != nil {
		return 0, Cost{}, err
	}
	defer func() { s.measured <- connection }()
	result, err := connection.ExecContext(ctx, statement)
	if err != nil {
		return 0, Cost{}, err
	}
	rows, err := result.RowsAffected()
	if err != nil {
		return 0, Cost{}, err
	}
	cost, err := connection.cost()
	return rows, cost, err
}

func (s *Session) takeMeasured(ctx context.Context) (*measured, error) {
	select {
	case connection := <-s.measured:
		if err := connection.renew(ctx, s.variables.Load()); err != nil {
			s.measured <- connection
			return nil, err
		}
		return connection, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// renew gives the connection the session's variables, if they have changed since it got its own.
func (m *measured) renew(ctx context.Context, variables *[]string) error {
	if m.variables == variables {
		return nil
	}
	resets, err := m.resets(ctx)
	if err != nil {
		return err
	}
	for _, statement := range append(resets, *variables...) {
		if _, err := m.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("set the variables of a session: %w", err) // without the statement: one holds the key
		}
	}
	m.variables = variables
	return nil
}

// resets takes away every variable but the key.
func (m *measured) resets(ctx context.Context) (statements []string, err error) {
	rows, err := m.QueryContext(ctx, "select name from duckdb_variables()")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		if name != keyedhash.Variable {
			statements = append(statements, "reset variable "+QuoteName(name))
		}
	}
	return statements, rows.Err()
}

func (m *measured) cost() (Cost, error) {
	info, err := duckdb.GetProfilingInfo(m.Conn)
	if err != nil {
		return Cost{}, fmt.Errorf("measure: %w", err)
	}
	peak, peakErr := strconv.ParseInt(info.Metrics["SYSTEM_PEAK_BUFFER_MEMORY"], 10, 64)
	spilled, spillErr := strconv.ParseInt(info.Metrics["SYSTEM_PEAK_TEMP_DIR_SIZE"], 10, 64)
	if err := errors.Join(peakErr, spillErr); err != nil {
		return Cost{}, fmt.Errorf("measure: %w", err)
	}
	return Cost{PeakMemory: peak, Spilled: spilled}, nil
}

// MeasureIn is Measure between statements that prepare the connection and others that clear it up again, which run whatever happens.
func (s *Session) MeasureIn(ctx context.Context, setUp []string, statement string, tearDown []string) (cost Cost, err error) {
	connection, err := s.takeMeasured(ctx)
	if err != nil {
		return Cost{}, err
	}
	defer func() { s.measured <- connection }()
	defer func() { err = errors.Join(err, connection.all(context.WithoutCancel(ctx), tearDown)) }()
	if err := connection.all(ctx, setUp); err != nil {
		return Cost{}, err
	}
	if _, err := connection.ExecContext(ctx, statement); err != nil {
		return Cost{}, err
	}
	return connection.cost()
}

func (m *measured) all(ctx context.Context, statements []string) error {
	for _, statement := range statements {
		if _, err := m.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}
