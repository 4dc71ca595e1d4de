package generate

import "strconv"

func memberFeed() feed {
	return feed{
		header: []string{"会员号", "姓名", "手机号", "邮箱", "UnionID", "OpenID", "生日", "性别", "省", "市", "注册时间", "短信授权", "邮件授权", "推送授权"},
		name:   dated("members", "20060102", ".csv"),
	}
}

// memberRow shows a member as the programme knew them at a time.
func memberRow(p *person, seen moment) []string {
	birthday := p.birthday.iso()
	if p.index%10 == 3 {
		birthday = ""
	}
	return []string{
		p.memberNo, p.name, p.phoneIn(channelMember, seen), p.email, p.unionID, p.openID, birthday, p.gender, p.place.province, p.place.city,
		p.registeredAt.stamp(), yes(p.sms), yes(p.mail), yes(p.push),
	}
}

func yes(b bool) string {
	if b {
		return "是"
	}
	return "否"
}

func pointFeed() feed {
	return feed{
		header: []string{"流水号", "会员号", "发生时间", "类型", "积分", "订单号", "有效期至", "原因"},
		// Named by the month it ends with.
		name: func(made moment, part int) string { return dated("points", "200601", ".csv")(made-secondsPerDay, part) },
	}
}

func pointRow(p *person, m movement) []string {
	kind := map[movementKind]string{
		kindEarn: "获取", kindRedeem: "兑换", kindExpire: "过期", kindClawBack: "扣回", kindRecredit: "返还", kindAdjust: "调整",
	}[m.kind]
	expires := ""
	if m.expires != 0 {
		expires = m.expires.iso()
	}
	return []string{m.id, p.memberNo, m.at.stamp(), kind, strconv.FormatInt(m.points, 10), m.order, expires, m.reason}
}

func balanceFeed() feed {
	return feed{header: []string{"会员号", "截止日", "积分"}, name: dated("point_balances", "20060102", ".csv")}
}
