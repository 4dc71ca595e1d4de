package generate

import (
	"fmt"
	"strconv"
)

// generic feeds carry what no platform exports, headed by the canonical column names.
func generic(dataset string, header ...string) feed {
	return feed{header: header, name: dated("generic_"+dataset, "20060102", ".csv")}
}

func fanFeed() feed {
	return generic("accounts_wechat", "channel", "account_id", "open_id", "union_id")
}

func interactionFeed() feed {
	return generic("interactions", "channel", "account_id", "occurred_at", "kind", "content_id", "campaign_id", "referrer_account_id",
		"scene", "trigger", "initiated_by", "planned")
}

func touchRow(p *person, t touch) []string {
	return []string{
		string(channelWeChat), p.openID, t.at.stamp(), t.kind, t.content, t.campaign, t.referrer, t.scene, t.trigger, t.initiated, strconv.FormatBool(t.planned),
	}
}

func couponFeed() feed {
	return generic("coupons", "coupon_id", "campaign_id", "channel", "account_id", "issued_at", "used_at", "order_id", "face_value", "expires_on")
}

// couponRow shows a coupon as it stood when the export was made.
func (w *world) couponRow(p *person, c coupon, seen moment) []string {
	used, order := "", ""
	if c.usedAt != 0 && c.usedAt < seen {
		used, order = c.usedAt.stamp(), c.order
	}
	return []string{
		c.id, w.campaigns[c.campaign].id, string(channelMember), p.memberNo, c.issuedAt.stamp(), used, order, c.face.String(), c.expires.iso(),
	}
}

func messageFeed() feed {
	return generic("messages", "channel", "message_id", "account_channel", "account_id", "sent_at", "campaign_id", "cost", "delivered", "opened", "clicked")
}

func messageRow(p *person, m message) []string {
	return []string{
		m.channel, m.id, string(channelMember), p.memberNo, m.at.stamp(), m.campaign, m.cost.String(),
		strconv.FormatBool(m.delivered), strconv.FormatBool(m.opened), strconv.FormatBool(m.clicked),
	}
}

func communityMemberFeed() feed {
	return generic("community_members", "community_id", "channel", "account_id", "role", "joined_at", "left_at", "messages", "last_active_at")
}

func communityMemberRow(p *person, m membership) []string {
	return []string{
		communityID(m.community), string(channelMember), p.memberNo, m.role, m.joined.stamp(), m.left.stamp(), strconv.Itoa(m.messages), m.lastActive.stamp(),
	}
}

func communityID(number int) string { return fmt.Sprintf("G%06d", number+1) }

func communityFeed() feed {
	return generic("communities", "community_id", "name", "level", "region", "owner")
}

func (w *world) communityRow(number int) []string {
	s := w.stores[number%len(w.stores)]
	level, owner := "consumer", s.id
	switch number % 20 {
	case 0:
		level, owner = "dealer", s.dealer
	case 1, 2, 3:
		level = "store"
	}
	return []string{communityID(number), fmt.Sprintf("%s茶友%d群", s.city, number+1), level, s.region, owner}
}

func campaignFeed() feed {
	return generic("campaigns", "campaign_id", "name", "channel", "starts_on", "ends_on", "cost", "benefit", "funded_by", "cost_kind")
}

func campaignRow(c campaign) []string {
	return []string{c.id, c.name, c.channel, c.starts.iso(), c.ends.iso(), c.cost.String(), c.benefit, c.fundedBy, c.costKind}
}

func storeFeed() feed {
	return generic("stores", "store_id", "dealer_id", "name", "region", "opened_on")
}

func (w *world) storeRow(number int) []string {
	s := w.stores[number]
	opened := w.from - 2000 + day(mix(w.salt(16)^uint64(number))%1900)
	return []string{s.id, s.dealer, s.name, s.region, opened.iso()}
}

func productFeed() feed {
	return generic("products", "product_id", "name", "category", "list_price", "unit_cost")
}

func productRow(p product) []string {
	return []string{p.id, p.name, p.category, p.price.String(), p.cost.String()}
}
