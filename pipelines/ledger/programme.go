package ledger

import (
	"fmt"
	"strings"
	"time"
)

// Validity is how long points are good for.
type Validity string

// The validity rules.
const (
	Rolling      Validity = "rolling"       // last valid day = day of issue + ValidityDays
	CalendarYear Validity = "calendar_year" // last valid day = 31 December of the year of issue
)

// maxValidityDays keeps a last valid day inside the calendar, far beyond any programme.
const maxValidityDays = 100_000

// Programme is the rule for lots issued on ValidFrom and after it, until the next one's ValidFrom.
type Programme struct {
	ValidFrom    Day
	Validity     Validity
	ValidityDays int64 // for Rolling
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
	switch p.Validity {
	case CalendarYear:
		return nil
	case Rolling:
		if p.ValidityDays < 0 || p.ValidityDays > maxValidityDays {
			return fmt.Errorf("validity_days %d is not between 0 and %d", p.ValidityDays, maxValidityDays)
		}
		return nil
	default:
		return fmt.Errorf("validity %q is neither rolling nor calendar_year", p.Validity)
	}
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
		return DayOf(time.Date(year, time.December, 31, 0, 0, 0, 0, time.UTC))
	}
	return issued + Day(p.ValidityDays)
}

// owned is the rule with texts of its own, not those of the batch it was read from.
func (p Programme) owned() Programme {
	p.Validity = Validity(strings.Clone(string(p.Validity)))
	return p
}
