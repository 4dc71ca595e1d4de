package generate

import "fmt"

// line is one article of an order. paid is its part of what was paid for goods.
type line struct {
	product  int
	quantity int
	price    fen
	paid     fen
}

// refund gives back part or all of an order; line is -1 for the whole, else the one line that came back. freight is the part
// of the amount that was not paid for goods.
type refund struct {
	at              moment
	amount, freight fen
	line            int
	quantity        int
}

// order is one order as it really went; what a channel's export shows of it depends on when the export was made.
type order struct {
	channel   channel
	id        string
	number    uint64
	account   string
	phone     string
	store     int
	anonymous bool
	lines     []line

	gross, discount, freight, paid fen
	coupon, points                 fen

	at, paidAt, shippedAt, completedAt moment
	refund                             refund
}

// unpaid orders were closed by the channel half an hour after they were placed.
func (o *order) unpaid() bool { return o.paidAt == 0 }

func (o *order) refunded() bool { return o.refund.amount > 0 }

// wholly refunded orders end as closed.
func (o *order) wholly() bool { return o.refunded() && o.refund.amount == o.paid }

func (o *order) refundSeen(seen moment) bool { return o.refunded() && o.refund.at < seen }

// state of an order when an export is made.
type state int

const (
	stateWaiting state = iota
	statePaid
	stateShipped
	stateCompleted
	stateClosed
)

const paymentLimit = 1800

func (o *order) stateAt(seen moment) state {
	switch {
	case o.unpaid() && o.at+paymentLimit < seen:
		return stateClosed
	case o.unpaid() || o.paidAt >= seen:
		return stateWaiting
	case o.wholly() && o.refund.at < seen:
		return stateClosed
	case o.completedAt != 0 && o.completedAt < seen:
		return stateCompleted
	case o.shippedAt != 0 && o.shippedAt < seen:
		return stateShipped
	default:
		return statePaid
	}
}

// paidSeen is what an export made at a time shows as paid.
func (o *order) paidSeen(seen moment) fen {
	if o.unpaid() || o.paidAt >= seen {
		return 0
	}
	return o.paid
}

// seenAt blanks a moment that lies after the export.
func seenAt(m, seen moment) moment {
	if m >= seen {
		return 0
	}
	return m
}

// orderNumber is unique over all people and orders: up to 1,024 orders a person.
func orderNumber(person, sequence int) uint64 { return uint64(person)<<10 | uint64(sequence&1023) }

// orderID spells an order's number the way its channel does.
func (w *world) orderID(c channel, number uint64, at moment) string {
	digits := scatter(number, 11, w.salt(7))
	switch c {
	case channelTmall:
		return fmt.Sprintf("2%s0%011d", at.format("060102"), digits)
	case channelJD:
		return fmt.Sprintf("3%011d", digits)
	case channelDouyin:
		return fmt.Sprintf("69%s%011d", at.format("060102"), digits)
	case channelYouzan:
		return fmt.Sprintf("E%s%011d", at.format("20060102150405"), digits)
	default:
		return fmt.Sprintf("R%s%011d", at.format("060102"), digits)
	}
}
