package contract

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A ConformedFile is the typed rows of one export file. Path is written into the SQL as it stands: use the object's key
// where the text is fingerprinted, a local path where it is run.
type ConformedFile struct {
	Path       string    // its Parquet file
	SourceFile string    // the landed object's key, which every row carries
	FileHash   string    // sha256 of the export's bytes, hex: breaks ties of ExportedAt
	ExportedAt time.Time // written as its wall clock: give it in the brand's zone
	Duplicates int64     // rows whose grain an earlier row of the file has
	// Part is the file's number in a Parquet file that holds the rows of several, in a column file_no, beside source_file and exported_at; 0 where
	// the Parquet file is the file's own.
	Part int64
	// Extra says that the Parquet file has a column extra: JSON text with what stands under headers that nobody knows.
	Extra bool
}

// FeedSQL selects the feed's rows that count: source_row, the contract's columns, source_file, exported_at and file_no
// (BIGINT, the rank of the file from the oldest export to the newest). Of each key only the newest export's rows are
// left, and of each grain only the first row of a file. The order of files does not matter to the text.
func (c *Contract) FeedSQL(files []ConformedFile) string {
	ordered := slices.Clone(files)
	slices.SortFunc(ordered, func(a, b ConformedFile) int {
		return cmp.Or(a.ExportedAt.Compare(b.ExportedAt), cmp.Compare(a.FileHash, b.FileHash))
	})
	// Not materialized: it is read twice, once for the key alone.
	steps := []string{"rows_of_files as not materialized (\n" + c.unionSQL(ordered, c.columnList()) + "\n)"}
	last := "rows_of_files"
	if len(c.Key) > 0 && len(ordered) > 1 {
		steps = append(steps, newestSQL(last, c.Key)...)
		last = "newest_rows"
	}
	if len(c.Grain) > 0 && slices.ContainsFunc(ordered, func(file ConformedFile) bool { return file.Duplicates > 0 }) {
		steps = append(steps, firstSQL(last, c.Grain)...)
		last = "first_rows"
	}
	return "with\n" + strings.Join(steps, ",\n") + "\nselect * from " + last
}

// RowsSQL selects all rows of the files, also those that a newer export or an earlier row of the file stands for.
func (c *Contract) RowsSQL(files []ConformedFile) string {
	return c.unionSQL(files, c.columnList())
}

// unionSQL reads every Parquet file once. Files are numbered from 1 in the order given.
func (c *Contract) unionSQL(files []ConformedFile, columns string) string {
	if len(files) == 0 {
		return c.noRowsSQL()
	}
	var parts []string
	bundles, columnsOf := map[string][]bundled{}, map[string]string{}
	var order []string
	for i, file := range files {
		if file.Part == 0 {
			parts = append(parts, fmt.Sprintf("    select %s, %s as source_file, %s as exported_at, %d::bigint as file_no\n    from read_parquet(%s)",
				file.withExtra(columns), Quote(file.SourceFile), TimestampLiteral(file.ExportedAt), i+1, Quote(file.Path)))
			continue
		}
		if bundles[file.Path] == nil {
			order = append(order, file.Path)
		}
		bundles[file.Path] = append(bundles[file.Path], bundled{part: file.Part, rank: int64(i + 1)})
		columnsOf[file.Path] = file.withExtra(columns)
	}
	for _, path := range order {
		parts = append(parts, bundleSQL(path, columnsOf[path], bundles[path]))
	}
	return strings.Join(parts, "\n    union all\n")
}

// A bundled file is a part of a Parquet file, and has a rank among all files.
type bundled struct{ part, rank int64 }

