package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"countinghouse/internal/person"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/linkage"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

//go:embed script/persons.sql
var personsSQL string

//go:embed script/features.sql
var featuresSQL string

const (
	// linkageMemory is what DuckDB may use on each side.
	linkageMemory = "4GB"
	// linkagePairs may be compared per record: 50 million, the default of identity match, for a million records.
	linkagePairs = 50
	// linkageMinutes is the goal for a million records.
	linkageMinutes = 5
)

// benchLinkage measures what identity match does with a file of persons, from CSV to clusters judged by the truth, against making the pairs that it
// compares and no more: the same blocking rules over records that are brought to one spelling already, joined and counted by DuckDB.
func benchLinkage(ctx context.Context, b *bencher) error {
	dir := filepath.Join(b.dir, "linkage")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	sides := map[string]measured{}
	for name, text := range linkageScripts(dir, b.linkageRecords, b.linkageRecords*linkagePairs) {
		var err error
		if sides[name], err = b.script("linkage-"+name, text, "-memory", linkageMemory); err != nil {
			return err
		}
	}
	for _, name := range []string{"people", "persons"} {
		if _, err := sides[name].run(ctx); err != nil {
			return err
		}
	}
	bare, err := b.script("linkage-pairs", "", "-memory", linkageMemory)
	if err != nil {
		return err
	}
	// Which blocks are too large hangs on the budget: the product says it, and bare DuckDB is told.
	bare.before = func() error {
		report, err := readMatch(dir)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(b.dir, "linkage-pairs.sql"), []byte(pairsScript(dir, report.Blocks)), 0o600)
	}
	made, err := compare(ctx, fmt.Sprintf("linkage, %d records", b.linkageRecords), 1, sides["match"], bare)
	if err != nil {
		return err
	}
	report, err := readMatch(dir)
	if err != nil {
		return err
	}
	ours := fmt.Sprintf("(select %d::bigint as pairs)", report.Compared)
	if err := b.sameRows(ctx, []string{"pairs to compare"}, []string{ours}, []string{parquet(filepath.Join(dir, "pairs.parquet"))}); err != nil {
		return err
	}
	made.Note = matchNote(report, b.linkageRecords*linkagePairs)
	b.add(made.goal(made.A.Wall/60, linkageMinutes, "minutes"))
	if err := benchLinkageDays(ctx, b, dir); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

// linkageScripts are the script that makes records up, the one that brings them to one spelling, and the product's side.
func linkageScripts(dir string, records, budget int) map[string]string {
	fill := strings.NewReplacer("{dir}", dir, "{records}", fmt.Sprint(records))
	return map[string]string{
		"people": fill.Replace(personsSQL), "persons": stepMark + "persons " + dir + "\n", "match": fmt.Sprintf("%smatch %d,%s\n", stepMark, budget, dir),
	}
}

// matchPeople links the records of people.csv, as identity match does, and leaves its report.
func matchPeople(ctx context.Context, session *warehouse.Session, argument string) error {
	var options linkage.Options
	budget, dir, _ := strings.Cut(argument, ",")
	if _, err := fmt.Sscan(budget, &options.Budget); err != nil {
		return err
	}
	options.Files, options.Truth, options.Threads = []string{filepath.Join(dir, "people.csv")}, "person", runtime.GOMAXPROCS(0)
	report, err := linkage.Match(ctx, session, options)
	if err != nil {
		return err
	}
	text, err := json.Marshal(report)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "match.json"), text, 0o600)
}

func readMatch(dir string) (report linkage.Report, err error) {
	text, err := os.ReadFile(filepath.Join(dir, "match.json"))
	if err != nil {
		return report, err
	}
	return report, json.Unmarshal(text, &report)
}

func matchNote(report linkage.Report, budget int) string {
	refused, neighbours := int64(0), int64(0)
	for _, block := range report.Blocks {
		refused, neighbours = refused+block.RefusedPairs, neighbours+block.Neighbours
	}
	return fmt.Sprintf("both made %d pairs of the %d allowed (%d refused in large blocks, where up to %d neighbours were taken instead); precision %.4f, recall %.4f, F1 %.4f; %d clusters of %d records",
		report.Compared, budget, refused, neighbours, report.Truth.Precision, report.Truth.Recall, report.Truth.F1, report.Clusters, report.Records)
}

// personRoles are the columns of people.csv, in their order.
func personRoles() []person.Role {
	return []person.Role{person.FullName, person.Birthday, person.Phone, person.Email, person.Gender, person.State, person.City, person.Address}
}

// writePersons brings the records of people.csv to one spelling, numbered by what they say, which SQL alone cannot do: it is no part of the measurement.
func writePersons(ctx context.Context, session *warehouse.Session, dir string) error {
	var fields []arrow.Field
	for _, name := range strings.Fields("given_read surname_read given_sound surname_sound birthday phone email address place") {
		fields = append(fields, arrow.Field{Name: name, Type: arrow.BinaryTypes.String})
	}
	schema := arrow.NewSchema(append([]arrow.Field{{Name: "id", Type: arrow.PrimitiveTypes.Int32}}, fields...), nil)
	writer, builder := session.WriteParquet(ctx, schema, filepath.Join(dir, "persons.parquet")), array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer builder.Release()
	cells := make([]string, len(personRoles()))
	for i := range cells {
		cells[i] = fmt.Sprintf("coalesce(c%d, '')", i+1)
	}
	query := "select " + strings.Join(cells, ", ") + " from read_csv(" + warehouse.Quote(filepath.Join(dir, "people.csv")) + ", all_varchar = true)"
	query += " as t(c1, c2, c3, c4, c5, c6, c7, c8, person) order by c1, c2, c3, c4, c5, c6, c7, c8"
	id := int32(0)
	err := session.ReadArrow(ctx, query, func(reader array.RecordReader) error {
		for reader.Next() {
			id = appendPersons(builder, reader.RecordBatch(), id)
			batch := builder.NewRecordBatch()
			err := writer.Write(batch)
			batch.Release()
			if err != nil {
				return err
			}
		}
		return reader.Err()
	})
	if _, closeErr := writer.Close(); err == nil {
		err = closeErr
	}
	return err
}

func appendPersons(builder *array.RecordBuilder, batch arrow.RecordBatch, id int32) int32 {
	for row := range int(batch.NumRows()) {
		cells := map[person.Role]string{}
		for i, role := range personRoles() {
			cells[role] = batch.Column(i).(*array.String).Value(row)
		}
		p := person.Normalise(cells, nil)
		read := func(name string) string { return strings.ReplaceAll(person.Latin(name), " ", "") }
		builder.Field(0).(*array.Int32Builder).Append(id)
		for i, text := range []string{read(p.Given), read(p.Surname), person.Sound(p.Given), person.SurnameSound(p.Surname), p.Birthday, p.Phone, p.Email, p.Address, p.Place} {
			builder.Field(i + 1).(*array.StringBuilder).Append(text)
		}
		id++
	}
	return id
}
