package ledger

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Validity is how long points are good for.
type Validity string

// The validity rules.
const (
	Rolling      Validity = "rolling"       // last valid day = day of issue + ValidityDays
	CalendarYear Validity = "calendar_year" // last valid day = 31 December of the year of issue
	Activity     Validity = "activity"      // last valid day = last day on which the account earned or redeemed + ValidityDays
)

// BurnOrder is which lots debits consume first.
type BurnOrder string

// The burn orders. Nothing given is FirstExpiring.
const (
	FirstExpiring BurnOrder = "first_expiring" // then the oldest, then the lowest id
	OldestFirst   BurnOrder = "oldest_first"   // then the lowest id
)

// What a redemption beyond the balance comes to, and where points of an undone redemption go. Nothing given is the first of each.
const (
	Owe    = "arrears"
	Refuse = "refuse"

	SameLot = "same_lot" // with its old expiry
	NewLot  = "new_lot"

	Keep  = "keep"  // transferred points stay what they were, with their day of issue and their expiry
	Renew = "renew" // they are a new lot of the day on which they come in
)

// mainCurrency is that of points whose currency the channel does not tell.
const mainCurrency = "points"

// maxValidityDays keeps a last valid day inside the calendar, far beyond any programme.
const maxValidityDays = 100_000

// Programme is the rule for lots issued on ValidFrom and after it, until the next one's ValidFrom.
type Programme struct {
	Currency        string // empty: points
	ValidFrom       Day
	Validity        Validity
	ValidityDays    int64 // for Rolling and Activity
	GraceDays       int64 // by which a computed last valid day is later
	PendingDays     int64 // after the day of issue, before points can be used
	BurnOrder       BurnOrder
	NegativeBalance string
	RecreditTo      string
	TransferExpiry  string
}

// byCurrency checks rules and parts them.
func byCurrency(rules []Programme) (map[string][]Programme, error) {
	parted := map[string][]Programme{}
	for _, rule := range rules {
		currency := cmp.Or(rule.Currency, mainCurrency)
		parted[currency] = append(parted[currency], rule)
	}
	for _, of := range parted {
		if err := checkProgramme(of); err != nil {
			return nil, err
		}
	}
	return parted, nil
}

// checkProgramme refuses rules that are out of order, share a day, or can't be applied.
func checkProgramme(rules []Programme) error {
	for i, rule := range rules {
		if i > 0 && rule.ValidFrom <= rules[i-1].ValidFrom {
			return fmt.Errorf("points programme: valid_from %v does not come after %v", rule.ValidFrom, rules[i-1].ValidFrom)
		}
		if err := rule.check(); err != nil {
			return fmt.Errorf("points programme from %v: %w", rule.ValidFrom, err)
		}
	}
	return nil
}

func (p Programme) check() error {
	for _, days := range []struct {
		name  string
		count int64
	}{{"validity_days", p.ValidityDays}, {"grace_days", p.GraceDays}, {"pending_days", p.PendingDays}} {
		if days.count < 0 || days.count > maxValidityDays {
			return fmt.Errorf("%s %d is not between 0 and %d", days.name, days.count, maxValidityDays)
		}
	}
	for _, choice := range []struct {
		name, given string
		known       []string
	}{
		{"validity", string(p.Validity), []string{string(Rolling), string(CalendarYear), string(Activity)}},
		{"burn_order", string(p.BurnOrder), []string{string(FirstExpiring), string(OldestFirst), ""}},
		{"negative_balance", p.NegativeBalance, []string{Owe, Refuse, ""}},
		{"recredit_to", p.RecreditTo, []string{SameLot, NewLot, ""}},
		{"transfer_expiry", p.TransferExpiry, []string{Keep, Renew, ""}},
	} {
		if !slices.Contains(choice.known, choice.given) {
			return fmt.Errorf("%s %q is not one of %s", choice.name, choice.given, strings.TrimSuffix(strings.Join(choice.known, ", "), ", "))
		}
	}
	return nil
}

// ruleFor is the rule for lots issued on a day. Before the first rule that one is all there is to go by: then inForce is false, and the rule nil if
// there are no rules at all.
func ruleFor(rules []Programme, issued Day) (rule *Programme, inForce bool) {
	for i := len(rules) - 1; i >= 0; i-- {
		if rules[i].ValidFrom <= issued {
			return &rules[i], true
		}
	}
	if len(rules) == 0 {
		return nil, false
	}
	return &rules[0], false
}

func (p Programme) lastValidDay(issued Day) Day {
	if p.Validity == CalendarYear {
		year := time.Unix(int64(issued)*24*60*60, 0).UTC().Year()
		return DayOf(time.Date(year, time.December, 31, 0, 0, 0, 0, time.UTC)) + Day(p.GraceDays)
	}
	return issued + Day(p.ValidityDays) + Day(p.GraceDays)
}
