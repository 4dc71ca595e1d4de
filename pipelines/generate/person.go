package generate

import (
	"fmt"
	"strings"
)

// person is who somebody is: all of it follows from (seed, index).
type person struct {
	index    int
	member   bool
	memberNo string
	name     string
	phone    string
	// oldPhone was used before changedAt; it equals phone for the many who keep theirs.
	oldPhone  string
	changedAt moment
	// mistyped is the number as it was typed wrongly, in one channel, for good; empty for most.
	mistyped   string
	mistypedIn channel
	// borrowed tells that the phone is that of another person of the household.
	borrowed        bool
	email           string
	unionID, openID string
	birthday        day
	gender          string
	place           place
	address         string
	registeredAt    moment
	sms, mail, push bool
	shops           []channel
	nick            string
	store           int
}

// isMember tells whether somebody is in the programme: two of every household of three are.
func isMember(index int) bool { return index%3 != 2 }

func (w *world) person(index int) person {
	d := newDice(w.seed, streamTraits, index)
	p := person{index: index, member: isMember(index)}
	p.name = w.fullName(&d)
	p.place = pick(&d, w.names.places)
	p.store = w.nearbyStore(&d, p.place)
	p.nick = w.nick(&d, index)
	p.address = fmt.Sprintf("%s %s %s %s%d号%d幢%d室", p.place.province, p.place.city, p.place.district,
		pick(&d, w.names.streets), d.between(1, 320), d.between(1, 28), d.between(1, 30)*100+d.between(1, 6))
	p.gender = []string{"女", "男", ""}[d.weighted([]int{60, 34, 6})]
	p.birthday = dateDay(d.between(1958, 2006), 1, 1) + day(d.below(365))
	p.shops = chooseShops(&d)
	w.phones(&p, &d)
	w.wechatIdentity(&p, &d)
	if p.member {
		w.membership(&p, &d)
	}
	return p
}

func (w *world) fullName(d *dice) string {
	name := pick(d, w.names.surnames) + pick(d, w.names.given)
	if d.chance(.7) {
		name += pick(d, w.names.given)
	}
	return name
}

func (w *world) nick(d *dice, index int) string {
	number := scatter(uint64(index), 9, w.salt(1))
	if d.chance(.5) {
		return fmt.Sprintf("tb%09d", number)
	}
	return fmt.Sprintf("%s%d", pick(d, w.names.nicks), 1_000_000_000+number)
}

// nearbyStore is a store of the person's own city where there is one.
func (w *world) nearbyStore(d *dice, home place) int {
	count, cities := len(w.stores), len(w.names.places)
	for i, p := range w.names.places {
		if p.city == home.city && i < count {
			return i + cities*d.below((count-i+cities-1)/cities)
		}
	}
	return d.below(count)
}

// chooseShops gives one to four channels to buy in, the favourite first.
func chooseShops(d *dice) []channel {
	all, weights := shops()
	weights = append([]int(nil), weights...)
	count := 1 + d.weighted([]int{46, 31, 16, 7})
	chosen := make([]channel, 0, count)
	for range count {
		i := d.weighted(weights)
		chosen = append(chosen, all[i])
		weights[i] = 0
	}
	return chosen
}

// wechatIdentity: most members follow through one WeChat identity. Of the others those follow who read and do not buy, and few buyers: whoever buys
// and follows is a member, joining being one tap.
func (w *world) wechatIdentity(p *person, d *dice) {
	share := .85
	if !p.member {
		life := newDice(w.seed, streamLife, p.index)
		share = .6
		if w.habits(p, &life).comes {
			share = .12
		}
	}
	if d.chance(share) {
		p.openID = w.openID(p.index)
		p.unionID = fmt.Sprintf("u%s", token(w.salt(3), p.index, 27))
	}
}

// openID needs no other trait of the person, so that somebody else's record can name it.
func (w *world) openID(index int) string { return "o" + token(w.salt(2), index, 27) }

func (w *world) membership(p *person, d *dice) {
	p.memberNo = w.memberNo(p.index)
	if d.chance(.4) {
		p.email = fmt.Sprintf("hl%08d@example.com", scatter(uint64(p.index), 8, w.salt(4)))
	}
	p.registeredAt = (w.from - 700 + day(d.below(int(w.asOf-w.from)+700))).at(shoppingHour(d))
	p.sms, p.mail, p.push = d.chance(.8), d.chance(.3), d.chance(.6)
}

func (w *world) memberNo(index int) string {
	return fmt.Sprintf("86%09d", scatter(uint64(index), 9, w.salt(5)))
}

// token is an unguessable looking, unique id of the given length (at least 10).
func token(salt uint64, index, length int) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
	var b strings.Builder
	b.Grow(length)
	number := uint64(index) ^ salt&0xffffffffff
	for range 8 {
		b.WriteByte(alphabet[number&63])
		number >>= 6
	}
	d := dice{state: salt ^ mix(uint64(index))}
	for b.Len() < length {
		b.WriteByte(alphabet[d.below(len(alphabet))])
	}
	return b.String()
}
