package generate

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
)

// truth writes what only the generator knows.
type truth struct {
	dir                string
	people, lots, work table
	spending           *spending
	summary            Summary
	vintages           map[int]*VintageTotals
}

func newTruth(w *world, dir string) (*truth, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	t := &truth{dir: dir, vintages: map[int]*VintageTotals{}, summary: Summary{
		Seed: w.seed, Members: w.members, From: w.from.iso(), AsOf: w.asOf.iso(), AccountsByChannel: map[channel]int64{},
		SalesByChannel: map[channel]*SalesTotals{}, ContentsByMedia: map[channel]*ContentTotals{},
	}}
	var errs [4]error
	t.people, errs[0] = createTable(filepath.Join(dir, "people.csv"), format{}, []string{"person", "channel", "account_id"})
	t.lots, errs[1] = createTable(filepath.Join(dir, "lots.csv"), format{}, lotHeader())
	t.work, errs[2] = createTable(filepath.Join(dir, "contents.csv"), format{}, []string{"channel", "content_id", "title_type", "title", "published_at", "reads"})
	t.spending, errs[3] = newSpending(filepath.Join(dir, ".spending"))
	if err := errors.Join(errs[:]...); err != nil {
		return nil, errors.Join(err, t.discard())
	}
	return t, nil
}

func lotHeader() []string {
	return []string{
		"channel", "account_id", "lot_id", "issued_at", "expires_on", "points_issued", "points_redeemed", "points_expired",
		"points_clawed_back", "points_adjusted", "points_remaining", "order_id",
	}
}

func lotRow(p *person, l *lot) []string {
	n := func(points int64) string { return strconv.FormatInt(points, 10) }
	return []string{
		string(channelMember), p.memberNo, l.id, l.issuedAt.stamp(), l.expires.iso(), n(l.issued), n(l.redeemed), n(l.expired),
		n(l.clawedBack), n(l.adjusted), n(l.remain), l.order,
	}
}

// accounts of a person, each once.
func (t *truth) accounts(p *person, refs []accountRef) error {
	if len(refs) > 0 {
		t.summary.People++
	}
	for _, r := range refs {
		t.summary.Accounts++
		t.summary.AccountsByChannel[r.channel]++
		if err := t.people.write([]string{strconv.Itoa(p.index + 1), string(r.channel), r.id}); err != nil {
			return err
		}
	}
	return nil
}

func (t *truth) sale(o *order, seen moment) {
	s := &t.summary
	if s.SalesByChannel[o.channel] == nil {
		s.SalesByChannel[o.channel] = &SalesTotals{}
	}
	s.Sales.add(o, seen)
	s.SalesByChannel[o.channel].add(o, seen)
	if o.anonymous {
		s.AnonymousSales.add(o, seen)
	}
}

// spend of a person in the window of a year.
func (t *truth) spend(w *world, orders []order) error {
	from := (w.asOf - 364).at(0)
	inside := func(at moment) bool { return at >= from && at < w.end() }
	var net fen
	count := 0
	for i := range orders {
		o := &orders[i]
		if o.anonymous {
			continue
		}
		if !o.unpaid() && inside(o.paidAt) {
			net += o.paid
			count++
		}
		if o.refunded() && inside(o.refund.at) {
			net -= o.refund.amount
		}
	}
	if count == 0 {
		return nil
	}
	return t.spending.add(net, count)
}

// points of a member: the lots as of the day, and what came of them in the end.
func (t *truth) points(p *person, a *account) error {
	s := &t.summary.Points
	s.add(a.asOf.totals)
	s.Movements += int64(len(a.movements))
	s.Lots += int64(len(a.asOf.lots))
	s.Arrears += a.asOf.arrears
	for i := range a.asOf.lots {
		l := &a.asOf.lots[i]
		s.LotsRemaining += l.remain
		t.vintage(l, a.book.lots[i].redeemed)
		if err := t.lots.write(lotRow(p, l)); err != nil {
			return err
		}
	}
	return nil
}

func (t *truth) vintage(l *lot, inTheEnd int64) {
	if l.issued == 0 {
		return
	}
	month := l.issuedAt.day().month()
	v := t.vintages[month]
	if v == nil {
		v = &VintageTotals{Month: l.issuedAt.format("2006-01")}
		t.vintages[month] = v
	}
	v.Issued += l.issued
	v.Redeemed += l.redeemed
	v.RedeemedInTheEnd += inTheEnd
}

// finish completes the truth and returns it.
func (t *truth) finish(w *world, files []FileTotals) (Summary, error) {
	s := &t.summary
	s.Files = files
	s.Points.Outstanding = s.Points.LotsRemaining - s.Points.Arrears
	var issued, used int64
	for month := w.from.month(); month <= w.asOf.month(); month++ {
		if v := t.vintages[month]; v != nil {
			s.PointsByMonth = append(s.PointsByMonth, *v)
			issued += v.Issued
			used += v.RedeemedInTheEnd
		}
	}
	if issued > 0 {
		s.Points.RedemptionRate = float64(used) / float64(issued)
	}
	var err error
	if s.Layers, err = t.spending.layers(); err != nil {
		return Summary{}, err
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return Summary{}, err
	}
	return *s, errors.Join(t.closeTables(), os.WriteFile(filepath.Join(t.dir, "summary.json"), append(text, '\n'), 0o640))
}

func (t *truth) closeTables() error {
	var err error
	for _, table := range []*table{&t.people, &t.lots, &t.work} {
		if *table != nil {
			err = errors.Join(err, (*table).close())
			*table = nil
		}
	}
	return err
}

// discard lets go of everything still open, and removes the scratch file.
func (t *truth) discard() error {
	err := t.closeTables()
	if t.spending != nil {
		err = errors.Join(err, t.spending.discard())
	}
	return err
}
