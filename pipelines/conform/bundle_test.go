package conform_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"countinghouse/internal/contract"
	"countinghouse/pipelines/conform"
)

const bundledFeed = `feed: shop
about: Orders of a shop, dated by a line before the header.
channel: shop
files:
  names: ["*"]
  container: csv
  preamble: 3
  exported_at: {preamble: '导出时间：(.*)', layout: "2006-01-02"}
key: [order_id]
grain: [order_id]
rejects: {max_share: 0.5}
columns:
  - {name: order_id, header: [订单号], type: id, required: true, empty: refuse}
  - {name: amount, header: [实付金额], type: money, nulls: ["-", "--"]}
  - {name: doubled, type: money, value: "amount * 2"}
  - {name: paid_at, header: [付款时间], type: timestamp}
gives:
  orders: {columns: {order_id: order_id, paid_amount: amount}}
`

// smallExports are files of all kinds: regular, with rejects, with columns elsewhere or missing, with duplicates, empty, and broken.
func smallExports() []string {
	var files []string
	for i := range 40 {
		day := fmt.Sprintf("导出时间：2026-10-%02d\n", 1+(i*7)%28)
		switch i % 8 {
		case 0, 1:
			files = append(files, fmt.Sprintf("%s订单号,实付金额,付款时间\nA%d,%d.50,2026-10-01 10:00:00\nK,%d,\n", day, i, i, i))
		case 2:
			files = append(files, fmt.Sprintf("%s付款时间,没用,订单号\n2026-10-01 10:00:00,x,A%d\n,y,K\n", day, i))
		case 3:
			files = append(files, fmt.Sprintf("%s实付金额,订单号\n%d,A%d\nbad,B%d\n--,C%d\n1,2,3\n7,C%d\n", day, i, i, i, i, i))
		case 4:
			files = append(files, fmt.Sprintf("%s订单号,实付金额\nA%d,\"1,000\"\nA%d,2\nK,3\n", day, i, i))
		case 5:
			files = append(files, fmt.Sprintf("%s订单号,列%d\n", day, i))
		case 6:
			files = append(files, fmt.Sprintf("%s别的,实付金额\nA%d,1\n", day, i))
		default:
			files = append(files, fmt.Sprintf("%s订单号,实付金额\nA%d,x\nB%d,y\nK,1\n", day, i, i))
		}
	}
	return files
}

// everything is what is on record of each file but where its rows are.
func everything(files []conform.FileResult) []string {
	var texts []string
	for _, file := range files {
		rows := "rows"
		if file.Parquet == "" {
			rows = "no rows"
		}
		texts = append(texts, fmt.Sprint(file.Name, file.SHA256, file.ExportedAt, file.Rows, file.Accepted, file.Rejected, file.Dropped, file.Withheld,
			file.Duplicates, file.Quarantine, file.Rejects, file.Reasons, file.Header, file.HeaderLine, file.Drift, rows))
	}
	return texts
}

// feedRows are the rows of the feed that count, over the files of a report.
func (s *shop) feedRows(report conform.Report) []string {
	s.t.Helper()
	return s.query("select concat_ws('|', source_file, source_row, exported_at, order_id, amount, doubled, paid_at) from (" + s.registry.Feeds()[0].FeedSQL(s.conformed(report)) + ") order by 1")
}

// conformed are the files of a report that have rows.
func (s *shop) conformed(report conform.Report) []contract.ConformedFile {
	s.t.Helper()
	var files []contract.ConformedFile
	for _, file := range report.Files {
		if file.Parquet == "" {
			continue
		}
		local, err := s.bucket.LocalPath(s.t.Context(), file.Parquet)
		if err != nil {
			s.t.Fatal(err)
		}
		files = append(files, file.Conformed(local))
	}
	return files
}

// query gives the texts of a query's rows.
func (s *shop) query(text string) []string {
	s.t.Helper()
	rows, err := s.session.Query(s.t.Context(), text)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var texts []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			s.t.Fatal(err)
		}
		texts = append(texts, text)
	}
	if err := rows.Err(); err != nil {
		s.t.Fatal(err)
	}
	return texts
}

