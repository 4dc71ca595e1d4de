package report

import (
	"strings"
	"time"
)

type churnView struct {
	churnRow
	Label  label
	Share  *float64 // of all customers who ever bought
	Bar    float64
	AtRisk bool
}

func newChurn(tiers []churnRow) []churnView {
	var customers int64
	for _, tier := range tiers {
		customers += tier.Customers
	}
	bars := widths(tiers, func(tier churnRow) int64 { return tier.Customers })
	views := make([]churnView, len(tiers))
	for i, tier := range tiers {
		views[i] = churnView{
			churnRow: tier, Label: churnLabel(tier.Tier), Share: share(tier.Customers, customers), Bar: bars[i], AtRisk: isAtRisk(tier.Tier),
		}
	}
	return views
}

type contentView struct {
	contentRow
	Rank        int
	Title       string
	Published   string
	Reads       string
	Followers   string
	Orders      string
	ReadsBar    float64
	RevenueBar  float64
	ChannelName string
}

func newContents(contents []contentRow) []contentView {
	reads := widths(contents, func(content contentRow) int64 { return valueOf(content.Reads) })
	revenue := widths(contents, func(content contentRow) int64 { return content.Revenue })
	views := make([]contentView, len(contents))
	for i, content := range contents {
		views[i] = contentView{
			contentRow: content, Rank: i + 1, Title: orElse(content.Title, content.ContentID),
			Published: published(content), Reads: optional(content.Reads), Followers: optional(content.Followers),
			Orders:   fixed(content.Orders, 2),
			ReadsBar: reads[i], RevenueBar: revenue[i], ChannelName: strings.ReplaceAll(content.Channel, "_", " "),
		}
	}
	return views
}

func published(content contentRow) string {
	if content.PublishedAt == nil {
		return none
	}
	return content.PublishedAt.Format("2006-01-02")
}

func valueOf(number *int64) int64 {
	if number == nil {
		return 0
	}
	return *number
}

// runView is the run itself.
type runView struct {
	Steps    []stepView
	Seconds  string
	Feeds    []Feed
	Total    Feed
	Balanced bool // rows = accepted + rejected + dropped, for every feed
}

type stepView struct {
	Step
	Time string
	Bar  float64
}

func newRun(meta Meta) runView {
	view := runView{Seconds: seconds(meta.Duration.Seconds()), Feeds: meta.Feeds, Balanced: true}
	bars := widths(meta.Steps, func(step Step) int64 { return int64(step.Seconds * float64(time.Second/time.Microsecond)) })
	for i, step := range meta.Steps {
		view.Steps = append(view.Steps, stepView{Step: step, Time: seconds(step.Seconds), Bar: bars[i]})
	}
	for _, feed := range meta.Feeds {
		view.Total.Files += feed.Files
		view.Total.Rows += feed.Rows
		view.Total.Accepted += feed.Accepted
		view.Total.Rejected += feed.Rejected
		view.Total.Dropped += feed.Dropped
		view.Balanced = view.Balanced && feed.Rows == feed.Accepted+feed.Rejected+feed.Dropped
	}
	return view
}

func seconds(value float64) string { return fixed(value, 2) + " s" }
