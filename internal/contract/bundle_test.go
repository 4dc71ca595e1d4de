package contract_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"countinghouse/internal/contract"
)

// TestBundlesGiveWhatTheirFilesGive: rows, order of exports and duplicates are the same whether files have a Parquet file each or share one, and
// whichever of them are asked for.
func TestBundlesGiveWhatTheirFilesGive(t *testing.T) {
	dir := t.TempDir()
	session := open(t, dir)
	feed, _ := load(t, shopFeed).Feed("shop")
	var alone []contract.ConformedFile
	for i := range 6 {
		path := filepath.Join(dir, fmt.Sprintf("%d.parquet", i))
		alone = append(alone, contract.ConformedFile{
			Path:       parquet(t, session, path, fmt.Sprintf("(2, 'A', 'x', %d, 10.00)", i), fmt.Sprintf("(3, 'K%d', 'y', 1, 5.00)", i/2), fmt.Sprintf("(4, 'K%d', 'y', 7, 5.00)", i/2)),
			SourceFile: fmt.Sprintf("landing/shop/%d/f.csv", i), FileHash: fmt.Sprint(i), Duplicates: 1,
			ExportedAt: time.Date(2026, 11, 1+(i*5)%6, 0, 0, 0, 0, time.UTC),
		})
	}
	bundle := func(name string, members ...int) []contract.ConformedFile {
		var files []contract.ConformedFile
		for _, i := range members {
			files = append(files, alone[i])
		}
		path := filepath.Join(dir, name+".parquet")
		if _, err := session.Exec(t.Context(), "copy (\n"+feed.BundleSQL(files)+"\n) to "+contract.Quote(path)+" (format parquet)"); err != nil {
			t.Fatal(err)
		}
		for at := range files {
			files[at].Path, files[at].Part = path, int64(at+1)
		}
		return files
	}
	some, all := bundle("some", 4, 0, 2), bundle("all", 5, 4, 3, 2, 1, 0) // all: as exported, so that ranks follow the numbers
	for name, c := range map[string]struct {
		alone   []int
		bundled []contract.ConformedFile
	}{
		"one bundle":                 {[]int{0, 1, 2, 3, 4, 5}, all},
		"a bundle and files beside":  {[]int{0, 1, 2, 3, 4, 5}, append(slices.Clone(some), alone[1], alone[3], alone[5])},
		"some files of a bundle":     {[]int{1, 3}, []contract.ConformedFile{all[2], all[4]}},
		"the last file of a bundle":  {[]int{0}, all[5:]},
		"the first file of a bundle": {[]int{5}, all[:1]},
	} {
		t.Run(name, func(t *testing.T) {
			var single []contract.ConformedFile
			for _, i := range c.alone {
				single = append(single, alone[i])
			}
			text := func(files []contract.ConformedFile) []string {
				return rows(t, session, "select concat_ws(' ', source_file, source_row, exported_at, order_id, product_id, quantity, price, file_no) from ("+feed.FeedSQL(files)+") order by 1")
			}
			want, got := text(single), text(c.bundled)
			if len(want) == 0 || !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
