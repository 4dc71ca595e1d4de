package ledger_test

import (
	"flag"
	"strconv"
	"testing"
	"time"

	"countinghouse/pipelines/ledger"
)

// TestMain lets properties try more histories than rapid does by default; -rapid.checks overrides it.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "1500"); err != nil {
		panic(err)
	}
	m.Run()
}

func itoa(n int) string { return strconv.Itoa(n) }

func (h history) day(t *testing.T) ledger.Day {
	t.Helper()
	return day(t, h.asOf)
}

func day(t testing.TB, text string) ledger.Day {
	t.Helper()
	parsed, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return ledger.DayOf(parsed)
}

// everyCode are the exceptions that the package documents.
func everyCode() []ledger.Code {
	return []ledger.Code{
		ledger.EarnedAfterExpiry, ledger.NoProgrammeInForce, ledger.RedeemedMoreThanBalance, ledger.ClawedBackSpentPoints,
		ledger.AdjustedMoreThanBalance, ledger.RecreditedAfterExpiry, ledger.RecreditWithoutRedemption, ledger.ExpiredMoreThanComputed,
		ledger.DuplicateTransaction, ledger.ConflictingTransaction, ledger.UnknownKindName, ledger.ZeroPoints, ledger.NegativePoints,
		ledger.PointsOutOfRange, ledger.RedemptionRefused, ledger.TransferredMoreThanHeld, ledger.TransferUnanswered, ledger.TransferNotSentYet, ledger.ReinstatedMoreThanExpired, ledger.ExtendedNothing,
		ledger.MissingExpiry, ledger.MissingAccount, ledger.MissingTransactionID, ledger.MissingTime, ledger.MissingPoints,
	}
}
