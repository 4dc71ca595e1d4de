package generate

import (
	"fmt"
	"sort"
)

// touch is one contact between a person and the brand, in the words of the canonical dataset.
type touch struct {
	at                          moment
	kind                        string
	content, campaign, referrer string
	scene, trigger, initiated   string
	planned                     bool
	// source is the code that WeChat counts a new follower under.
	source int
}

// message is one outbound message.
type message struct {
	id, channel                string
	campaign, trigger          string
	at                         moment
	cost                       fen
	delivered, opened, clicked bool
}

// membership in a community.
type membership struct {
	community    int
	role         string
	joined, left moment
	messages     int
	lastActive   moment
}

// contacts are all that passed between a person and the brand beside purchases, up to the as-of day.
type contacts struct {
	touches  []touch
	messages []message
	joined   []membership
}

func (w *world) contacts(p *person, orders []order) contacts {
	d := newDice(w.seed, streamTouch, p.index)
	var c contacts
	if p.member {
		c.messages = w.messages(p, &d)
		if d.chance(.22) {
			c.joined = append(c.joined, w.community(p, &d))
		}
	}
	if p.openID != "" {
		c.touches = w.touches(p, orders, c.messages, &d)
	}
	return c
}

// touches are those of a WeChat follower: following, reading, sharing, answering messages, signing in, perhaps leaving.
func (w *world) touches(p *person, orders []order, messages []message, d *dice) []touch {
	from := w.followedAt(p, d)
	until := w.end()
	if d.chance(.15) {
		until = min(until, from+moment(d.between(3, 500)*secondsPerDay))
	}
	first := w.follow(p, from, d)
	all := []touch{first}
	all = append(all, w.readings(from, until, d)...)
	for i := range orders {
		all = append(all, w.leadIn(&orders[i], from, until, d)...)
	}
	for _, m := range messages {
		if at := m.at + moment(d.between(60, 7200)); m.clicked && at > from && at < until {
			all = append(all, touch{at: at, kind: "click", campaign: m.campaign, scene: m.channel, trigger: m.trigger, initiated: "brand", planned: true})
		}
	}
	if p.member && d.chance(.3) {
		all = append(all, touch{at: from + 300, kind: "sign_in", scene: "mini_program", trigger: "path", initiated: "customer"})
	}
	if until < w.end() {
		all = append(all, touch{at: until, kind: "unfollow", initiated: "customer"})
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].at < all[j].at })
	return spread(all, w.end())
}

// spread gives each touch a second of its own, in order, and drops what has not happened yet.
func spread(all []touch, end moment) []touch {
	kept := all[:0]
	last := moment(0)
	for _, t := range all {
		t.at = max(t.at, last+1)
		if t.at < end {
			kept = append(kept, t)
			last = t.at
		}
	}
	return kept
}

func (w *world) followedAt(p *person, d *dice) moment {
	if p.member && p.registeredAt >= w.start() {
		return max(w.start(), p.registeredAt-moment(d.between(60, 3600)))
	}
	return (w.from + day(d.below(int(w.asOf-w.from)))).at(shoppingHour(d))
}

// follow begins with a code in a store, an article, a friend…; codes are those of WeChat's user summary.
func (w *world) follow(p *person, at moment, d *dice) touch {
	ways := []touch{
		{scene: "qr_store_" + w.stores[p.store].id, source: 30, trigger: "place", initiated: "brand", planned: true},
		{scene: "article", source: 57, trigger: "path", initiated: "customer"},
		{scene: "search", source: 1, trigger: "path", initiated: "customer"},
		{scene: "card", source: 17, trigger: "social", initiated: "customer"},
		{scene: "payment", source: 51, trigger: "path", initiated: "brand", planned: true},
		{scene: "other", source: 0, initiated: "customer"},
	}
	t := ways[d.weighted([]int{34, 22, 12, 16, 12, 4})]
	t.at, t.kind = at, "follow"
	if t.scene == "card" && p.index > 0 {
		t.referrer = w.earlierFollower(p.index, d)
	}
	return t
}

// earlierFollower names somebody of a lower number who has a WeChat identity, if one is found quickly.
func (w *world) earlierFollower(index int, d *dice) string {
	for range 4 {
		other := w.person(d.below(index))
		if other.openID != "" {
			return other.openID
		}
	}
	return ""
}

