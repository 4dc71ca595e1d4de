package erase_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"

	"countinghouse/pipelines/erase"

	"github.com/xuri/excelize/v2"
)

// A workbook of orders: the person bought in row 2. Its row has values that no column reads, and that read cells of other rows have too.
func ordersBook(t *testing.T) []byte {
	t.Helper()
	book := excelize.NewFile()
	rows := [][]any{
		{"订单编号", "买家会员名", "买家实付金额", "订单状态", "订单创建时间", "订单付款时间", "宝贝总数量", "退款金额", "收货地址", "买家支付积分", "备注"},
		{"T1", "林小满", 20, "交易成功", "2026-09-01 10:00:00", "2026-09-01 10:01:00", 1, 0, "林小满，86-" + person + "，上海", 1, "交易成功"},
		{"T2", "周航", 1, "交易成功", "2026-09-02 10:00:00", "2026-09-02 10:01:00", 20, 0, "周航，86-" + other + "，上海", 0, "上海"},
		{"T3", "林小满", 0, "交易成功", "2026-09-03 10:00:00", "2026-09-03 10:01:00", 1, 1, "林小满，86-" + other + "，上海", 0, "交易成功"},
	}
	for i, row := range rows {
		name, _ := excelize.CoordinatesToCellName(1, i+1)
		if err := book.SetSheetRow("Sheet1", name, &row); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := book.NewSheet("说明"); err != nil {
		t.Fatal(err)
	}
	for cell, text := range map[string]any{"A1": "林小满，86-" + person + "，上海", "A2": "不读"} {
		if err := book.SetCellValue("说明", cell, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := book.SetSheetVisible("说明", false); err != nil {
		t.Fatal(err)
	}
	if err := book.AddComment("Sheet1", excelize.Comment{Cell: "B3", Author: "x", Text: "林小满，86-" + person + "，上海"}); err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	if err := book.Write(&packed); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

func TestOnlyThePersonsCellsOfAWorkbookChange(t *testing.T) {
	s := newStore(t)
	was := ordersBook(t)
	s.land("qianniu_orders", "qianniu_orders_20261001000000.xlsx", was)
	done, err := s.rewrite(erase.Options{})
	if err != nil || len(done) != 1 || done[0].How != erase.CellByCell || done[0].Rows != 1 {
		t.Fatalf("%+v %v", done, err)
	}
	stored, _, err := s.bucket.Read(t.Context(), "landing/qianniu_orders/"+done[0].SHA256+"/qianniu_orders_20261001000000.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	want, got := rowsOf(t, was), rowsOf(t, stored)
	want[1][9], want[1][10] = "", "" // what no column reads; the buyer is an account that nobody asked to erase
	for i := range want {
		for j := range want[i] {
			if i == 1 && j == 8 {
				if !strings.Contains(got[i][j], "erased-") {
					t.Errorf("the address became %q", got[i][j])
				}
				continue
			}
			if cell := cellOf(got, i, j); cell != want[i][j] {
				t.Errorf("row %d, column %d: %q, want %q", i+1, j+1, cell, want[i][j])
			}
		}
	}
	for name, text := range partsOf(t, stored) {
		if strings.Contains(text, person) {
			t.Errorf("%s still holds the person", name)
		}
	}
}

func cellOf(rows [][]string, i, j int) string {
	if i >= len(rows) || j >= len(rows[i]) {
		return ""
	}
	return rows[i][j]
}

func rowsOf(t *testing.T, packed []byte) [][]string {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := book.GetRows("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func partsOf(t *testing.T, packed []byte) map[string]string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for _, member := range archive.File {
		open, err := member.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(open)
		if err != nil {
			t.Fatal(err)
		}
		parts[member.Name] = string(text)
	}
	return parts
}
