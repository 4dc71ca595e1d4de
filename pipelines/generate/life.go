package generate

import (
	"math"

	"countinghouse/internal/keyedhash"
)

const (
	neverBuys      = .16
	buysBefore     = .38 // of those who buy: customers from before the history
	churnShare     = .10 // after each purchase
	returnShare    = .22 // of those who left, come back once
	unpaidShare    = .03
	anonymousShare = .12 // of receipts in a store
	boundShare     = .6  // of marketplace orders of members earn points
	loyalSpread    = 1.15
	spendSpread    = .75
)

// habits are how somebody buys.
type habits struct {
	gap     float64 // mean days between purchases
	basket  float64 // how much more than others they take
	fine    float64 // how far they reach up the price list, 0 to 1
	first   day
	comes   bool
	goneFor float64
}

func (w *world) habits(p *person, d *dice) habits {
	gap := math.Min(600, math.Max(6, d.lognormal(120, loyalSpread)))
	h := habits{gap: gap, basket: d.lognormal(1, spendSpread), fine: math.Min(1, d.lognormal(.35, .6)), comes: !d.chance(neverBuys)}
	span := int(w.asOf - w.from)
	if d.chance(buysBefore) {
		h.first = w.from + day(d.float()*math.Min(h.gap, float64(span)))
	} else {
		h.first = w.from + day(float64(span+60)*math.Sqrt(d.float()))
	}
	if p.member && d.chance(.55) && p.registeredAt.day() > w.from && p.registeredAt.day() < w.asOf {
		h.first = p.registeredAt.day()
	}
	h.goneFor = float64(d.between(150, 420))
	return h
}

// buyer walks through somebody's purchases in time.
type buyer struct {
	w        *world
	p        *person
	d        dice
	habits   habits
	account  *account
	coupons  []coupon
	orders   []order
	sequence int
}

// live makes all orders, points and coupons of a person, up to the horizon.
func (w *world) live(p *person) buyer {
	b := buyer{w: w, p: p, d: newDice(w.seed, streamLife, p.index)}
	b.habits = w.habits(p, &b.d)
	if p.member {
		b.account = newAccount(w, p)
		b.coupons = w.couponsOf(p, &b.d)
	}
	if b.habits.comes {
		b.shop()
	}
	if b.account != nil {
		b.account.finish()
	}
	return b
}

func (b *buyer) shop() {
	returns := 0
	for at := float64(b.habits.first); at <= float64(b.w.horizon) && b.sequence < 1000; {
		on := b.drawn(day(at))
		b.buy(on)
		gap := 1 + b.d.gamma2(b.habits.gap)
		if b.d.chance(churnShare) {
			if returns > 0 || !b.d.chance(returnShare) {
				return
			}
			returns++
			gap += b.habits.goneFor
		}
		at = math.Max(float64(on)+1, at+gap)
	}
}

// drawn moves a purchase into a campaign that comes up soon: seasons.
func (b *buyer) drawn(on day) day {
	for _, c := range b.w.campaigns {
		if c.starts > on+21 {
			break
		}
		if on <= c.ends && b.d.chance(c.pull) {
			return max(on, c.starts) + day(b.d.below(int(c.ends-max(on, c.starts))+1))
		}
	}
	return on
}

func (b *buyer) buy(on day) {
	o := order{channel: b.favourite(), number: orderNumber(b.p.index, b.sequence), store: -1}
	b.sequence++
	o.at = on.at(shoppingHour(&b.d))
	if o.channel == channelPOS {
		o.at = on.at(openingHour(&b.d))
		o.store = b.p.store
		if b.d.chance(.1) {
			o.store = b.d.below(len(b.w.stores))
		}
		o.anonymous = b.d.chance(anonymousShare)
	}
	o.id = b.w.orderID(o.channel, o.number, o.at)
	b.identify(&o)
	b.fill(&o)
	b.price(&o)
	b.fulfil(&o)
	b.giveBack(&o)
	b.reward(&o)
	b.orders = append(b.orders, o)
}