// readings are articles somebody opens out of habit, some of them shared.
func (w *world) readings(from, until moment, d *dice) []touch {
	var all []touch
	for range d.weighted([]int{30, 20, 15, 12, 10, 8, 5}) {
		a := &w.articles[d.below(len(w.articles))]
		at := a.published + moment(d.between(600, 3*secondsPerDay))
		if at <= from || at >= until {
			continue
		}
		all = append(all, touch{at: at, kind: "visit", content: a.id, trigger: "time", initiated: "brand", planned: true})
		if d.chance(.12) {
			all = append(all, touch{at: at + 120, kind: "share", content: a.id, trigger: "social", initiated: "customer"})
		}
	}
	return all
}

// leadIn is what came before an order: a code scanned in the store, or an article read before the mini-program shop.
func (w *world) leadIn(o *order, from, until moment, d *dice) []touch {
	known := o.at-900 > from && o.at < until && !o.anonymous
	switch {
	case known && o.channel == channelPOS && d.chance(.15):
		return []touch{{at: o.at - 600, kind: "scan", scene: "qr_store_" + w.stores[o.store].id, trigger: "place", initiated: "brand", planned: true}}
	case known && o.channel == channelYouzan && d.chance(.4):
		return w.articleBefore(o, from, d)
	default:
		return nil
	}
}

// articleBefore is one of the last articles published before an order, read in the days before it.
func (w *world) articleBefore(o *order, from moment, d *dice) []touch {
	after := sort.Search(len(w.articles), func(i int) bool { return w.articles[i].published >= o.at-3600 })
	if after == 0 {
		return nil
	}
	a := &w.articles[after-1-d.below(min(after, 4))]
	at := max(a.published+60, o.at-moment(d.between(300, 5*secondsPerDay)))
	if at <= from || at >= o.at {
		return nil
	}
	return []touch{
		{at: at, kind: "visit", content: a.id, trigger: "path", initiated: "customer"},
		{at: at + 40, kind: "click", content: a.id, trigger: "path", initiated: "customer"},
	}
}

// messages are what campaigns sent to a member who agreed to be addressed that way.
func (w *world) messages(p *person, d *dice) []message {
	var all []message
	for _, c := range w.campaigns {
		at := c.starts.at(10*3600 + d.below(7200))
		if at >= w.end() || at < p.registeredAt || !d.chance(c.messageShare) || !p.agreed(c.messageChannel) {
			continue
		}
		m := message{
			id: fmt.Sprintf("MS%s%09d", c.starts.format6(), scatter(uint64(p.index), 9, w.salt(14))), channel: c.messageChannel,
			campaign: c.id, trigger: c.trigger, at: at, cost: c.messageCost, delivered: d.chance(.97),
		}
		m.opened = m.delivered && d.chance(map[string]float64{"sms": .12, "email": .18, "wechat": .35, "app": .25}[c.messageChannel])
		m.clicked = m.opened && d.chance(.25)
		all = append(all, m)
	}
	return all
}

func (p *person) agreed(messageChannel string) bool {
	switch messageChannel {
	case "sms":
		return p.sms
	case "email":
		return p.mail && p.email != ""
	case "app":
		return p.push
	default:
		return p.openID != ""
	}
}

// communityCount is one community for about sixty members in one, four dealers' and store groups in twenty.
func (w *world) communityCount() int { return max(5, w.members*22/100/60) }

// community is the one group a member is in, with a role: leaders are few, most just listen.
func (w *world) community(p *person, d *dice) membership {
	m := membership{community: int(mix(uint64(p.index)^w.salt(15)) % uint64(w.communityCount()))}
	role := d.weighted([]int{2, 8, 12, 78})
	m.role = []string{"leader", "organiser", "fan", "base"}[role]
	m.joined = max(p.registeredAt, w.start()) + moment(d.between(1, 40)*secondsPerDay)
	m.joined = min(m.joined, w.end()-secondsPerDay)
	stays := w.end() - 3600
	if role == 3 && d.chance(.2) {
		stays = min(stays, m.joined+moment(d.between(10, 300)*secondsPerDay))
		m.left = stays
	}
	weeks := int((stays-m.joined)/secondsPerDay)/7 + 1
	m.messages = d.below(weeks*[]int{30, 14, 6, 1}[role] + 1)
	if m.messages > 0 {
		m.lastActive = m.joined + moment(float64(stays-m.joined)*(1-d.float()*d.float()))
	}
	return m
}
