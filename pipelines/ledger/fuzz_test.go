package ledger_test

import (
	"fmt"
	"testing"

	"countinghouse/pipelines/ledger"
)

// FuzzHistories reads histories from bytes, four to a movement, and compares the ledger with the reference. Close proves the invariants on the way.
func FuzzHistories(f *testing.F) {
	f.Add(uint8(20), []byte("\x01\x00\x40\x01\x03\x05\x20\x02\x04\x0a\x10\x02"))
	f.Add(uint8(0), []byte("\x03\x00\x0c\x01\x01\x01\x0c\x01\x02\x02\x0c\x01\x04\x03\x0c\x01\x05\x04\x8c\x00"))
	f.Add(uint8(90), []byte("\x01\x00\x0a\x00\x00\x15\x0a\x00\x41\x16\x0a\x11\x01\x17\x05\x21\x00\x18\x0f\x00"))
	f.Fuzz(func(t *testing.T, validity uint8, code []byte) {
		const most = 40 // the reference is slow
		var movements []ledger.Movement
		for i := 0; i+4 <= len(code) && i < 4*most; i += 4 {
			movements = append(movements, decode(i/4, code[i:i+4]))
		}
		rules := []ledger.Programme{{ValidFrom: firstDay + 10, Validity: ledger.Rolling, ValidityDays: int64(validity)}}
		if validity > 200 {
			rules[0].Validity = ledger.CalendarYear
		}
		const asOf = firstDay + 80
		if difference := compare(book(t, rules, asOf, movements), refer(rules, asOf, movements)); difference != "" {
			t.Fatal(difference)
		}
	})
}

// decode reads kind and transaction, day, points, and order and expiry from a byte each.
func decode(i int, code []byte) ledger.Movement {
	m := ledger.Movement{
		TxnID: fmt.Sprintf("T%02d", i), OccurredAt: instant(int(code[1]%64), int(code[1]>>6)%3), Kind: ledger.Kind(code[0] % 11),
		Points: int64(code[2] % 32), Lacks: ledger.LacksExpiry, OrderID: []string{"", "O1", "O2", "O3"}[code[3]%4],
	}
	if code[0]&0x80 != 0 && i > 0 {
		m.TxnID = fmt.Sprintf("T%02d", i-1)
	}
	if code[2]&0x80 != 0 {
		m.Points = -m.Points
	}
	if days := int(code[3] >> 2); days > 0 {
		m.Lacks, m.ExpiresOn = 0, ledger.Day(firstDay+int(code[1]%64)+days-3)
	}
	m.KindName = kindNames[m.Kind]
	return m
}
