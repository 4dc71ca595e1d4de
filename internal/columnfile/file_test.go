package columnfile_test

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"countinghouse/internal/columnfile"
	"countinghouse/internal/warehouse"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var schema = arrow.NewSchema([]arrow.Field{
	{Name: "name", Type: columnfile.Names(), Nullable: true},
	{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "bytes", Type: arrow.BinaryTypes.Binary, Nullable: true},
	{Name: "number", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "moment", Type: &arrow.TimestampType{Unit: arrow.Microsecond}, Nullable: true},
	{Name: "day", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
}, nil)

// value makes the values of row after row of one column: runs of the same, or of different ones, with gaps or without.
type value struct {
	t       *rapid.T
	run     int
	missing bool
	index   int64
	most    int64
	gaps    bool
	longest int
}

func newValue(t *rapid.T) *value {
	return &value{
		t: t, most: rapid.SampledFrom([]int64{0, 1, 2, 300, 70_000}).Draw(t, "different values"), gaps: rapid.Bool().Draw(t, "with gaps"),
		longest: rapid.SampledFrom([]int{1, 7, 9, 40, 3000}).Draw(t, "longest run"),
	}
}

// next gives the number of the next row's value, and false for none.
func (v *value) next() (int64, bool) {
	if v.run == 0 {
		v.run = rapid.IntRange(1, v.longest).Draw(v.t, "run")
		v.index = rapid.Int64Range(0, v.most).Draw(v.t, "value")
		v.missing = v.gaps && rapid.Bool().Draw(v.t, "missing")
	}
	v.run--
	return v.index, !v.missing
}

// far are integers from which a value is counted, so that the differences of two are small, large, or more than 64 bits hold.
var far = []int64{0, 1_700_000_000_000_000, math.MaxInt64, math.MinInt64}

func integer(t *rapid.T, index int64) int64 {
	return rapid.SampledFrom(far).Draw(t, "far") + index*rapid.SampledFrom([]int64{1, -1, 1000}).Draw(t, "step")
}

func appendValue(t *rapid.T, builder array.Builder, index int64, present bool) {
	if !present {
		builder.AppendNull()
		return
	}
	switch builder := builder.(type) {
	case *array.StringBuilder:
		builder.Append(strings.Repeat("流水", int(index%3)) + fmt.Sprintf("%09d", index))
	case *array.BinaryBuilder:
		builder.Append([]byte(strings.Repeat("\x00\xff", int(index%20))))
	case *array.Int64Builder:
		builder.Append(integer(t, index))
	case *array.TimestampBuilder:
		builder.Append(arrow.Timestamp(index*86_399_999_999 - 1))
	case *array.Date32Builder:
		far := rapid.SampledFrom([]arrow.Date32{0, 20_000, 2_000_000_000, -2_000_000_000}).Draw(t, "far")
		builder.Append(far + arrow.Date32(index*30))
	}
}

// names is a dictionary array, as a writer in Go makes it: the names that come, in the order in which they come.
func names(v *value, rows int) arrow.Array {
	list, numbers := array.NewStringBuilder(memory.DefaultAllocator), array.NewUint32Builder(memory.DefaultAllocator)
	known := map[int64]uint32{}
	for range rows {
		index, present := v.next()
		if !present {
			numbers.AppendNull()
			continue
		}
		number, found := known[index]
		if !found {
			number = uint32(len(known))
			known[index] = number
			list.Append(fmt.Sprintf("名%d", index))
		}
		numbers.Append(number)
	}
	return array.NewDictionaryArray(columnfile.Names(), numbers.NewArray(), list.NewArray())
}

func drawBatch(t *rapid.T) arrow.RecordBatch {
	rows := rapid.SampledFrom([]int{1, 7, 8, 9, 32, 33, 128, 129, 130, 1025, 5000}).Draw(t, "rows")
	columns := []arrow.Array{names(newValue(t), rows)}
	for _, field := range schema.Fields()[1:] {
		builder, values := array.NewBuilder(memory.DefaultAllocator, field.Type), newValue(t)
		for range rows {
			index, present := values.next()
			appendValue(t, builder, index, present)
		}
		columns = append(columns, builder.NewArray())
	}
	return array.NewRecordBatch(schema, columns, int64(rows))
}

// rowsOf are the rows of batches as text.
func rowsOf(batch arrow.RecordBatch) (rows []string) {
	for i := range int(batch.NumRows()) {
		var row []string
		for _, column := range batch.Columns() {
			row = append(row, column.ValueStr(i))
		}
		rows = append(rows, strings.Join(row, " | "))
	}
	return rows
}

// TestDuckDBReadsTheRows that were written: of every type, with and without gaps, in runs and not, in several row groups. The figures about columns, by
// which DuckDB leaves row groups out, are right too.
func TestDuckDBReadsTheRows(t *testing.T) {
	dir := t.TempDir()
	session, err := warehouse.Open(t.Context(), warehouse.Options{Threads: 2, AllowedDirs: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	files := 0
	rapid.Check(t, func(check *rapid.T) {
		files++
		path := filepath.Join(dir, fmt.Sprintf("%d.parquet", files))
		file, err := columnfile.Create(path, schema)
		if err != nil {
			check.Fatal(err)
		}
		var want, starts []string
		for range rapid.IntRange(0, 3).Draw(check, "batches") {
			batch := drawBatch(check)
			starts = append(starts, fmt.Sprint(len(want)))
			want = append(want, rowsOf(batch)...)
			if err := file.Write(batch); err != nil {
				check.Fatal(err)
			}
		}
		if rows, err := file.Close(); err != nil || rows != int64(len(want)) {
			check.Fatalf("%d rows written of %d: %v", rows, len(want), err)
		}
		var got []string
		err = session.ReadArrow(t.Context(), "select name, text, bytes, number, moment, day from read_parquet("+warehouse.Quote(path)+", file_row_number = true) order by file_row_number", func(reader array.RecordReader) error {
			for reader.Next() {
				got = append(got, rowsOf(reader.RecordBatch())...)
			}
			return reader.Err()
		})
		if difference := cmp.Diff(want, got); err != nil || difference != "" {
			check.Fatalf("%v (-want +got):\n%s", err, difference)
		}
		checkFigures(t, check, session, path, starts)
	})
}

// checkFigures compares what the file says of its columns with its rows, group by group; starts are the first rows of the groups.
func checkFigures(t *testing.T, check *rapid.T, session *warehouse.Session, path string, starts []string) {
	const query = `with grouped as (
    select *, len(list_filter([%[2]s], start -> start <= file_row_number)) - 1 as row_group
    from read_parquet(%[1]s, file_row_number = true)
), found as (
    unpivot (
        select row_group, concat_ws(' ', min(name), max(name), count(*) - count(name)) as name,
            concat_ws(' ', min(number), max(number), count(*) - count(number)) as number,
            concat_ws(' ', min(day), max(day), count(*) - count(day)) as day,
            concat_ws(' ', min(moment), max(moment), count(*) - count(moment)) as moment,
            (count(*) - count(text))::varchar as text,
        from grouped
        group by row_group
    ) on name, number, day, moment, text into name column_name value figures
)
select count(*) from found
inner join parquet_metadata(%[1]s) as said on said.row_group_id = found.row_group and said.path_in_schema = found.column_name
where figures is distinct from concat_ws(' ', stats_min_value, stats_max_value, stats_null_count)`
	var wrong int
	if err := session.QueryRow(t.Context(), fmt.Sprintf(query, warehouse.Quote(path), strings.Join(starts, ", "))).Scan(&wrong); err != nil || wrong > 0 {
		check.Fatalf("%d columns of row groups are described wrongly: %v", wrong, err)
	}
}

func TestTypesThatItDoesNotTake(t *testing.T) {
	for _, kind := range []arrow.DataType{
		arrow.PrimitiveTypes.Float64, &arrow.Decimal128Type{Precision: 18, Scale: 2}, &arrow.TimestampType{Unit: arrow.Nanosecond},
		&arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}, &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String},
	} {
		odd := arrow.NewSchema([]arrow.Field{{Name: "odd", Type: kind}}, nil)
		if columnfile.Takes(odd) {
			t.Errorf("%v is taken", kind)
		}
		if _, err := columnfile.Create(filepath.Join(t.TempDir(), "odd.parquet"), odd); err == nil || !strings.Contains(err.Error(), `column "odd"`) {
			t.Errorf("%v: %v", kind, err)
		}
	}
}
