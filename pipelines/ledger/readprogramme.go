package ledger

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/array"
)

// programmeBatch reads rules from a batch of ProgrammeSQL's columns.
type programmeBatch struct {
	from                                                          *array.Date32
	validity, currency, burnOrder, negative, recredits, transfers *array.String
	days, grace, pending                                          *array.Int64
}

// ReadProgramme reads the rules that ProgrammeSQL selects.
func ReadProgramme(rows array.RecordReader) ([]Programme, error) {
	var rules []Programme
	for rows.Next() {
		c := &columns{batch: rows.RecordBatch()}
		b := programmeBatch{
			from: column[*array.Date32](c, "valid_from"), validity: column[*array.String](c, "validity"), days: column[*array.Int64](c, "validity_days"),
			currency: column[*array.String](c, "currency"), grace: column[*array.Int64](c, "grace_days"), pending: column[*array.Int64](c, "pending_days"),
			burnOrder: column[*array.String](c, "burn_order"), negative: column[*array.String](c, "negative_balance"),
			recredits: column[*array.String](c, "recredit_to"), transfers: column[*array.String](c, "transfer_expiry"),
		}
		if c.err != nil {
			return nil, fmt.Errorf("read the points programme: %w", c.err)
		}
		for i := range b.from.Len() {
			if b.from.IsNull(i) {
				return nil, fmt.Errorf("read the points programme: rule %d has no valid_from", len(rules)+1)
			}
			rule := b.rule(i)
			if b.days.IsNull(i) && (rule.Validity == Rolling || rule.Validity == Activity) {
				return nil, fmt.Errorf("read the points programme: the rule from %v is %s and has no validity_days", rule.ValidFrom, rule.Validity)
			}
			rules = append(rules, rule)
		}
	}
	return rules, rows.Err()
}

func (b *programmeBatch) rule(i int) Programme {
	owned := func(values *array.String) string { return strings.Clone(text(values, i)) } // not the batch's
	return Programme{
		Currency: owned(b.currency), ValidFrom: Day(b.from.Value(i)), Validity: Validity(owned(b.validity)), ValidityDays: orZero(b.days, i),
		GraceDays: orZero(b.grace, i), PendingDays: orZero(b.pending, i), BurnOrder: BurnOrder(owned(b.burnOrder)),
		NegativeBalance: owned(b.negative), RecreditTo: owned(b.recredits), TransferExpiry: owned(b.transfers),
	}
}

func orZero(values *array.Int64, i int) int64 {
	if values.IsNull(i) {
		return 0
	}
	return values.Value(i)
}
