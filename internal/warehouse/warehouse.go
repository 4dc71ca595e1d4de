// Package warehouse is a DuckDB session: the one place that imports the driver.
//
// A session lives in memory with a scratch folder of its own for what spills. It is locked once it is open: SQL can read and write
// below the allowed folders only, load no extension and change no setting. Every connection of a session has the session's variables,
// which DuckDB keeps per connection.
//
// Time: models use TIMESTAMP as wall clock in the brand's zone, so the session's own zone is fixed to UTC and means nothing.
package warehouse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"countinghouse/internal/keyedhash"

	"github.com/duckdb/duckdb-go/v2"
)

// Options say what a session may use. The zero value allows no folder and leaves DuckDB its own limits.
type Options struct {
	Threads     int      // 0: as many as there are cores
	MemoryLimit string   // such as "1GB"; empty: DuckDB's default, 80 % of the machine
	ScratchDir  string   // where to spill; created 0700, empty: no spilling to disk
	AllowedDirs []string // folders that SQL may read and write below; the scratch folder is one of them
	Measured    int      // statements that Measure can run at once
	// HashKey is the secret of keyed_hash(text), which contracts use for account ids that are a phone or an e-mail.
	HashKey []byte
	// Variables are what getvariable('name') gives: string, int64, bool, or time.Time, which becomes a DATE.
	Variables map[string]any
}

// Session is an open, locked DuckDB. It is safe for use by several goroutines; each statement may run on a connection of its own.
type Session struct {
	db        *sql.DB
	hashKey   string
	variables atomic.Pointer[[]string] // the statements that set them
	streams   atomic.Int64             // names the views that Arrow streams are read through
	measured  chan *measured           // those not in use
	feeds     feeds
	serialize *sql.Stmt // kept, since preparing it takes as long as running it, and models are many
	creating  sync.Mutex
	schemas   map[string]bool // made by CreateView; guarded by creating
}

// Open starts a session. Close it to give back its memory; the scratch folder is the caller's to remove.
func Open(ctx context.Context, options Options) (*Session, error) {
	if options.ScratchDir != "" {
		if err := os.MkdirAll(options.ScratchDir, 0o700); err != nil {
			return nil, fmt.Errorf("open warehouse: %w", err)
		}
	}
	session := &Session{hashKey: hex.EncodeToString(options.HashKey), schemas: map[string]bool{}}
	session.SetVariables(options.Variables)
	connector, err := duckdb.NewConnector("", session.initialise)
	if err != nil {
		return nil, fmt.Errorf("open warehouse: %w", err)
	}
	session.db = sql.OpenDB(connector)
	if err := session.openMeasured(ctx, options.Measured); err != nil {
		return nil, errors.Join(fmt.Errorf("open warehouse: %w", err), session.Close())
	}
	for _, statement := range append([]string{keyedhash.Macro}, configuration(options)...) {
		if _, err := session.db.ExecContext(ctx, statement); err != nil {
			return nil, errors.Join(fmt.Errorf("open warehouse: %s: %w", statement, err), session.Close())
		}
	}
	if session.serialize, err = session.db.PrepareContext(ctx, "select json_serialize_sql(?::varchar)::varchar"); err != nil {
		return nil, errors.Join(fmt.Errorf("open warehouse: %w", err), session.Close())
	}
	return session, nil
}

// SetVariables gives every connection that is used from now on these variables and no others. It is for the time before any work: what a
// model reads from a session whose variables change under it is not defined.
func (s *Session) SetVariables(variables map[string]any) {
	statements := append(variableStatements(variables), "set variable "+keyedhash.Variable+" = "+Quote(s.hashKey))
	s.variables.Store(&statements)
	if s.db != nil {
		// Idle connections have the old variables: they are closed, and the pool makes new ones.
		s.db.SetMaxIdleConns(0)
		s.db.SetMaxIdleConns(idleConnections)
	}
}

const idleConnections = 4

func (s *Session) initialise(connection driver.ExecerContext) error {
	for _, statement := range *s.variables.Load() {
		if _, err := connection.ExecContext(context.Background(), statement, nil); err != nil {
			return fmt.Errorf("set the variables of a session: %w", err) // without the statement: one holds the key
		}
	}
	return nil
}

// Close ends the session. Statements still running fail.
func (s *Session) Close() error { return errors.Join(s.closeMeasured(), s.db.Close()) }

