package generate

// movementKind is what a movement of points is, in the words of the canonical datasets.
type movementKind string

const (
	kindEarn     movementKind = "earn"
	kindRedeem   movementKind = "redeem"
	kindExpire   movementKind = "expire"
	kindClawBack movementKind = "claw_back"
	kindRecredit movementKind = "recredit"
	kindAdjust   movementKind = "adjust"
)

// movement is one line of the programme's own books. points is never negative but for an adjustment.
type movement struct {
	id      string
	at      moment
	kind    movementKind
	points  int64
	order   string
	expires day
	reason  string
}

// lot is one earning and what became of it:
// issued + adjusted - redeemed - expired - clawedBack = remaining, which is never negative.
type lot struct {
	id                                                      string
	order                                                   string
	issuedAt                                                moment
	expires                                                 day
	issued, adjusted, redeemed, expired, clawedBack, remain int64
}

// use is a part of a redemption that came out of one lot.
type use struct {
	order  string
	lot    int
	points int64
}

// lotBook keeps the lots of one account, the plain way: every step looks at every lot.
type lotBook struct {
	lots    []lot
	uses    []use
	arrears int64
	totals  PointTotals
}

func (b *lotBook) balance() int64 {
	balance := -b.arrears
	for i := range b.lots {
		balance += b.lots[i].remain
	}
	return balance
}

// apply books one movement; they must come in time order, and not redeem more than the balance.
func (b *lotBook) apply(m movement) {
	b.expireBefore(m.at.day())
	switch m.kind {
	case kindEarn:
		b.lots = append(b.lots, lot{id: m.id, order: m.order, issuedAt: m.at, expires: m.expires, issued: m.points, remain: m.points})
		b.totals.Issued += m.points
		b.payArrears(&b.lots[len(b.lots)-1])
	case kindAdjust:
		b.adjust(m)
	case kindRedeem:
		b.totals.Redeemed += m.points
		b.consume(m.points, func(i int, n int64) {
			b.lots[i].redeemed += n
			b.uses = append(b.uses, use{m.order, i, n})
		})
	case kindClawBack:
		b.clawBack(m)
	case kindRecredit:
		b.recredit(m)
	}
}

func (b *lotBook) adjust(m movement) {
	b.totals.Adjusted += m.points
	if m.points < 0 {
		b.consume(-m.points, func(i int, n int64) { b.lots[i].adjusted -= n })
		return
	}
	b.lots = append(b.lots, lot{id: m.id, issuedAt: m.at, expires: m.expires, adjusted: m.points, remain: m.points})
	b.payArrears(&b.lots[len(b.lots)-1])
}

// payArrears lets points that have come in pay what is owed. Only points clawed back are ever owed: the programme lets nobody
// redeem, and corrects nobody by, more than the balance.
func (b *lotBook) payArrears(l *lot) {
	paid := min(b.arrears, l.remain)
	l.clawedBack += paid
	l.remain -= paid
	b.arrears -= paid
}

// next is the lot to use first: first to expire, then the oldest; -1 if none has anything left.
func (b *lotBook) next() int {
	best := -1
	for i := range b.lots {
		l := &b.lots[i]
		if l.remain == 0 {
			continue
		}
		if best < 0 || l.expires < b.lots[best].expires || l.expires == b.lots[best].expires && l.issuedAt < b.lots[best].issuedAt {
			best = i
		}
	}
	return best
}

// consume takes points out of lots in order, and returns what they do not hold.
func (b *lotBook) consume(points int64, taken func(lot int, points int64)) int64 {
	for points > 0 {
		i := b.next()
		if i < 0 {
			break
		}
		n := min(points, b.lots[i].remain)
		b.lots[i].remain -= n
		points -= n
		taken(i, n)
	}
	return points
}

// clawBack takes an earning back: from its own lot, then from others; what has been spent already stays owed.
func (b *lotBook) clawBack(m movement) {
	b.totals.ClawedBack += m.points
	left := m.points
	for i := range b.lots {
		l := &b.lots[i]
		if l.order == m.order && m.order != "" {
			n := min(left, l.remain)
			l.clawedBack += n
			l.remain -= n
			left -= n
		}
	}
	b.arrears += b.consume(left, func(i int, n int64) { b.lots[i].clawedBack += n })
}

// recredit undoes a redemption of an order, the last lot used first; what has run out meanwhile expires at once.
func (b *lotBook) recredit(m movement) {
	b.totals.Recredited += m.points
	left := m.points
	for i := len(b.uses) - 1; i >= 0 && left > 0; i-- {
		u := &b.uses[i]
		if u.order != m.order {
			continue
		}
		n := min(left, u.points)
		u.points -= n
		left -= n
		l := &b.lots[u.lot]
		l.redeemed -= n
		l.remain += n
		if l.expires >= m.at.day() {
			b.payArrears(l)
		}
	}
	b.expireBefore(m.at.day())
}

// expireBefore lets lots run out whose last valid day has passed when the given day begins.
func (b *lotBook) expireBefore(today day) {
	for i := range b.lots {
		l := &b.lots[i]
		if l.expires < today && l.remain > 0 {
			l.expired += l.remain
			b.totals.Expired += l.remain
			l.remain = 0
		}
	}
}
