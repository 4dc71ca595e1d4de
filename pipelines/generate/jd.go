package generate

import "strconv"

func jdFeed() feed {
	return feed{
		format: format{gb18030: true, crlf: true},
		// The last, empty cell is the comma at the end of each line.
		header: []string{
			"订单号", "商品ID", "商品名称", "订购数量", "支付方式", "下单时间", "京东价", "订单金额", "结算金额", "余额支付", "应付金额", "订单状态", "订单类型",
			"下单帐号", "客户姓名", "客户地址", "联系电话", "订单备注", "发票类型", "发票抬头", "发票内容", "商家备注", "商家备注等级（等级1-5为由高到低）", "运费金额",
			"付款确认时间", "增值税发票", "货号", "订单完成时间", "订单来源", "订单渠道", "",
		},
		name: func(made moment, part int) string {
			return "jd_orders_" + (made + moment(part)).format("20060102150405") + ".csv"
		},
	}
}

// jdRows gives a row per article; the amounts of the order stand on each of them.
func (w *world) jdRows(p *person, o *order, seen moment) [][]string {
	total := o.paid.String()
	status := map[state]string{
		stateWaiting: "等待付款", statePaid: "等待出库", stateShipped: "等待确认收货", stateCompleted: "完成", stateClosed: "已取消",
	}[o.stateAt(seen)]
	rows := make([][]string, 0, len(o.lines))
	for _, l := range o.lines {
		product := w.products[l.product]
		rows = append(rows, []string{
			o.id, product.platform, product.name, strconv.Itoa(l.quantity), "在线支付", o.at.stamp(), l.price.String(), total, total, "0.00", total, status, "SOP",
			o.account, p.name, p.place.province + p.place.city + p.place.district, maskedJD(o.phone), "", "不开发票", "", "", "", "0", o.freight.String(),
			seenAt(o.paidAt, seen).stamp(), "", product.id, seenAt(o.completedAt, seen).stamp(), "京东", "APP订单", "",
		})
	}
	return rows
}

func maskedJD(phone string) string { return phone[:1] + "******" + phone[len(phone)-4:] }
