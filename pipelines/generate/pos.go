package generate

import (
	"fmt"
	"strconv"
)

func posFeed() feed {
	return feed{
		header: []string{"小票号", "门店编号", "交易时间", "会员号", "手机号", "商品编码", "商品名称", "品类", "数量", "单价", "金额", "成本", "类型", "原小票号", "UnionID"},
		name:   dated("pos_receipts", "20060102", ".csv"),
	}
}

// dated names files by day or month; parts after the first carry their number.
func dated(stem, layout, extension string) func(moment, int) string {
	return func(made moment, part int) string {
		name := stem + "_" + made.format(layout)
		if part > 0 {
			name += fmt.Sprintf("_%d", part+1)
		}
		return name + extension
	}
}

// saleRows are the lines of a receipt.
func (w *world) saleRows(p *person, o *order) [][]string {
	rows := make([][]string, 0, len(o.lines))
	for i := range o.lines {
		l := &o.lines[i]
		rows = append(rows, w.posRow(p, o, l, receiptLine{o.id, o.at, l.quantity, l.paid, "销售", ""}))
	}
	return rows
}

// returnRow is the receipt of goods brought back: positive amounts, and the receipt they were sold under.
func (w *world) returnRow(p *person, o *order) []string {
	r := o.refund
	return w.posRow(p, o, &o.lines[r.line], receiptLine{"T" + o.id[1:], r.at, r.quantity, r.amount, "退货", o.id})
}

type receiptLine struct {
	receipt  string
	at       moment
	quantity int
	amount   fen
	kind     string
	original string
}

func (w *world) posRow(p *person, o *order, l *line, r receiptLine) []string {
	product, member, phone, union := w.products[l.product], "", "", ""
	if !o.anonymous {
		phone = o.phone
		union = o.paidInWeChat(p)
	}
	if o.account != "" && o.account == p.memberNo {
		member = p.memberNo
	}
	return []string{
		r.receipt, w.stores[o.store].id, r.at.stamp(), member, phone, product.id, product.name, product.category, strconv.Itoa(r.quantity),
		l.price.String(), r.amount.String(), (product.cost * fen(r.quantity)).String(), r.kind, r.original, union,
	}
}

// paidInWeChat is the payer's identity, which the till has of a follower who pays with WeChat, as seven in ten do.
func (o *order) paidInWeChat(p *person) string {
	if mix(o.number)%10 < 7 {
		return p.unionID
	}
	return ""
}