// configuration is what makes a session a locked one. The order matters: the allowed folders must be known before external access
// is off, and the lock comes last.
func configuration(options Options) []string {
	statements := []string{
		"set global TimeZone = 'UTC'",
		"set preserve_insertion_order = false",
		"set autoinstall_known_extensions = false",
		"set autoload_known_extensions = false",
	}
	if options.Threads > 0 {
		statements = append(statements, fmt.Sprintf("set threads = %d", options.Threads))
	}
	if options.MemoryLimit != "" {
		statements = append(statements, "set memory_limit = "+Quote(options.MemoryLimit))
	}
	allowed := slices.Clone(options.AllowedDirs)
	if options.ScratchDir != "" {
		statements = append(statements, "set temp_directory = "+Quote(options.ScratchDir))
		allowed = append(allowed, options.ScratchDir)
	}
	quoted := make([]string, len(allowed))
	for i, dir := range allowed {
		quoted[i] = Quote(strings.TrimSuffix(filepath.ToSlash(dir), "/") + "/")
	}
	return append(statements,
		"set allowed_directories = ["+strings.Join(quoted, ", ")+"]",
		"set enable_external_access = false",
		"set lock_configuration = true",
	)
}

// variableStatements are in the order of the names, so that an error is the same each time.
func variableStatements(variables map[string]any) []string {
	var statements []string
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		statements = append(statements, "set variable "+QuoteName(name)+" = "+Literal(variables[name]))
	}
	return statements
}

// Literal writes a parameter's value as SQL: texts quoted, a time.Time as a DATE, nil as null.
func Literal(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case time.Time:
		return "date " + Quote(v.Format(time.DateOnly))
	case string:
		return Quote(v)
	default:
		return fmt.Sprint(v)
	}
}

// Exec runs a statement and gives the number of rows it changed or wrote.
func (s *Session) Exec(ctx context.Context, statement string, args ...any) (int64, error) {
	result, err := s.db.ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// IsOutOfMemory says whether a statement failed because the session's memory_limit was reached.
func IsOutOfMemory(err error) bool {
	var failed *duckdb.Error
	return errors.As(err, &failed) && failed.Type == duckdb.ErrorTypeOutOfMemory
}

// Query runs a query for its rows; for results of any size use ReadArrow.
func (s *Session) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return s.db.QueryContext(ctx, query, args...)
}

// QueryRow runs a query that gives one row.
func (s *Session) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	return s.db.QueryRowContext(ctx, query, args...)
}

// Conn gives one connection of the session, for what must happen on the same one (temporary tables, transactions). Close it.
func (s *Session) Conn(ctx context.Context) (*sql.Conn, error) { return s.db.Conn(ctx) }

// CreateView makes a query readable as schema.name.
func (s *Session) CreateView(ctx context.Context, table, query string) error {
	schema, name, _ := strings.Cut(table, ".")
	if err := s.createSchema(ctx, schema); err != nil {
		return fmt.Errorf("view %s: %w", table, err)
	}
	_, err := s.Exec(ctx, "create or replace view "+QuoteName(schema)+"."+QuoteName(name)+" as\n"+query)
	if err != nil {
		return fmt.Errorf("view %s: %w", table, err)
	}
	return nil
}

// createSchema makes a schema unless this session has done so: a run makes several views of each table, and a statement takes as long for nothing.
func (s *Session) createSchema(ctx context.Context, schema string) error {
	s.creating.Lock()
	defer s.creating.Unlock()
	if s.schemas[schema] {
		return nil
	}
	if _, err := s.Exec(ctx, "create schema if not exists "+QuoteName(schema)); err != nil {
		return err
	}
	s.schemas[schema] = true
	return nil
}

// Column is a column of a relation, with the type as DuckDB names it.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// NoRows is a query without rows, with these columns.
func NoRows(columns []Column) string {
	selected := make([]string, len(columns))
	for i, column := range columns {
		selected[i] = "cast(null as " + column.Type + ") as " + QuoteName(column.Name)
	}
	return "select " + strings.Join(selected, ", ") + " where false"
}

// Types gives the columns of a query, which is run: let it be one without rows.
func (s *Session) Types(ctx context.Context, query string) (columns []Column, err error) {
	rows, err := s.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	for _, column := range types {
		columns = append(columns, Column{Name: column.Name(), Type: column.DatabaseTypeName()})
	}
	return columns, rows.Err()
}

// Columns gives the columns of a relation: a table's name, or a read_parquet call.
func (s *Session) Columns(ctx context.Context, relation string) ([]Column, error) {
	rows, err := s.Query(ctx, "select column_name, column_type from (describe select * from "+relation+")")
	if err != nil {
		return nil, fmt.Errorf("columns of %s: %w", relation, err)
	}
	defer func() { _ = rows.Close() }()
	var columns []Column
	for rows.Next() {
		var column Column
		if err := rows.Scan(&column.Name, &column.Type); err != nil {
			return nil, fmt.Errorf("columns of %s: %w", relation, err)
		}
		columns = append(columns, column)
	}
	return columns, rows.Err()
}

// Serialize gives the abstract syntax tree of SQL text as DuckDB's JSON, or the parser's error. Nothing is bound or run.
func (s *Session) Serialize(ctx context.Context, text string) ([]byte, error) {
	var tree string
	if err := s.serialize.QueryRowContext(ctx, text).Scan(&tree); err != nil {
		return nil, err
	}
	return []byte(tree), nil
}

// Quote makes a SQL string literal.
func Quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// QuoteName makes a SQL identifier.
func QuoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
