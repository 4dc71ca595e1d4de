package generate

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestContentExportsHoldTheTruth(t *testing.T) {
	dir, summary := brand(t, 300, 11)
	got := map[channel]ContentTotals{}
	articles := ContentTotals{}
	for _, name := range []string{"20250108", "20250708", "20260108", "20260708", "20261101"} {
		pieces, reads := readArticles(t, filepath.Join(dir, "exports", "wechat_article_total_"+name+".json"))
		articles.Pieces += pieces
		articles.Reads += reads
	}
	got[channelWeChat] = articles
	got[channelXiaohongshu] = readSnapshot(t, filesOf(t, dir, "xiaohongshu_notes_20261031.xlsx")[0].rows, "观看量")
	got[channelDouyin] = readSnapshot(t, filesOf(t, dir, "douyin_works_20261031.csv")[0].rows, "播放量")
	for c, want := range summary.ContentsByMedia {
		if diff := cmp.Diff(*want, got[c]); diff != "" {
			t.Errorf("%s: %s", c, diff)
		}
	}
}

// readArticles takes the last of each article's counts, which are since publication and never fall.
func readArticles(t *testing.T, path string) (pieces, reads int64) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		List []struct {
			RefDate string `json:"ref_date"`
			Details []struct {
				StatDate string `json:"stat_date"`
				Reads    int64  `json:"int_page_read_count"`
				Users    int64  `json:"int_page_read_user"`
			} `json:"details"`
		} `json:"list"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatal(err)
	}
	for _, article := range answer.List {
		last := int64(0)
		for _, d := range article.Details {
			if d.Reads < last || d.Users > d.Reads || d.StatDate < article.RefDate || d.StatDate > "2026-10-31" {
				t.Errorf("counts of %s on %s: %d after %d", article.RefDate, d.StatDate, d.Reads, last)
			}
			last = d.Reads
		}
		pieces++
		reads += last
	}
	return pieces, reads
}

func readSnapshot(t *testing.T, rows []map[string]string, column string) ContentTotals {
	t.Helper()
	var totals ContentTotals
	for _, row := range rows {
		totals.Pieces++
		count, unit := strings.CutSuffix(row[column], "万")
		if unit {
			totals.Reads += int64(cents(t, count)) * 100
		} else {
			totals.Reads += integer(t, count)
		}
	}
	return totals
}

func TestFanSummariesCountTheFollowers(t *testing.T) {
	dir, summary := brand(t, 300, 11)
	paths, err := filepath.Glob(filepath.Join(dir, "exports", "wechat_user_summary_*.json"))
	if err != nil {
		t.Fatal(err)
	}
	var gained, lost int64
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var answer struct {
			List []struct {
				New    int64 `json:"new_user"`
				Cancel int64 `json:"cancel_user"`
			} `json:"list"`
		}
		if err := json.Unmarshal(text, &answer); err != nil {
			t.Fatal(err)
		}
		for _, day := range answer.List {
			gained += day.New
			lost += day.Cancel
		}
	}
	if gained != summary.Contacts.Follows || lost != summary.Contacts.Unfollows || lost == 0 {
		t.Errorf("gained %d, lost %d; truth is %+v", gained, lost, summary.Contacts)
	}
}

func TestFilesHaveTheRowsOnRecord(t *testing.T) {
	dir, summary := brand(t, 300, 11)
	entries, err := os.ReadDir(filepath.Join(dir, "exports"))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(summary.Files) {
		t.Errorf("%d files exported, %d on record", len(entries), len(summary.Files))
	}
	for _, file := range summary.Files {
		if strings.HasSuffix(file.Name, ".json") {
			continue
		}
		if rows := readRows(t, filepath.Join(dir, "exports", file.Name)); len(rows) != file.Rows {
			t.Errorf("%s has %d rows, %d on record", file.Name, len(rows), file.Rows)
		}
	}
}