func parquets(report conform.Report) int {
	keys := map[string]bool{}
	for _, file := range report.Files {
		if file.Parquet != "" {
			keys[file.Parquet] = true
		}
	}
	return len(keys)
}

// TestManySmallFilesAreReadAsEachAlone reads the same files some at a time, so that each has a Parquet file of its own until they are merged, and
// all at once.
func TestManySmallFilesAreReadAsEachAlone(t *testing.T) {
	exports := smallExports()
	alone, together, merged := newShop(t, bundledFeed), newShop(t, bundledFeed), newShop(t, bundledFeed)
	for i, content := range exports {
		name := fmt.Sprintf("%d.csv", i)
		together.land(name, []byte(content))
		merged.land(name, []byte(content))
		if alone.land(name, []byte(content)); i%5 == 4 && i < 35 {
			alone.run()
		}
		if i == 20 {
			merged.run()
		}
	}
	want, got, third := alone.run(), together.run(), merged.run()
	if n := parquets(want); n != 30 {
		t.Fatalf("%d Parquet files hold what was read alone, want one for each of the 30 good files", n)
	}
	if n := parquets(got); n != 1 {
		t.Errorf("%d Parquet files hold what was read together, want 1", n)
	}
	for name, report := range map[string]conform.Report{"together": got, "in two runs": third} {
		if a, b := everything(report.Files), everything(want.Files); !slices.Equal(a, b) {
			t.Errorf("%s:\n%s\nwant\n%s", name, strings.Join(a, "\n"), strings.Join(b, "\n"))
		}
		if a, b := map[string]*shop{"together": together, "in two runs": merged}[name].feedRows(report), alone.feedRows(want); len(a) == 0 || !slices.Equal(a, b) {
			t.Errorf("%s, the rows that count:\n%s\nwant\n%s", name, strings.Join(a, "\n"), strings.Join(b, "\n"))
		}
	}
	again, pending, err := conform.Results(t.Context(), together.bucket, together.registry, shanghai(t))
	if err != nil || pending != 0 || !slices.Equal(everything(again.Files), everything(got.Files)) || together.run().New() != 0 {
		t.Errorf("a later look finds other results: %d pending, %v", pending, err)
	}
}

// TestManyParquetFilesAreMerged: a feed that gets a file a day does not slow down.
func TestManyParquetFilesAreMerged(t *testing.T) {
	s := newShop(t, bundledFeed)
	var last conform.Report
	for i := range 36 {
		s.land(fmt.Sprintf("%d.csv", i), fmt.Appendf(nil, "导出时间：2026-%02d-%02d\n订单号,实付金额\nA%d,%d\nK,%d\nA%d,x\n", 1+i%12, 1+i/12, i, i, i, i))
		if i%4 != 3 {
			continue
		}
		last = s.run()
		// All 36 have the key K: that of the newest export counts.
		rows := s.feedRows(last)
		if len(rows) != i+2 || last.New() != 4 {
			t.Fatalf("after %d files there are %d rows, %d files new", i+1, len(rows), last.New())
		}
	}
	if n := parquets(last); n != 5 {
		t.Errorf("%d Parquet files, want 32 merged and 4 beside", n)
	}
	if left := s.scratchFiles(); len(left) != 0 {
		t.Errorf("left in the scratch folder: %v", left)
	}
	if again := s.run(); again.New() != 0 || parquets(again) != 5 {
		t.Errorf("a run without new files: %d new, %d Parquet files", again.New(), parquets(again))
	}
}

func TestComputedColumnThatFailsHarmsNoOtherFile(t *testing.T) {
	s := newShop(t, strings.Replace(shopFeed, "gives:\n", "  - {name: n, type: integer, value: \"cast(order_id as bigint)\"}\ngives:\n", 1))
	for i := range 20 {
		id := fmt.Sprint(i)
		if i == 13 {
			id = "A13"
		}
		s.land(id+".csv", []byte("订单号\n"+id+"\n"))
	}
	report := s.run()
	bad := report.Quarantined()
	if len(report.Files) != 20 || len(bad) != 1 || !strings.Contains(bad[0].Quarantine, "A13") {
		t.Errorf("%d files, quarantined: %+v", len(report.Files), bad)
	}
}
