package generate

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// articleTotal is one article in the answer of getarticletotal; counts run from publication to each day, for seven days.
type articleTotal struct {
	RefDate string          `json:"ref_date"`
	MsgID   string          `json:"msgid"`
	Title   string          `json:"title"`
	Details []articleDetail `json:"details"`
}

type articleDetail struct {
	StatDate      string `json:"stat_date"`
	TargetUser    int64  `json:"target_user"`
	ReadUser      int64  `json:"int_page_read_user"`
	ReadCount     int64  `json:"int_page_read_count"`
	OriginalUser  int64  `json:"ori_page_read_user"`
	OriginalCount int64  `json:"ori_page_read_count"`
	ShareUser     int64  `json:"share_user"`
	ShareCount    int64  `json:"share_count"`
	SaveUser      int64  `json:"add_to_fav_user"`
	SaveCount     int64  `json:"add_to_fav_count"`
}

const articleDays = 7

// articleFiles writes one answer for each period, asked for when its last article has had its seven days.
func (out *writer) articleFiles() error {
	answers := map[day][]articleTotal{}
	var asked []day
	for i := range out.w.articles {
		a := &out.w.articles[i]
		on := min(out.periods.after(out.periods.of(a.published.day()))+articleDays, out.w.asOf+1)
		if !slices.Contains(asked, on) {
			asked = append(asked, on)
		}
		total := articleTotalOf(a, on)
		answers[on] = append(answers[on], total)
		if err := out.published(a, total.Details[len(total.Details)-1].ReadCount); err != nil {
			return err
		}
	}
	for _, on := range asked {
		rows := 0
		for _, a := range answers[on] {
			rows += len(a.Details)
		}
		name := fmt.Sprintf("wechat_article_total_%s.json", on.compact())
		if err := out.x.writeJSON(name, on.at(8*3600), map[string]any{"list": answers[on]}, rows); err != nil {
			return err
		}
	}
	return nil
}

func articleTotalOf(a *piece, asked day) articleTotal {
	first := a.published.day()
	t := articleTotal{RefDate: first.iso(), MsgID: a.id, Title: a.title}
	for on := first; on < first+articleDays && on < asked; on++ {
		s := a.reached((on + 1).at(0))
		t.Details = append(t.Details, articleDetail{
			StatDate: on.iso(), TargetUser: a.final.impressions, ReadUser: s.readUsers, ReadCount: s.reads,
			OriginalUser: s.visits - s.visits/6, OriginalCount: s.visits, ShareUser: s.shareUsers, ShareCount: s.shares,
			SaveUser: s.saves, SaveCount: s.saves,
		})
	}
	return t
}

// fanCounts are new and lost followers by day and source; their size is that of the history.
type fanCounts struct {
	from  day
	byDay []map[int]*fanDay
}

type fanDay struct{ gained, lost int64 }

func newFanCounts(w *world) fanCounts {
	return fanCounts{from: w.from - 800, byDay: make([]map[int]*fanDay, int(w.asOf-w.from)+801)}
}

func (f *fanCounts) count(t touch, totals *ContactTotals) {
	switch t.kind {
	case "follow":
		totals.Follows++
		f.at(t.at.day(), t.source).gained++
	case "unfollow":
		totals.Unfollows++
		f.at(t.at.day(), 0).lost++
	}
}

func (f *fanCounts) at(on day, source int) *fanDay {
	i := int(on - f.from)
	if f.byDay[i] == nil {
		f.byDay[i] = map[int]*fanDay{}
	}
	if f.byDay[i][source] == nil {
		f.byDay[i][source] = &fanDay{}
	}
	return f.byDay[i][source]
}

// userSummary is one row in the answer of getusersummary.
type userSummary struct {
	RefDate    string `json:"ref_date"`
	UserSource int    `json:"user_source"`
	NewUser    int64  `json:"new_user"`
	CancelUser int64  `json:"cancel_user"`
}

// fanSummaries writes followers gained and lost, one answer for each period.
func (out *writer) fanSummaries() error {
	first := out.periods.of(out.w.from)
	for period := first; period <= out.periods.of(out.w.asOf); period++ {
		var list []userSummary
		on := out.w.from
		if period > first {
			on = out.periods.after(period - 1)
		}
		for ; on < out.periods.after(period); on++ {
			list = append(list, out.fans.day(on)...)
		}
		made := out.periods.after(period)
		name := fmt.Sprintf("wechat_user_summary_%s.json", made.compact())
		if err := out.x.writeJSON(name, made.at(8*3600), map[string]any{"list": list}, len(list)); err != nil {
			return err
		}
	}
	return nil
}

func (f *fanCounts) day(on day) []userSummary {
	var list []userSummary
	for _, source := range []int{0, 1, 17, 30, 51, 57} {
		if c := f.byDay[int(on-f.from)][source]; c != nil {
			list = append(list, userSummary{on.iso(), source, c.gained, c.lost})
		}
	}
	return list
}

// writeJSON writes one API answer.
func (x *exports) writeJSON(name string, made moment, answer any, records int) error {
	text, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	path := filepath.Join(x.dir, name)
	if err := os.WriteFile(path, append(text, '\n'), 0o640); err != nil {
		return err
	}
	x.files = append(x.files, FileTotals{Name: name, Rows: records})
	return setMade(path, made)
}
