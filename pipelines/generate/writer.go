package generate

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
)

// accountRef names an account as the canonical datasets do.
type accountRef struct {
	channel channel
	id      string
}

// writer writes people, one after the other, into the export files and the truth.
type writer struct {
	w       *world
	x       *exports
	truth   *truth
	periods periods
	feeds   feeds
	fans    fanCounts
	// Orders of the month before the last are exported a first time as they stood when it ended.
	early moment
	// Members are exported a first time a year before the as-of day.
	firstMembers moment
}

type feeds struct {
	tmall, qianniu, jd, douyin, youzan, pos, members, points, balances   feed
	fans, interactions, coupons, messages, communityMembers, communities feed
}

func newWriter(w *world, dir string) (*writer, error) {
	x, err := newExports(filepath.Join(dir, "exports"))
	if err != nil {
		return nil, err
	}
	t, err := newTruth(w, filepath.Join(dir, "truth"))
	if err != nil {
		return nil, err
	}
	return &writer{
		w: w, x: x, truth: t, periods: periodsFor(w), fans: newFanCounts(w),
		early: monthStart(w.asOf.month()).at(2 * 3600), firstMembers: (w.asOf - 364).at(5 * 3600),
		feeds: feeds{
			tmallFeed(), qianniuFeed(), jdFeed(), douyinFeed(), youzanFeed(), posFeed(), memberFeed(), pointFeed(), balanceFeed(),
			fanFeed(), interactionFeed(), couponFeed(), messageFeed(), communityMemberFeed(), communityFeed(),
		},
	}, nil
}

func (out *writer) discard() error { return errors.Join(out.x.discard(), out.truth.discard()) }

func (out *writer) run(ctx context.Context, progress func(done, total int)) (Summary, error) {
	for i := range out.w.people {
		if i%512 == 0 {
			if err := ctx.Err(); err != nil {
				return Summary{}, err
			}
			if progress != nil {
				progress(i, out.w.people)
			}
		}
		if err := out.person(i); err != nil {
			return Summary{}, fmt.Errorf("person %d: %w", i+1, err)
		}
	}
	if err := errors.Join(out.lists(), out.contents(), out.fanSummaries(), out.x.close()); err != nil {
		return Summary{}, err
	}
	if progress != nil {
		progress(out.w.people, out.w.people)
	}
	return out.truth.finish(out.w, out.x.files)
}

func (out *writer) person(index int) error {
	p := out.w.person(index)
	life := out.w.live(&p)
	met := out.w.contacts(&p, life.orders)
	var refs []accountRef
	var errs [4]error
	refs, errs[0] = out.orders(&p, life.orders)
	if p.member {
		refs = append(refs, accountRef{channelMember, p.memberNo})
		errs[1] = errors.Join(out.member(&p), out.points(&p, life.account), out.coupons(&p, life.coupons))
	}
	if p.openID != "" {
		refs = append(refs, accountRef{channelWeChat, p.openID})
	}
	errs[2] = out.contacts(&p, met)
	errs[3] = errors.Join(out.truth.spend(out.w, life.orders), out.truth.accounts(&p, refs))
	return errors.Join(errs[:]...)
}

// orders writes what the shops show, and returns the accounts used.
func (out *writer) orders(p *person, orders []order) ([]accountRef, error) {
	var refs []accountRef
	for i := range orders {
		o := &orders[i]
		if o.at >= out.w.end() {
			continue
		}
		if o.account != "" {
			refs = addRef(refs, accountRef{o.channel, o.account})
		}
		out.truth.sale(o, out.w.end())
		if err := out.order(p, o); err != nil {
			return nil, err
		}
	}
	return refs, nil
}

func addRef(refs []accountRef, ref accountRef) []accountRef {
	for _, r := range refs {
		if r == ref {
			return refs
		}
	}
	return append(refs, ref)
}

func (out *writer) order(p *person, o *order) error {
	if o.channel == channelPOS {
		return out.receipt(p, o)
	}
	period := out.periods.of(o.at.day())
	last := (out.w.asOf + 1).at(2*3600) + moment(60*(period-out.periods.of(out.w.from)))
	err := out.orderAs(p, o, out.w.end(), last, seriesKey{period: period})
	if o.at.day().month() == out.w.asOf.month()-1 {
		err = errors.Join(err, out.orderAs(p, o, out.early, out.early, seriesKey{early: true}))
	}
	return err
}

