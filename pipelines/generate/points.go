package generate

import (
	"fmt"
	"slices"
)

// account is a member's points account while the member's life is told: movements to come wait in pending.
type account struct {
	w         *world
	p         *person
	d         dice
	threshold int64
	bound     bool
	pending   []movement
	last      moment
	sequence  int
	book      lotBook

	// movements up to the as-of day, and the book as it stood then.
	movements []movement
	asOf      lotBook
	taken     bool
	// issuedAsOf is how many lots of the book were issued up to the as-of day.
	issuedAsOf int
}

// allPoints asks for as much as the balance gives, in whole yuan.
const allPoints = 0

func newAccount(w *world, p *person) *account {
	a := &account{w: w, p: p, d: newDice(w.seed, streamLife, -1-p.index)}
	a.threshold = []int64{500, 1000, 2000}[a.d.weighted([]int{60, 30, 10})]
	a.bound = a.d.chance(boundShare)
	for year := w.from.time().Year(); year <= w.horizon.time().Year(); year++ {
		birthday := p.birthday.time()
		greeting := dateDay(year, birthday.Month(), birthday.Day()).at(9 * 3600)
		if greeting >= w.start() && greeting > p.registeredAt && a.d.chance(.3) {
			a.plan(movement{at: greeting, kind: kindEarn, points: 50, reason: "生日礼"})
		}
	}
	return a
}

// plan keeps movements to come in time order.
func (a *account) plan(m movement) {
	at, _ := slices.BinarySearchFunc(a.pending, m, func(x, y movement) int {
		if x.at <= y.at {
			return -1
		}
		return 1
	})
	a.pending = slices.Insert(a.pending, at, m)
}

// advance books what is due before a moment.
func (a *account) advance(until moment) {
	for len(a.pending) > 0 && a.pending[0].at < until {
		m := a.pending[0]
		a.pending = slices.Delete(a.pending, 0, 1)
		a.post(m)
	}
	if until >= a.w.end() {
		a.close()
	}
}

// post books one movement now, at a time of its own: no two movements of an account share a second.
func (a *account) post(m movement) {
	m.at = max(m.at, a.last+1)
	if m.at >= a.w.end() {
		a.close()
	}
	if m.kind == kindRedeem || m.points < 0 {
		a.book.expireBefore(m.at.day())
		balance := a.book.balance()
		if m.points == allPoints {
			m.points = balance / pointsPerYuan * pointsPerYuan
		}
		if balance < max(m.points, -m.points) || balance < a.threshold && m.kind == kindRedeem {
			return
		}
	}
	if m.kind == kindEarn || m.kind == kindAdjust && m.points > 0 {
		m.expires = m.at.day() + pointsValidity
	}
	a.last = m.at
	m.id = fmt.Sprintf("PT%08d%04d", scatter(uint64(a.p.index), 8, a.w.salt(10)), a.sequence)
	a.sequence++
	a.book.apply(m)
	if !a.taken {
		a.movements = append(a.movements, m)
	}
}

// close keeps the book as it stands at the end of the as-of day.
func (a *account) close() {
	if a.taken {
		return
	}
	a.taken = true
	a.book.expireBefore(a.w.asOf)
	a.asOf = a.book
	a.asOf.lots = slices.Clone(a.book.lots)
	a.issuedAsOf = len(a.book.lots)
}

// finish books everything up to the horizon.
func (a *account) finish() {
	a.advance(a.w.horizon.at(0))
	a.close()
	a.book.expireBefore(a.w.horizon)
}

// usePoints pays part of an order with points, once the balance has reached what this member waits for.
func (b *buyer) usePoints(o *order) {
	if b.account == nil || !b.joined(o.at) {
		return
	}
	b.account.advance(o.at)
	b.account.book.expireBefore(o.at.day())
	balance := b.account.book.balance()
	if balance < b.account.threshold || !b.d.chance(.55) {
		return
	}
	yuan := min(balance/pointsPerYuan, (o.gross-o.coupon).yuan()/5)
	if yuan == 0 {
		return
	}
	o.points = fen(yuan * 100)
	b.account.post(movement{at: o.at, kind: kindRedeem, points: yuan * pointsPerYuan, order: o.id, reason: "积分抵现"})
}

// reward plans what an order earns, what a refund takes back, and now and then a gift or a correction.
func (b *buyer) reward(o *order) {
	if b.account == nil || o.unpaid() || o.anonymous || !b.joined(o.at) {
		return
	}
	b.account.advance(o.at)
	own := o.channel == channelPOS || o.channel == channelYouzan
	if own || b.account.bound {
		b.earn(o)
	}
	if o.points > 0 && o.wholly() {
		b.account.plan(movement{at: o.refund.at, kind: kindRecredit, points: int64(o.points) / 100 * pointsPerYuan, order: o.id, reason: "退款返还"})
	}
	b.extras(o)
}

// earn gives a point for each yuan paid for goods, in a store at once, else on completion and net of what was refunded by then.
func (b *buyer) earn(o *order) {
	goods := o.paid - o.freight
	at := o.completedAt
	if o.channel == channelPOS {
		at = o.paidAt + 1
	}
	if at == 0 {
		return
	}
	later := o.refunded() && o.refund.at > at
	if o.refunded() && !later {
		goods = max(0, goods-o.refund.amount+o.refund.freight)
	}
	if goods.yuan() > 0 {
		b.account.plan(movement{at: at, kind: kindEarn, points: goods.yuan(), order: o.id, reason: "消费"})
	}
	if later {
		b.cashIn(o)
		if back := goods.yuan() - (goods - o.refund.amount).yuan(); back > 0 {
			b.account.plan(movement{at: o.refund.at, kind: kindClawBack, points: back, order: o.id, reason: "退货扣回"})
		}
	}
}

// cashIn: some spend all points on a gift before they bring the goods back, so that there is nothing left to claw back.
func (b *buyer) cashIn(o *order) {
	if b.d.chance(.25) {
		b.account.plan(movement{at: o.refund.at - 1800, kind: kindRedeem, points: allPoints, reason: "积分换礼"})
	}
}

func (b *buyer) extras(o *order) {
	when := (o.at.day() + day(b.d.between(5, 60))).at(b.d.between(9*3600, 22*3600))
	if b.d.chance(.06) {
		b.account.plan(movement{at: when, kind: kindRedeem, points: allPoints, reason: "积分换礼"})
	}
	if b.d.chance(.004) {
		b.account.plan(movement{at: when, kind: kindAdjust, points: int64(b.d.between(1, 5)) * 20, reason: "客服补偿"})
	}
	if b.d.chance(.002) {
		b.account.plan(movement{at: when, kind: kindAdjust, points: -30, reason: "人工更正"})
	}
}
