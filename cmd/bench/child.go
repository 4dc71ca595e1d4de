package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"countinghouse/internal/keyedhash"
	"countinghouse/internal/warehouse"
)

// childCommand is the first argument of this program when it is bare DuckDB.
const childCommand = "duckdb"

// hashKey is the secret of the keyed hashes on both sides: some account ids are one.
const hashKey = "the key of the benchmark"

// child is bare DuckDB: it runs a file of statements on one connection, with the steps in Go between them, or digests relations, in a session
// with no more than a folder.
func child(ctx context.Context, args []string, out io.Writer) (err error) {
	flags := flag.NewFlagSet(childCommand, flag.ContinueOnError)
	dirs := flags.String("dirs", "", "folders to read and write below, separated by commas")
	scratch := flags.String("scratch", "", "where to spill")
	memory := flags.String("memory", "", "memory_limit")
	digest := flags.Bool("digest", false, "the file holds a JSON list of relations: print a JSON list of their digests")
	workbook := flags.String("workbook", "", "no statements: go through the rows of a workbook")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *workbook != "" {
		return iterateWorkbook(*workbook)
	}
	text, err := os.ReadFile(flags.Arg(0))
	if err != nil {
		return err
	}
	session, err := warehouse.Open(ctx, warehouse.Options{
		MemoryLimit: *memory, ScratchDir: *scratch, AllowedDirs: strings.Split(*dirs, ","), HashKey: []byte(hashKey), Variables: map[string]any{"as_of": asOfDay()},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	if *digest {
		return printDigests(ctx, session, text, out)
	}
	return runScript(ctx, session, *scratch, string(text))
}

// stepMark begins the line at which a script waits for a step in Go.
const stepMark = "\n--: step "

func runScript(ctx context.Context, session *warehouse.Session, scratch, text string) (err error) {
	connection, err := session.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, connection.Close()) }()
	for i, statements := range strings.Split(text, stepMark) {
		if i > 0 {
			var step string
			step, statements, _ = strings.Cut(statements, "\n")
			if err := shareVariables(ctx, session, connection); err != nil {
				return err
			}
			if err := runStep(ctx, session, scratch, step); err != nil {
				return fmt.Errorf("step %s: %w", step, err)
			}
		}
		if strings.TrimSpace(statements) == "" {
			continue
		}
		if _, err := connection.ExecContext(ctx, statements); err != nil {
			return err
		}
	}
	return nil
}

// shareVariables gives the connections that a step will use the variables that the script has set on its own.
func shareVariables(ctx context.Context, session *warehouse.Session, connection *sql.Conn) (err error) {
	rows, err := connection.QueryContext(ctx, "select name, value::varchar, type from duckdb_variables() where name not in ('as_of', '"+keyedhash.Variable+"')")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	variables := map[string]any{"as_of": asOfDay()}
	for rows.Next() {
		var name, value, kind string
		if err := rows.Scan(&name, &value, &kind); err != nil {
			return err
		}
		variables[name] = value
		if number, err := strconv.ParseFloat(value, 64); err == nil && kind != "VARCHAR" {
			variables[name] = number
		}
	}
	session.SetVariables(variables)
	return rows.Err()
}

func printDigests(ctx context.Context, session *warehouse.Session, list []byte, out io.Writer) error {
	var relations []string
	if err := json.Unmarshal(list, &relations); err != nil {
		return err
	}
	var digests []string
	for _, relation := range relations {
		digest, err := digestOf(ctx, session, relation)
		if err != nil {
			return fmt.Errorf("%s: %w", relation, err)
		}
		digests = append(digests, digest)
	}
	return json.NewEncoder(out).Encode(digests)
}

// digestOf tells the columns, the number and a hash of the rows of a relation as a set. Floating-point values enter with nine digits, since
// their sums depend on the order of rows in the last ones.
func digestOf(ctx context.Context, session *warehouse.Session, relation string) (string, error) {
	columns, err := session.Columns(ctx, relation)
	if err != nil {
		return "", err
	}
	var names, texts []string
	for _, column := range columns {
		text := warehouse.QuoteName(column.Name) + "::varchar"
		if column.Type == "DOUBLE" {
			text = "format('{:.8e}', " + warehouse.QuoteName(column.Name) + ")"
		}
		names, texts = append(names, column.Name+" "+column.Type), append(texts, "coalesce("+text+", chr(30))")
	}
	var rows, hash string
	query := "select count(*)::varchar, concat_ws(' ', sum(md5_number_lower(line))::varchar, sum(md5_number_upper(line))::varchar) " +
		"from (select concat_ws(chr(31), " + strings.Join(texts, ", ") + ") as line from " + relation + ")"
	if err := session.QueryRow(ctx, query).Scan(&rows, &hash); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s rows, hash %s, columns %s", rows, hash, strings.Join(names, ", ")), nil
}