// favourite is mostly the first shop somebody came to know.
func (b *buyer) favourite() channel {
	if len(b.p.shops) == 1 || b.d.chance(.65) {
		return b.p.shops[0]
	}
	return b.p.shops[1+b.d.below(len(b.p.shops)-1)]
}

// identify says which account of the person the order is under.
func (b *buyer) identify(o *order) {
	o.phone = b.p.phoneIn(o.channel, o.at)
	switch o.channel {
	case channelTmall:
		o.account = b.p.nick
	case channelJD:
		o.account = "jd_" + token(b.w.salt(8), b.p.index, 12)
	case channelDouyin:
		o.account = b.w.cipher(b.p.index)
	case channelYouzan:
		o.account = b.w.phoneAccount(o.phone)
	default:
		o.account = b.receiptAccount(o)
	}
}

// cipher is what Douyin shows for a phone: the same for one person in one shop.
func (w *world) cipher(index int) string { return "##" + token(w.salt(9), index, 24) + "##" }

func (b *buyer) receiptAccount(o *order) string {
	switch {
	case o.anonymous:
		return ""
	case b.joined(o.at):
		return b.p.memberNo
	default:
		return b.w.phoneAccount(o.phone)
	}
}

// phoneAccount is the account id that the contracts give to a buyer known by phone alone, so that no phone is an id.
func (w *world) phoneAccount(phone string) string { return keyedhash.Text(w.key, phone) }

func (b *buyer) joined(at moment) bool { return b.p.member && b.p.registeredAt <= at }

func (b *buyer) fill(o *order) {
	count := 1 + b.d.weighted([]int{48, 28, 15, 9})
	for range count {
		product := b.choose()
		if taken(o.lines, product) {
			continue
		}
		quantity := max(1, min(20, int(b.d.lognormal(b.habits.basket, .5)+.3)))
		price := b.w.products[product].price
		if o.channel != channelPOS && b.d.chance(.3) {
			price = price * fen(b.d.between(80, 95)) / 100
		}
		o.lines = append(o.lines, line{product: product, quantity: quantity, price: price})
		o.gross += price * fen(quantity)
	}
}

func taken(lines []line, product int) bool {
	for _, l := range lines {
		if l.product == product {
			return true
		}
	}
	return false
}

// choose draws an article, dear ones rarely but by those who like fine things.
func (b *buyer) choose() int {
	for {
		i := b.d.below(len(b.w.products))
		if b.d.float() < math.Pow(3900/float64(b.w.products[i].price), 1-b.habits.fine) {
			return i
		}
	}
}

// price takes off coupon and points and adds freight; what is paid for goods is shared over the lines to the fen.
func (b *buyer) price(o *order) {
	unpaid := o.channel != channelPOS && b.d.chance(unpaidShare)
	if !unpaid && !o.anonymous && (o.channel == channelYouzan || o.channel == channelPOS) {
		b.useCoupon(o)
		b.usePoints(o)
	}
	o.discount = o.coupon + o.points
	if o.channel != channelPOS && o.channel != channelJD && o.gross < 9900 {
		o.freight = 800
	}
	o.paid = o.gross - o.discount + o.freight
	weights := make([]fen, len(o.lines))
	for i, l := range o.lines {
		weights[i] = l.price * fen(l.quantity)
	}
	for i, part := range share(o.gross-o.discount, weights) {
		o.lines[i].paid = part
	}
	if !unpaid {
		o.paidAt = o.at
		if o.channel != channelPOS {
			o.paidAt = o.at.sameDay(b.d.between(5, 600))
		}
	}
}

func (b *buyer) fulfil(o *order) {
	if o.unpaid() || o.channel == channelPOS {
		return
	}
	o.shippedAt = (o.paidAt.day() + 1 + day(b.d.below(2))).at(b.d.between(8*3600, 20*3600))
	o.completedAt = (o.shippedAt.day() + day(b.d.between(3, 10))).at(b.d.between(8*3600, 23*3600))
}