// orderAs writes an order in the form of its channel, as it was seen at a moment, into a file made at another.
func (out *writer) orderAs(p *person, o *order, seen, made moment, key seriesKey) error {
	var kind feed
	var rows [][]string
	switch {
	case o.channel == channelTmall && o.at >= qianniuFrom():
		key.feed, kind, rows = "qianniu_orders", out.feeds.qianniu, [][]string{out.w.qianniuRow(p, o, seen)}
	case o.channel == channelTmall:
		key.feed, kind, rows = "tmall_orders", out.feeds.tmall, [][]string{out.w.tmallRow(p, o, seen)}
	case o.channel == channelJD:
		key.feed, kind, rows = "jd_orders", out.feeds.jd, out.w.jdRows(p, o, seen)
	case o.channel == channelDouyin:
		key.feed, kind, rows = "douyin_orders", out.feeds.douyin, out.w.douyinRows(p, o, seen)
	default:
		key.feed, kind, rows = "youzan_orders", out.feeds.youzan, [][]string{out.w.youzanRow(p, o, seen)}
	}
	for _, row := range rows {
		if err := out.x.write(key, made, kind, row...); err != nil {
			return err
		}
	}
	return nil
}

// receipt writes a sale, and a return as a receipt of its own, each into the period it happened in.
func (out *writer) receipt(p *person, o *order) error {
	for _, row := range out.w.saleRows(p, o) {
		if err := out.event("pos_receipts", out.feeds.pos, o.at, row); err != nil {
			return err
		}
	}
	if !o.refundSeen(out.w.end()) {
		return nil
	}
	return out.event("pos_receipts", out.feeds.pos, o.refund.at, out.w.returnRow(p, o))
}

// event writes a row into the file of the period it happened in, made in the small hours after that period.
func (out *writer) event(name string, kind feed, at moment, row []string) error {
	period := out.periods.of(at.day())
	return out.x.write(seriesKey{feed: name, period: period}, out.periods.after(period).at(3*3600), kind, row...)
}

func (out *writer) member(p *person) error {
	if p.registeredAt < out.firstMembers {
		err := out.x.write(seriesKey{feed: "members", early: true}, out.firstMembers, out.feeds.members, memberRow(p, out.firstMembers)...)
		if err != nil {
			return err
		}
	}
	return out.atEnd("members", out.feeds.members, memberRow(p, out.w.end()))
}

// atEnd writes a row into a file made on the morning after the as-of day.
func (out *writer) atEnd(name string, kind feed, row []string) error {
	return out.x.write(seriesKey{feed: name}, (out.w.asOf + 1).at(4*3600), kind, row...)
}

func (out *writer) points(p *person, a *account) error {
	for _, m := range a.movements {
		if err := out.event("points", out.feeds.points, m.at, pointRow(p, m)); err != nil {
			return err
		}
	}
	if len(a.movements) > 0 {
		row := []string{p.memberNo, out.w.asOf.iso(), strconv.FormatInt(a.asOf.balance(), 10)}
		made := out.w.asOf.at(latestSecond)
		if err := out.x.write(seriesKey{feed: "point_balances"}, made, out.feeds.balances, row...); err != nil {
			return err
		}
	}
	return out.truth.points(p, a)
}

func (out *writer) coupons(p *person, coupons []coupon) error {
	totals := &out.truth.summary.Contacts
	for _, c := range coupons {
		if c.issuedAt >= out.w.end() {
			continue
		}
		totals.Coupons++
		if c.usedAt != 0 && c.usedAt < out.w.end() {
			totals.CouponsUsed++
		}
		if err := out.event("coupons", out.feeds.coupons, c.issuedAt, out.w.couponRow(p, c, out.w.end())); err != nil {
			return err
		}
	}
	return nil
}

func (out *writer) contacts(p *person, met contacts) error {
	totals := &out.truth.summary.Contacts
	var err error
	if p.openID != "" {
		err = out.atEnd("fans", out.feeds.fans, []string{string(channelWeChat), p.openID, p.openID, p.unionID})
	}
	for _, t := range met.touches {
		totals.Interactions++
		out.fans.count(t, totals)
		err = errors.Join(err, out.event("interactions", out.feeds.interactions, t.at, touchRow(p, t)))
	}
	for _, m := range met.messages {
		totals.Messages++
		err = errors.Join(err, out.event("messages", out.feeds.messages, m.at, messageRow(p, m)))
	}
	for _, m := range met.joined {
		totals.CommunityMembers++
		err = errors.Join(err, out.atEnd("community_members", out.feeds.communityMembers, communityMemberRow(p, m)))
	}
	return err
}

// lists writes the small files about the brand itself.
func (out *writer) lists() error {
	var err error
	for _, p := range out.w.products {
		err = errors.Join(err, out.atEnd("products", productFeed(), productRow(p)))
	}
	for i := range out.w.stores {
		err = errors.Join(err, out.atEnd("stores", storeFeed(), out.w.storeRow(i)))
	}
	for _, c := range out.w.campaigns {
		if c.starts <= out.w.asOf {
			err = errors.Join(err, out.atEnd("campaigns", campaignFeed(), campaignRow(c)))
		}
	}
	for i := range out.w.communityCount() {
		out.truth.summary.Contacts.Communities++
		err = errors.Join(err, out.atEnd("communities", out.feeds.communities, out.w.communityRow(i)))
	}
	return err
}
