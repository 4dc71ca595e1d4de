package generate

// refundShare is the chance that a paid order is refunded, in part or whole.
func refundShare(c channel) float64 {
	switch c {
	case channelPOS:
		return .045
	case channelDouyin:
		return .11
	default:
		return .065
	}
}

// giveBack decides on a refund, in the forms that a channel's export can show: a store takes goods back on a later day,
// Tmall pays part back on completion or cancels before shipping, Douyin refunds single lines, others cancel whole orders.
func (b *buyer) giveBack(o *order) {
	if o.unpaid() || !b.d.chance(refundShare(o.channel)) {
		return
	}
	switch {
	case o.channel == channelPOS:
		b.returnGoods(o)
	case o.channel == channelTmall && o.at >= qianniuFrom() && b.d.chance(.5):
		o.refund = refund{at: o.completedAt, amount: max(1, o.paid*fen(b.d.between(5, 60))/100), line: -1}
	case o.channel == channelDouyin:
		b.refundLine(o)
	default:
		b.cancel(o)
	}
}

// cancel pays everything back on the day of payment, before the parcel leaves.
func (b *buyer) cancel(o *order) {
	o.refund = refund{at: o.paidAt.sameDay(b.d.between(600, 4*3600)), amount: o.paid, line: -1}
	o.shippedAt, o.completedAt = 0, 0
}

// refundLine pays one line back when the order is completed; freight is on the first line.
func (b *buyer) refundLine(o *order) {
	i := b.d.below(len(o.lines))
	o.refund = refund{at: o.completedAt, amount: o.lines[i].paid, line: i, quantity: o.lines[i].quantity}
	if i == 0 {
		o.refund.amount += o.freight
		o.refund.freight = o.freight
	}
}

// returnGoods brings some or all pieces of one line back to the store, up to six weeks later.
func (b *buyer) returnGoods(o *order) {
	i := b.d.below(len(o.lines))
	l := o.lines[i]
	back := l.quantity
	if back > 1 && b.d.chance(.4) {
		back = b.d.between(1, back-1)
	}
	amount := l.paid * fen(back) / fen(l.quantity)
	if amount == 0 {
		return
	}
	at := (o.paidAt.day() + day(b.d.between(1, 45))).at(openingHour(&b.d))
	o.refund = refund{at: at, amount: amount, line: i, quantity: back}
}
