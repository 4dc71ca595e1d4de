package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// csvHeader are the columns of the made-up export, as the feed below names them.
const csvHeader = "订单号,买家,商品,数量,单价,实付金额,下单时间,付款时间,订单状态,城市\n"

// benchFeed is the contract of the made-up export; %s is its encoding.
const benchFeed = `feed: bench_orders
about: Made-up orders, to measure how fast an export becomes rows.
zh: 测速订单
channel: bench
files:
  names: ["bench_*.csv"]
  container: csv
  encoding: %s
key: [order_id]
columns:
  - {name: order_id, header: [订单号], type: id, required: true, empty: refuse}
  - {name: buyer, header: [买家], type: text, required: true}
  - {name: product, header: [商品], type: text, required: true}
  - {name: quantity, header: [数量], type: integer, required: true, empty: refuse}
  - {name: price, header: [单价], type: money, required: true}
  - {name: paid_amount, header: [实付金额], type: money, required: true}
  - {name: ordered_at, header: [下单时间], type: timestamp, required: true}
  - {name: paid_at, header: [付款时间], type: timestamp, required: true}
  - {name: status, header: [订单状态], type: enum, required: true, values: {交易成功: completed, 等待发货: paid, 交易关闭: closed}}
  - {name: city, header: [城市], type: text, required: true}
gives:
  orders:
    columns: {order_id: order_id, account_id: buyer, ordered_at: ordered_at, paid_at: paid_at, status: status, paid_amount: paid_amount}
example:
  file: |
    订单号,买家,商品,数量,单价,实付金额,下单时间,付款时间,订单状态,城市
    A1,甲,绿茶,2,10.00,20.00,2026-10-01 08:00:00,2026-10-01 08:00:09,交易成功,杭州
  accepted: 1
  rejected: 0
`

// bareConform is the same typing as one statement of bare DuckDB: from and to are the file and its Parquet.
const bareConform = `copy (
    select
        order_id, buyer, product, quantity, price, paid_amount, ordered_at, paid_at,
        case status when '交易成功' then 'completed' when '等待发货' then 'paid' when '交易关闭' then 'closed' end as status,
        city
    from read_csv('%s', auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', columns = {
        'order_id': 'VARCHAR', 'buyer': 'VARCHAR', 'product': 'VARCHAR', 'quantity': 'BIGINT', 'price': 'DECIMAL(18,2)',
        'paid_amount': 'DECIMAL(18,2)', 'ordered_at': 'TIMESTAMP', 'paid_at': 'TIMESTAMP', 'status': 'VARCHAR', 'city': 'VARCHAR'})
) to '%s' (format parquet, compression zstd);
`

// writeCSV makes up an export of about so many bytes, the same each time. gb says that it is encoded in GB18030.
func writeCSV(path string, size int64, gb bool) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	buffered := bufio.NewWriterSize(file, 1<<20)
	var to io.Writer = buffered
	if gb {
		encoder := simplifiedchinese.GB18030.NewEncoder().Writer(buffered)
		to = encoder
	}
	if err := writeRows(to, size); err != nil {
		return err
	}
	return buffered.Flush()
}

// writeRows counts bytes before they are encoded, so that both encodings have the same rows.
func writeRows(to io.Writer, size int64) error {
	buffered := bufio.NewWriterSize(to, 1<<16)
	dice := rand.New(rand.NewPCG(20261031, 1))
	start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	written, err := buffered.WriteString(csvHeader)
	for no := 0; err == nil && int64(written) < size; no++ {
		var n int
		n, err = buffered.WriteString(row(dice, no, start))
		written += n
	}
	return errors.Join(err, buffered.Flush())
}

func row(dice *rand.Rand, no int, start time.Time) string {
	products := []string{"明前龙井 50g", `"铁观音, 礼盒"`, "茶具套装", "桂花乌龙", "普洱熟茶 357g"}
	cities := []string{"杭州", "上海", "成都", "广州", "北京", "西安", "武汉"}
	states := []string{"交易成功", "交易成功", "交易成功", "等待发货", "交易关闭"}
	quantity, price := 1+dice.IntN(4), 900+dice.IntN(50_000)
	paid := quantity * price
	ordered := start.Add(time.Duration(dice.IntN(1030*86400)) * time.Second)
	return fmt.Sprintf("2026%09d,buyer%07d,%s,%d,%d.%02d,%d.%02d,%s,%s,%s,%s\n", no, dice.IntN(900_000), products[dice.IntN(len(products))], quantity,
		price/100, price%100, paid/100, paid%100, ordered.Format(time.DateTime), ordered.Add(time.Duration(dice.IntN(900))*time.Second).Format(time.DateTime),
		states[dice.IntN(len(states))], cities[dice.IntN(len(cities))])
}