// bundleSQL reads the wanted files of a bundle: where their ranks do not follow its own numbers, they are looked up in a list.
func bundleSQL(path, columns string, members []bundled) string {
	last := int64(0)
	for _, member := range members {
		last = max(last, member.part)
	}
	ranks := make([]string, last)
	consecutive := int64(len(members)) == last
	for _, member := range members {
		ranks[member.part-1] = fmt.Sprint(member.rank)
		consecutive = consecutive && member.rank-member.part == members[0].rank-members[0].part
	}
	rank, wanted := fmt.Sprintf("cast(file_no + %d as bigint)", members[0].rank-members[0].part), fmt.Sprintf("file_no <= %d", last)
	if !consecutive {
		// One constant, and not one per file: the text is parsed, and fingerprinted, often.
		rank = fmt.Sprintf("try_cast(string_split(%s, ',')[file_no] as bigint)", Quote(strings.Join(ranks, ",")))
		wanted = rank + " is not null"
	}
	return fmt.Sprintf("    select %s, source_file, exported_at, %s as file_no\n    from read_parquet(%s)\n    where %s", columns, rank, Quote(path), wanted)
}

// ReadsAlike says that what a cell means does not depend on the file that it is in, so that files can be read by one statement.
func (c *Contract) ReadsAlike() bool {
	return !slices.ContainsFunc(c.Columns, func(column Column) bool { return column.Year != "" })
}

// BundleSQL selects the rows of several conformed files for one Parquet file: those of FeedSQL, all of them, with file_no as the number of the
// file in the order given, and a column extra.
func (c *Contract) BundleSQL(files []ConformedFile) string {
	return c.unionSQL(files, c.columnList()+", "+extraColumn)
}

// extraColumn stands in a list of columns for the column extra of a file, if it has one.
const extraColumn = "extra"

func (f ConformedFile) withExtra(columns string) string {
	if all, wanted := strings.CutSuffix(columns, ", "+extraColumn); wanted && !f.Extra {
		return all + ", null::varchar as " + extraColumn
	}
	return columns
}

func (c *Contract) columnList() string {
	names := []string{"source_row"}
	for _, column := range c.Columns {
		names = append(names, Name(column.Name))
	}
	return strings.Join(names, ", ")
}

func (c *Contract) noRowsSQL() string {
	columns := []string{"null::bigint as source_row"}
	for _, column := range c.Columns {
		columns = append(columns, fmt.Sprintf("null::%s as %s", column.SQLType(), Name(column.Name)))
	}
	columns = append(columns, "null::varchar as source_file", "null::timestamp as exported_at", "null::bigint as file_no")
	return "    select " + strings.Join(columns, ", ") + "\n    where false"
}

// newestSQL leaves out the rows of keys that a newer export has. Few keys are in several exports: they are found by the key alone, and the rows
// are held against those few, where a window would sort every row and a join with the newest of every key would hash every key.
func newestSQL(from string, key []string) []string {
	same := make([]string, len(key))
	for i, column := range key {
		same[i] = fmt.Sprintf("%[1]s.%[2]s is not distinct from exported_again.%[2]s", from, Name(column))
	}
	return []string{
		fmt.Sprintf("exported_again as (\n    select %[1]s, max(file_no) as newest_file_no\n    from %[2]s\n    group by %[1]s\n    having min(file_no) < max(file_no)\n)", nameList(key), from),
		fmt.Sprintf("newest_rows as (\n    select %[1]s.*\n    from %[1]s\n    left join exported_again on %[2]s\n    where exported_again.newest_file_no is null or %[1]s.file_no = exported_again.newest_file_no\n)",
			from, strings.Join(same, " and ")),
	}
}

func firstSQL(from string, grain []string) []string {
	return []string{
		fmt.Sprintf("first as (\n    select file_no, min(source_row) as source_row\n    from %s\n    group by file_no, %s\n)", from, nameList(grain)),
		fmt.Sprintf("first_rows as (\n    select %[1]s.*\n    from %[1]s\n    semi join first on %[1]s.file_no = first.file_no and %[1]s.source_row = first.source_row\n)", from),
	}
}

func nameList(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = Name(name)
	}
	return strings.Join(quoted, ", ")
}

// Quote writes a string as an SQL literal.
func Quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// Name writes an identifier so that no keyword and no case can change its meaning.
func Name(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// TimestampLiteral writes a time's wall clock as SQL, to the microsecond.
func TimestampLiteral(t time.Time) string {
	return "timestamp " + Quote(t.Format("2006-01-02 15:04:05.000000"))
}

func decimalType(scale int) string { return fmt.Sprintf("DECIMAL(18,%d)", scale) }
