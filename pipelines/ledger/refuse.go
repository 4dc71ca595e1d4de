package ledger

import (
	"fmt"
	"math"
)

// lacking says what a movement must have and has not.
func (k *Kernel) lacking(m *Movement) Code {
	switch {
	case k.postings.Channel == "" || k.postings.AccountID == "":
		return MissingAccount
	case m.TxnID == "":
		return MissingTransactionID
	case m.lacks(LacksTime):
		return MissingTime
	case m.lacks(LacksPoints) && m.Kind != Extend:
		return MissingPoints
	case m.lacks(LacksExpiry) && m.Kind == Extend:
		return MissingExpiry
	default:
		return ""
	}
}

// mostPoints is more than any programme moves at once, and keeps the money of all accounts within DECIMAL(18,2).
const mostPoints = 1_000_000_000_000

// refusal says why a movement is not booked, if so.
func (k *Kernel) refusal(m *Movement) (Code, string) {
	switch {
	case m.Kind >= UnknownKind:
		return UnknownKindName, fmt.Sprintf("kind %q", m.KindName)
	case m.Points == 0 && m.Kind != Extend:
		return ZeroPoints, ""
	case m.Points < 0 && !m.isSigned():
		return NegativePoints, ""
	}
	if first, again := k.account.byTxn[m.TxnID]; again {
		return repeated(m, k.account.posted[first])
	}
	if m.Points > mostPoints || m.Points < -mostPoints {
		return PointsOutOfRange, fmt.Sprintf("a movement has at most %d points", int64(mostPoints))
	}
	if absolute(m.Points) > math.MaxInt64-k.account.turnover {
		return PointsOutOfRange, fmt.Sprintf("the account has moved %d points before", k.account.turnover)
	}
	return "", ""
}

func repeated(m, first *Movement) (Code, string) {
	place := fmt.Sprintf("first in %s:%d", first.SourceFile, first.SourceRow)
	if m.says(first) {
		return DuplicateTransaction, place
	}
	return ConflictingTransaction, fmt.Sprintf("%s: %s of %d points at %v", place, first.KindName, first.Points, first.OccurredAt)
}

// remember keeps a movement that will be booked, to know it again and to bound the account's figures.
func (k *Kernel) remember(m *Movement) {
	a := &k.account
	a.turnover += absolute(m.Points)
	a.byTxn[m.TxnID] = int32(len(a.posted))
	a.posted = append(a.posted, m)
}

func absolute(points int64) int64 {
	if points < 0 {
		return -points
	}
	return points
}
