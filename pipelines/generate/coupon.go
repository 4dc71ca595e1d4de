package generate

import "fmt"

// coupon of a member, from a campaign. order is empty while it is unused.
type coupon struct {
	id       string
	campaign int
	issuedAt moment
	expires  day
	face     fen
	usedAt   moment
	order    string
}

// couponsOf says which campaigns gave this member a coupon, oldest first.
func (w *world) couponsOf(p *person, d *dice) []coupon {
	var all []coupon
	for i, c := range w.campaigns {
		if c.coupon == 0 || !d.chance(c.couponShare) {
			continue
		}
		issued := c.starts.at(d.between(8*3600, 20*3600))
		if issued < p.registeredAt {
			continue
		}
		all = append(all, coupon{
			id: fmt.Sprintf("Q%s%09d", c.starts.format6(), scatter(uint64(p.index), 9, w.salt(11))), campaign: i,
			issuedAt: issued, expires: c.ends + 30, face: c.coupon,
		})
	}
	return all
}

// useCoupon takes the first coupon that is valid and small against the order.
func (b *buyer) useCoupon(o *order) {
	for i := range b.coupons {
		c := &b.coupons[i]
		if c.usedAt != 0 || c.issuedAt > o.at || c.expires < o.at.day() || o.gross < 5*c.face {
			continue
		}
		c.usedAt, c.order, o.coupon = o.at, o.id, c.face
		return
	}
}

func (d day) format6() string { return d.time().Format("060102") }
