package generate

import (
	"fmt"
	"strconv"
	"strings"
)

func douyinFeed() feed {
	return feed{
		format: format{bom: true},
		header: []string{
			"主订单编号", "子订单编号", "选购商品", "商品规格", "商品数量", "商品ID", "商家编码", "商品金额", "订单应付金额", "运费", "收件人", "收件人手机号", "收件人（脱敏）", "收件人手机号（脱敏）", "省", "市", "区", "详细地址", "订单提交时间",
			"支付完成时间", "商家备注", "订单完成时间", "订单状态", "售后状态", "取消原因", "发货时间", "平台实际承担优惠金额", "商家实际承担优惠金额", "达人实际承担优惠金额",
		},
		name: func(made moment, part int) string {
			return fmt.Sprintf("%d_douyin_orders.csv", made.epoch()+int64(part))
		},
	}
}

// douyinRows gives a row per sub-order; now and then the platform merges all of an order into one, and some rows have a
// surplus empty field at the end.
func (w *world) douyinRows(p *person, o *order, seen moment) [][]string {
	if o.merged() {
		return [][]string{w.douyinMerged(p, o, seen)}
	}
	rows := make([][]string, 0, len(o.lines))
	for i, l := range o.lines {
		product := w.products[l.product]
		freight := fen(0)
		if i == 0 {
			freight = o.freight
		}
		row := w.douyinRow(p, o, seen, douyinLine{
			id: o.subOrder(i), title: product.name, quantity: l.quantity, product: product.platform, code: product.id,
			price: l.price, payable: l.paid + freight, freight: freight, refunded: o.refundSeen(seen) && o.refund.line == i,
		})
		if (o.number+uint64(i))%9 == 0 {
			row = append(row, "")
		}
		rows = append(rows, row)
	}
	return rows
}

// merged orders come as one row with joined ids and one summed quantity. Refunds are of single lines, so none is merged.
func (o *order) merged() bool {
	return o.channel == channelDouyin && len(o.lines) > 1 && !o.refunded() && mix(o.number)%10 == 0
}

func (o *order) subOrder(i int) string { return fmt.Sprintf("68%s%02d", o.id[2:], i) }

type douyinLine struct {
	id, title, product, code string
	quantity                 int
	price, payable, freight  fen
	refunded                 bool
}

func (w *world) douyinMerged(p *person, o *order, seen moment) []string {
	var ids, products []string
	for i, l := range o.lines {
		ids = append(ids, o.subOrder(i))
		products = append(products, w.products[l.product].platform)
	}
	count := pieces(o)
	return w.douyinRow(p, o, seen, douyinLine{
		id: strings.Join(ids, ";"), title: w.titles(o, ";"), quantity: count, product: strings.Join(products, ";"), code: w.codes(o, ";"),
		price: o.gross / fen(count), payable: o.paid, freight: o.freight,
	})
}

func (w *world) douyinRow(p *person, o *order, seen moment, l douyinLine) []string {
	status, after, reason := douyinStatus(o, seen), "", ""
	if l.refunded {
		status, after = "已关闭", "退款成功"
		if o.number%2 == 0 {
			status, after = "已完成", "已退款"
		}
	}
	if o.unpaid() && o.stateAt(seen) == stateClosed {
		reason = "超时未支付"
	}
	return []string{
		"\t" + o.id, "\t" + l.id, l.title, "默认", strconv.Itoa(l.quantity), "\t" + l.product, l.code, l.price.String(), l.payable.String(), l.freight.String(),
		"##" + token(w.salt(12), p.index, 20) + "##", o.account, maskedName(p.name), maskedPhone(o.phone), p.place.province, p.place.city,
		p.place.district, "##" + token(w.salt(13), p.index, 40) + "##", o.at.stamp(),
		dash(seenAt(o.paidAt, seen).stamp()), "-", dash(seenAt(o.completedAt, seen).stamp()), status, dash(after), dash(reason), dash(seenAt(o.shippedAt, seen).stamp()),
		"0.00", "0.00", "0.00",
	}
}

// maskedName leaves the surname's first character to be seen, and not how long the name is.
func maskedName(name string) string { return string([]rune(name)[:1]) + "**" }

// maskedPhone leaves the first three digits and the last four.
func maskedPhone(phone string) string { return phone[:3] + "****" + phone[len(phone)-4:] }

func dash(cell string) string {
	if cell == "" {
		return "-"
	}
	return cell
}

// douyinStatus is that of lines that were not refunded.
func douyinStatus(o *order, seen moment) string {
	switch {
	case o.unpaid() && o.stateAt(seen) == stateClosed:
		return "已关闭"
	case seenAt(o.paidAt, seen) == 0:
		return "待支付"
	case seenAt(o.shippedAt, seen) == 0:
		return "待发货"
	case seenAt(o.completedAt, seen) == 0:
		return "已发货"
	default:
		return "已完成"
	}
}
