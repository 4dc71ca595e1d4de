package generate

import "strconv"

func youzanFeed() feed {
	return feed{
		header: []string{
			"订单号", "订单状态", "订单创建时间", "买家付款时间", "交易成功时间", "买家昵称", "收货人姓名", "收货人手机号/提货人手机号", "收货人省份", "收货人城市", "收货人地区",
			"全部商品名称", "商品种类数", "订单商品总件数", "商品金额合计", "运费", "店铺优惠合计", "订单实付金额", "买家备注", "商家订单备注", "UnionID",
		},
		name: func(made moment, part int) string {
			return "youzan_orders_" + (made + moment(part)).format("20060102150405") + ".csv"
		},
	}
}

func (w *world) youzanRow(p *person, o *order, seen moment) []string {
	status := map[state]string{
		stateWaiting: "待付款", statePaid: "待发货", stateShipped: "已发货", stateCompleted: "交易完成", stateClosed: "交易关闭",
	}[o.stateAt(seen)]
	return []string{
		o.id, status, o.at.stamp(), seenAt(o.paidAt, seen).stamp(), seenAt(o.completedAt, seen).stamp(), p.nick, p.name, o.phone,
		p.place.province, p.place.city, p.place.district, w.titles(o, ";"), strconv.Itoa(len(o.lines)), strconv.Itoa(pieces(o)),
		o.gross.String(), o.freight.String(), o.discount.String(), o.paidSeen(seen).String(), "", "", p.unionID,
	}
}
