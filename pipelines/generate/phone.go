package generate

import "fmt"

const (
	familyShare   = .02 // households in a hundred that share one phone, so that about 2 % of people do
	changedShare  = .03
	mistypedShare = .01
)

// phoneNumber is unique to (index, version): eight digits that never repeat behind a prefix. 138 is no prefix here, since
// 13800138000 and its like are known junk.
func (w *world) phoneNumber(index, version int) string {
	digits := scatter(uint64(index*2+version), 8, w.salt(6))
	prefix := w.names.prefixes[int(mix(uint64(index)^w.seed)%uint64(len(w.names.prefixes)))]
	return fmt.Sprintf("%s%08d", prefix, digits)
}

// phones gives the person a number of their own or that of the household, perhaps changed or mistyped.
func (w *world) phones(p *person, d *dice) {
	owner := w.phoneOwner(p.index)
	p.borrowed = owner != p.index
	p.phone = w.phoneNumber(owner, 0)
	p.oldPhone = p.phone
	changes, mistypes := d.chance(changedShare), d.chance(mistypedShare)
	changedOn := w.from + day(d.below(int(w.asOf-w.from)))
	if changes && owner == p.index && !w.sharesPhone(p.index) {
		p.changedAt = changedOn.at(4 * 3600)
		p.phone = w.phoneNumber(p.index, 1)
	}
	if mistypes && !p.borrowed {
		p.mistypedIn = p.shops[0]
		p.mistyped = mistype(p.phone, d)
	}
	if p.borrowed {
		p.shops = withoutPhoneAccounts(p.shops, p.member)
	}
}

// phoneOwner is the person of the household whose phone it is: in a family that shares one, the first.
func (w *world) phoneOwner(index int) int {
	if w.sharesPhone(index) {
		return index - index%3
	}
	return index
}

func (w *world) sharesPhone(index int) bool {
	d := newDice(w.seed, streamTraits, -1-index/3)
	if !d.chance(familyShare) {
		return false
	}
	// Half of these families share among two, half among three.
	return index%3 < 2+d.below(2)
}

// withoutPhoneAccounts leaves out shops whose account is the phone number itself: there, one number is one account, and
// it belongs to the family member whose phone it is.
func withoutPhoneAccounts(shops []channel, member bool) []channel {
	var kept []channel
	for _, c := range shops {
		if c != channelYouzan && (c != channelPOS || member) {
			kept = append(kept, c)
		}
	}
	if len(kept) == 0 {
		return []channel{channelTmall}
	}
	return kept
}

// mistype changes one of the last seven digits.
func mistype(phone string, d *dice) string {
	typed := []byte(phone)
	at := d.between(4, 10)
	typed[at] = '0' + (typed[at]-'0'+byte(d.between(1, 9)))%10
	return string(typed)
}

// phoneIn is the number somebody gives in a channel at a time.
func (p *person) phoneIn(c channel, at moment) string {
	switch {
	case p.mistyped != "" && c == p.mistypedIn:
		return p.mistyped
	case at < p.changedAt:
		return p.oldPhone
	default:
		return p.phone
	}
}
