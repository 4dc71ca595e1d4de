package generate

import (
	"fmt"
	"strconv"
	"strings"
)

// qianniuFrom is when the shop changed to the newer export: an order is in one of the two forms, never in both.
func qianniuFrom() moment { return dateDay(2026, 1, 1).at(0) }

func tmallFeed() feed {
	return feed{
		format: format{gb18030: true, crlf: true},
		// Some headers really end in a blank.
		header: []string{
			"订单编号", "买家会员名", "买家支付宝账号", "买家应付货款", "买家应付邮费", "买家支付积分", "总金额", "返点积分", "买家实际支付金额",
			"买家实际支付积分", "订单状态", "买家留言", "收货人姓名", "收货地址 ", "运送方式", "联系电话", "联系手机", "订单创建时间", "订单付款时间 ",
			"宝贝标题 ", "宝贝种类", "物流单号", "物流公司", "订单备注", "宝贝总数量", "店铺Id", "店铺名称", "订单关闭原因", "卖家服务费", "买家服务费", "发票抬头",
			"是否手机订单", "分阶段订单信息", "定金排名", "修改后的sku", "修改后的收货地址", "异常信息", "卡券抵扣", "积分抵扣", "是否是O2O交易",
		},
		name: func(made moment, part int) string {
			return "ExportOrderList" + (made + moment(part)).format("20060102150405") + ".csv"
		},
	}
}

func (w *world) tmallRow(p *person, o *order, seen moment) []string {
	goods := (o.gross - o.discount).String()
	total := (o.gross - o.discount + o.freight).String()
	return []string{
		guarded(o.id), o.account, "", goods, o.freight.String(), "0", total, "0", o.paidSeen(seen).String(),
		"0", tmallStatus(o, seen), "", p.name, p.address + "(" + p.place.postcode + ")", "快递", "", "'" + o.phone, o.at.stamp(), seenAt(o.paidAt, seen).stamp(),
		w.titles(o, "，"), strconv.Itoa(len(o.lines)), parcel(o, seen), courier(o, seen), "", strconv.Itoa(pieces(o)), "0", "禾里旗舰店", tmallReason(o, seen), "0", "0", "",
		"手机订单", "", "", "", "", "", "0", "0", "",
	}
}

// guarded keeps a spreadsheet from turning a long id into a number.
func guarded(id string) string { return `="` + id + `"` }

func tmallStatus(o *order, seen moment) string {
	comma := ","
	if o.number%2 == 1 {
		comma = "，"
	}
	switch o.stateAt(seen) {
	case stateWaiting:
		return "等待买家付款"
	case statePaid:
		return "买家已付款" + comma + "等待卖家发货"
	case stateShipped:
		return "卖家已发货" + comma + "等待买家确认"
	case stateClosed:
		return "交易关闭"
	default:
		return "交易成功"
	}
}

func tmallReason(o *order, seen moment) string {
	switch {
	case o.stateAt(seen) != stateClosed:
		return "订单未关闭"
	case o.unpaid():
		return "买家未付款"
	default:
		return "退款"
	}
}

func (w *world) titles(o *order, separator string) string {
	var names []string
	for _, l := range o.lines {
		names = append(names, w.products[l.product].name)
	}
	return strings.Join(names, separator)
}

func pieces(o *order) int {
	total := 0
	for _, l := range o.lines {
		total += l.quantity
	}
	return total
}

func parcel(o *order, seen moment) string {
	if seenAt(o.shippedAt, seen) == 0 {
		return ""
	}
	return fmt.Sprintf("YT%013d", o.number%1e13)
}

func courier(o *order, seen moment) string {
	if seenAt(o.shippedAt, seen) == 0 {
		return ""
	}
	return "圆通速递"
}

func qianniuFeed() feed {
	return feed{
		format: format{sheet: "订单"},
		header: []string{
			"订单编号", "支付单号", "支付详情", "买家应付货款", "买家应付邮费", "总金额", "买家实付金额", "订单状态", "订单创建时间", "订单付款时间", "商品标题",
			"宝贝种类", "宝贝总数量", "物流单号", "物流公司", "商家备注", "商家编码", "店铺名称", "发货时间", "确认收货时间", "确认收货打款金额", "退款金额",
			"是否主动赔付", "主动赔付金额", "主动赔付出账时间", "商品属性SKU", "C2B小额收款", "含应开票给个人红包", "总金额(旧版)", "收货地址", "买家会员名",
		},
		name: func(made moment, part int) string {
			return "qianniu_orders_" + (made + moment(part)).format("20060102150405") + ".xlsx"
		},
	}
}

func (w *world) qianniuRow(p *person, o *order, seen moment) []string {
	title, codes := w.titles(o, "，"), w.codes(o, "，")
	if o.stateAt(seen) == stateClosed {
		title = ""
	}
	refunded, settled := fen(0), fen(0)
	if o.refundSeen(seen) {
		refunded = o.refund.amount
	}
	if o.stateAt(seen) == stateCompleted {
		settled = o.paid - refunded
	}
	payment := ""
	if seenAt(o.paidAt, seen) != 0 {
		payment = fmt.Sprintf("%s22001%011d", o.paidAt.format("20060102"), o.number%1e11)
	}
	goods, total := (o.gross - o.discount).String(), (o.gross - o.discount + o.freight).String()
	return []string{
		o.id, payment, "支付宝", goods, o.freight.String(), total, o.paidSeen(seen).String(), tmallStatus(o, seen), o.at.stamp(), seenAt(o.paidAt, seen).stamp(), title,
		strconv.Itoa(len(o.lines)), strconv.Itoa(pieces(o)), parcel(o, seen), courier(o, seen), "", codes, "禾里旗舰店", seenAt(o.shippedAt, seen).stamp(),
		seenAt(o.completedAt, seen).stamp(), settled.String(), refunded.String(),
		"否", "0.00", "", "", "否", "0.00", total, p.name + "，86-" + o.phone + "，" + p.address, o.account,
	}
}

func (w *world) codes(o *order, separator string) string {
	var ids []string
	for _, l := range o.lines {
		ids = append(ids, w.products[l.product].id)
	}
	return strings.Join(ids, separator)
}
