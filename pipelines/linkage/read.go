package linkage

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"countinghouse/internal/person"
	"countinghouse/internal/style"
	"countinghouse/internal/warehouse"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// relation reads the files as texts, with the number of the file beside each row. Files may have other columns than their neighbours.
func relation(files []string) (string, error) {
	parts := make([]string, len(files))
	for i, file := range files {
		read := "read_parquet(" + warehouse.Quote(file) + ")"
		if !strings.HasSuffix(strings.ToLower(file), ".parquet") {
			delimiter, err := delimiterOf(file)
			if err != nil {
				return "", err
			}
			// A cell may hold a line's end, which the parallel reader does not take together with short rows.
			read = fmt.Sprintf(`read_csv(%s, all_varchar = true, header = true, strict_mode = false, null_padding = true, parallel = false, delim = %s, quote = '"', escape = '"')`,
				warehouse.Quote(file), warehouse.Quote(delimiter))
		}
		parts[i] = fmt.Sprintf("select *, %d as %s from %s", i, fileColumn, read)
	}
	return "(" + strings.Join(parts, " union all by name ") + ")", nil
}

// fileColumn says of which file a row is.
const fileColumn = "countinghouse_file"

// delimiterOf is what parts the names of a CSV file's header: DuckDB looks at the rows, and takes what stands between authors for it.
func delimiterOf(path string) (delimiter string, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	header, err := bufio.NewReader(file).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	most := 0
	delimiter = ","
	for _, candidate := range []string{",", "\t", ";", "|"} {
		if count := strings.Count(header, candidate); count > most {
			most, delimiter = count, candidate
		}
	}
	return delimiter, nil
}

// read brings the records, in an order that does not hang on that of the file, into the table and linkage.records.
func (m *matcher) read(ctx context.Context) error {
	cells, err := relation(m.options.Files)
	if err != nil {
		return err
	}
	columns, err := m.session.Columns(ctx, cells)
	if err != nil {
		return err
	}
	columns = slices.DeleteFunc(columns, func(column warehouse.Column) bool { return column.Name == fileColumn })
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = warehouse.QuoteName(column.Name)
		m.headers = append(m.headers, strings.TrimSpace(column.Name))
	}
	if err := m.begin(ctx); err != nil {
		return err
	}
	casts := make([]string, len(names))
	for i, name := range names {
		casts[i] = "cast(" + name + " as varchar) as c" + fmt.Sprint(i)
	}
	load := "create table linkage.cells as select row_number() over () as row_no, cast(" + fileColumn + " as bigint) as list, " + strings.Join(casts, ", ") + " from " + cells
	if _, err := m.session.Exec(ctx, load); err != nil {
		return err
	}
	if err := m.tellRoles(ctx); err != nil {
		return err
	}
	m.table = newTable(m.texts, m.roles)
	if m.things {
		m.table.asThings()
		m.styles = style.New(len(m.headers))
	}
	return m.readRows(ctx)
}

func (m *matcher) readRows(ctx context.Context) error {
	cells := make([]string, len(m.headers))
	for i := range cells {
		cells[i] = fmt.Sprintf("coalesce(c%d, '')", i)
	}
	list := strings.Join(cells, ", ")
	err := m.loadRecords(ctx, "select row_no, list, "+list+" from linkage.cells order by "+m.order()+", row_no", m.addBatch)
	m.report.Records = int64(m.table.Records())
	if !m.things {
		m.table.forgetCrowds()
	}
	if err == nil && m.report.Records == 0 {
		err = errors.New("there is no record")
	}
	return err
}

// loadRecords makes linkage.records of what add makes of the query's rows, batch by batch.
func (m *matcher) loadRecords(ctx context.Context, query string, add func(arrow.RecordBatch, *array.RecordBuilder)) error {
	schema := recordSchema(len(m.texts))
	loader := m.session.LoadTable(ctx, schema, "linkage.records")
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer builder.Release()
	err := m.session.ReadArrow(ctx, query, func(reader array.RecordReader) error {
		for reader.Next() {
			add(reader.RecordBatch(), builder)
			batch := builder.NewRecordBatch()
			err := loader.Write(batch)
			batch.Release()
			if err != nil {
				return err
			}
		}
		return nil
	})
	_, closeErr := loader.Close()
	return errors.Join(err, closeErr)
}

// order is by what the records say, not by their place in the file nor by their ids: those of one person come in any.
func (m *matcher) order() string {
	var columns []string
	for i, role := range m.roles {
		if role != person.Ignored {
			columns = append(columns, fmt.Sprintf("c%d", i))
		}
	}
	return strings.Join(columns, ", ")
}

func recordSchema(texts int) *arrow.Schema {
	list := []arrow.Field{{Name: "id", Type: arrow.PrimitiveTypes.Int32}}
	for _, name := range features(texts) {
		list = append(list, arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true})
	}
	return arrow.NewSchema(list, nil)
}

func (m *matcher) addBatch(batch arrow.RecordBatch, builder *array.RecordBuilder) {
	numbers, lists := batch.Column(0).(*array.Int64), batch.Column(1).(*array.Int64)
	for row := range int(batch.NumRows()) {
		cells, texts := map[person.Role]string{}, make([]string, len(m.texts))
		truth, key := "", ""
		for i, role := range m.roles {
			cell := strings.TrimSpace(batch.Column(i + 2).(*array.String).Value(row))
			switch {
			case m.options.Truth != "" && strings.EqualFold(m.headers[i], m.options.Truth):
				truth = strings.Clone(cell)
			case isKey(m.headers[i]):
				key = strings.Clone(cell)
			}
			if place, text := m.textOf[i]; text {
				texts[place] = cell
			} else {
				take(cells, role, cell)
			}
		}
		if m.styles != nil {
			m.styles.Add(m.written(batch, row))
		}
		record := person.Normalise(cells, texts)
		builder.Field(0).(*array.Int32Builder).Append(int32(m.table.Records()))
		m.table.single.set(generation, int32(m.table.Records()), record.Generation)
		m.table.add(record)
		m.lists = append(m.lists, int32(lists.Value(row))) //nolint:gosec // a file's number
		m.rows, m.truths, m.keys = append(m.rows, numbers.Value(row)), append(m.truths, truth), append(m.keys, key)
		appendFeatures(builder, record, len(m.texts))
	}
}

// written are the cells of a row, but for the truth.
func (m *matcher) written(batch arrow.RecordBatch, row int) []string {
	cells := make([]string, len(m.headers))
	for i, header := range m.headers {
		if !m.isTruth(header) {
			cells[i] = batch.Column(i + 2).(*array.String).Value(row)
		}
	}
	return cells
}

// appendFeatures adds the texts that the blocking rules speak of, behind the record's number.
func appendFeatures(builder *array.RecordBuilder, record person.Person, texts int) {
	for i, feature := range featuresOf(record, texts) {
		if feature == "" {
			builder.Field(i + 1).(*array.StringBuilder).AppendNull()
		} else {
			builder.Field(i + 1).(*array.StringBuilder).Append(feature)
		}
	}
}

func take(cells map[person.Role]string, role person.Role, cell string) {
	switch {
	case role == person.Ignored || cell == "":
	case cells[role] == "":
		cells[role] = cell
	case role == person.Address:
		cells[role] += " " + cell
	}
}

func isKey(header string) bool {
	return slices.Contains([]string{"record_id", "unique_id", "rec_id", "id"}, strings.ToLower(header))
}
