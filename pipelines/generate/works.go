package generate

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
)

// snapshotDays are how long before the as-of day the lists of notes and works were exported.
func snapshotDays() []day { return []day{540, 360, 180, 90, 60, 30, 0} }

func (out *writer) contents() error {
	if err := out.articleFiles(); err != nil {
		return err
	}
	for i, back := range snapshotDays() {
		if err := out.snapshot(i, (out.w.asOf - back).at(23*3600+55*60), back == 0); err != nil {
			return err
		}
	}
	return nil
}

// snapshot lists everything published so far with its counts so far.
func (out *writer) snapshot(number int, made moment, last bool) error {
	var err error
	for i := range out.w.pieces {
		p := &out.w.pieces[i]
		if p.published >= made {
			break
		}
		s := p.reached(made)
		switch p.channel {
		case channelXiaohongshu:
			err = errors.Join(err, out.x.write(seriesKey{feed: "notes", period: number}, made, noteFeed(), noteRow(p, s, made)...))
			s.reads = roundWan(s.reads)
		case channelDouyin:
			err = errors.Join(err, out.x.write(seriesKey{feed: "works", period: number}, made, workFeed(), workRow(p, s, number)...))
		default:
			continue
		}
		if last {
			err = errors.Join(err, out.published(p, s.reads))
		}
	}
	return err
}

// published records a piece in the truth.
func (out *writer) published(p *piece, reads int64) error {
	totals := out.truth.summary.ContentsByMedia[p.channel]
	if totals == nil {
		totals = &ContentTotals{}
		out.truth.summary.ContentsByMedia[p.channel] = totals
	}
	totals.Pieces++
	totals.Reads += reads
	return out.truth.work.write([]string{
		string(p.channel), p.contentID(), p.titleType, p.title, p.published.stamp(), strconv.FormatInt(reads, 10),
	})
}

// contentID is the id that the contracts give to a piece; those of platforms without one are a digest of title and time.
func (p *piece) contentID() string {
	if p.channel == channelWeChat {
		return p.id
	}
	sum := md5.Sum([]byte(p.title + p.published.stamp()))
	return hex.EncodeToString(sum[:8])
}

func noteFeed() feed {
	return feed{
		format: format{sheet: "笔记列表明细表", preface: "最多导出排序后前1000条笔记"},
		header: []string{"笔记标题", "首次发布时间", "体裁", "曝光", "观看量", "封面点击率", "点赞", "评论", "收藏", "涨粉", "分享", "人均观看时长", "弹幕"},
		name:   dated("xiaohongshu_notes", "20060102", ".xlsx"),
	}
}

// noteRow: exposure is not refreshed in the first hours, and a picture note has no bullet comments.
func noteRow(p *piece, s stats, made moment) []string {
	impressions, bullets := wan(s.impressions), wan(s.comments/3)
	if made-p.published < 6*3600 {
		impressions = "0"
	}
	if p.kind == "图文" {
		bullets = "-"
	}
	return []string{
		p.title, p.published.format("2006年1月2日15时04分05秒"), p.kind, impressions, wan(s.reads), percent(p.clickRate), wan(s.likes), wan(s.comments),
		wan(s.saves), wan(s.follows), wan(s.shares), strconv.FormatFloat(p.seconds, 'f', 1, 64), bullets,
	}
}

// wan spells counts from ten thousand on in units of ten thousand with one decimal, cutting off the rest.
func wan(n int64) string {
	if n < 10_000 {
		return strconv.FormatInt(n, 10)
	}
	return fmt.Sprintf("%d.%d万", n/10_000, n/1_000%10)
}

// roundWan is what is left of a count spelled so.
func roundWan(n int64) int64 {
	if n < 10_000 {
		return n
	}
	return n / 1_000 * 1_000
}

func percent(rate float64) string { return strconv.FormatFloat(rate*100, 'f', 1, 64) + "%" }

func workFeed() feed {
	return feed{
		format: format{bom: true},
		header: []string{
			"作品名称", "发布时间", "体裁", "审核状态", "播放量", "完播率", "5s完播率", "封面点击率", "2s跳出率", "平均播放时长", "点赞量", "分享量", "评论量", "收藏量", "主页访问量", "粉丝增量",
		},
		name: dated("douyin_works", "20060102", ".csv"),
	}
}

// workRow: rates are fractions in one version of the export and per cents in another; pictures have none.
func workRow(p *piece, s stats, version int) []string {
	spell := percent
	if version%2 == 0 {
		spell = func(rate float64) string { return strconv.FormatFloat(rate, 'f', 4, 64) }
	}
	rates := []string{spell(p.completion), spell(p.completion * 1.6), spell(p.clickRate), spell(p.bounce)}
	if p.kind == "图文" {
		rates = []string{"", "", "", ""}
	}
	n := func(count int64) string { return strconv.FormatInt(count, 10) }
	row := []string{p.title, p.published.stamp(), p.kind, "审核通过", n(s.reads)}
	row = append(row, rates...)
	return append(row, strconv.FormatFloat(p.seconds, 'f', 2, 64), n(s.likes), n(s.shares), n(s.comments), n(s.saves), n(s.visits), n(s.follows))
}
