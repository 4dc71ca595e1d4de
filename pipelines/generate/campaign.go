package generate

import "fmt"

// campaign is one marketing campaign of the brand.
type campaign struct {
	id, name, channel           string
	starts, ends                day
	cost                        fen
	benefit, fundedBy, costKind string
	coupon                      fen
	couponShare, messageShare   float64
	messageChannel, trigger     string
	messageCost                 fen
	// pull is the chance that somebody who would buy a little later buys now.
	pull float64
}

type occasion struct {
	name                  string
	month, first, span    int
	channel               string
	yuan                  fen
	benefit, funded, kind string
	coupon                fen
	couponShare, share    float64
	messages, trigger     string
	messageCost           fen
	pull                  float64
}

// occasions of a year. span is in days; first is a day of the month.
func occasions() []occasion {
	return []occasion{
		{name: "新年礼遇", month: 12, first: 26, span: 16, channel: "youzan", yuan: 6000, benefit: "discount", funded: "own", kind: "hard", coupon: 2000, couponShare: .3, share: .35, messages: "sms", trigger: "time", messageCost: 5, pull: .45},
		{name: "春茶上新", month: 3, first: 12, span: 14, channel: "youzan", yuan: 2500, benefit: "free", funded: "own", kind: "hard", coupon: 1000, couponShare: .15, share: .25, messages: "wechat", trigger: "time", messageCost: 0, pull: .15},
		{name: "五一踏青", month: 4, first: 28, span: 8, channel: "pos", yuan: 1500, benefit: "privilege", funded: "own", kind: "soft", share: .15, messages: "app", trigger: "place", messageCost: 0, pull: .1},
		{name: "618年中", month: 6, first: 1, span: 20, channel: "tmall", yuan: 12000, benefit: "discount", funded: "own", kind: "hard", coupon: 2000, couponShare: .25, share: .4, messages: "sms", trigger: "time", messageCost: 5, pull: .5},
		{name: "高温冷泡", month: 7, first: 20, span: 12, channel: "youzan", yuan: 800, benefit: "free", funded: "partner", kind: "soft", share: .1, messages: "wechat", trigger: "weather", messageCost: 0, pull: .05},
		{name: "会员日", month: 9, first: 8, span: 3, channel: "wechat_member", yuan: 3000, benefit: "points", funded: "own", kind: "soft", coupon: 1500, couponShare: .3, share: .35, messages: "app", trigger: "time", messageCost: 0, pull: .2},
		{name: "中秋团圆", month: 9, first: 15, span: 12, channel: "pos", yuan: 2800, benefit: "upgrade", funded: "partner", kind: "hard", share: .15, messages: "sms", trigger: "social", messageCost: 5, pull: .3},
		{name: "双11", month: 11, first: 1, span: 12, channel: "tmall", yuan: 20000, benefit: "discount", funded: "own", kind: "hard", coupon: 3000, couponShare: .3, share: .45, messages: "sms", trigger: "time", messageCost: 5, pull: .6},
		{name: "老客召回", month: 2, first: 20, span: 20, channel: "youzan", yuan: 1200, benefit: "welfare", funded: "own", kind: "hard", coupon: 1000, couponShare: .1, share: .1, messages: "email", trigger: "path", messageCost: 1, pull: .03},
		{name: "秋季召回", month: 8, first: 10, span: 20, channel: "youzan", yuan: 1200, benefit: "welfare", funded: "own", kind: "hard", coupon: 1000, couponShare: .1, share: .1, messages: "email", trigger: "path", messageCost: 1, pull: .03},
	}
}

// campaigns lists the occasions that begin between two days, oldest first. Months run through the years in order.
func campaigns(from, to day) []campaign {
	var all []campaign
	for month := from.month(); month <= to.month(); month++ {
		for _, o := range occasions() {
			starts := monthStart(month) + day(o.first-1)
			if o.month != month%12+1 || starts < from || starts > to {
				continue
			}
			all = append(all, o.on(starts))
		}
	}
	return all
}

func (o occasion) on(starts day) campaign {
	return campaign{
		id: fmt.Sprintf("C%s", starts.compact()), name: fmt.Sprintf("%d年%s", starts.time().Year(), o.name), channel: o.channel,
		starts: starts, ends: starts + day(o.span-1), cost: o.yuan * 100, benefit: o.benefit, fundedBy: o.funded, costKind: o.kind,
		coupon: o.coupon, couponShare: o.couponShare, messageShare: o.share, messageChannel: o.messages, trigger: o.trigger,
		messageCost: o.messageCost, pull: o.pull,
	}
}
