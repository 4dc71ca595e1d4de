package ledger

import "time"

// Day is a calendar day in the brand's time zone, as days since 1970-01-01.
type Day int32

// NoExpiry is the last valid day of a lot that never expires. It is also what DuckDB's date 'infinity' reads as.
const NoExpiry Day = 1<<31 - 1

// Instant is a wall-clock time in the brand's time zone, as microseconds since 1970-01-01 00:00.
type Instant int64

const (
	second    = Instant(1_000_000)
	dayLength = 24 * 60 * 60 * second
)

// DayOf is the calendar day that t shows in its own location.
func DayOf(t time.Time) Day {
	year, month, day := t.Date()
	return Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

// Day is the calendar day of the instant.
func (i Instant) Day() Day {
	day := i / dayLength
	if i%dayLength < 0 {
		day--
	}
	return Day(day)
}

// Start is the first instant of the day.
func (d Day) Start() Instant { return Instant(d) * dayLength }

// String is the day as 2026-10-31.
func (d Day) String() string {
	return time.Unix(int64(d)*24*60*60, 0).UTC().Format(time.DateOnly)
}

func (i Instant) String() string {
	return time.UnixMicro(int64(i)).UTC().Format(time.DateTime)
}

// Kind is what an exported movement does. The order of the constants is the ledger order of movements at the same time.
type Kind uint8

// The kinds of movement, with the names they have in dataset.point_transactions.
const (
	Expire      Kind = iota // expire: the channel reports an expiry, which the ledger has computed itself
	Opening                 // opening: points that an account had before its movements begin
	Extend                  // extend: lots get a later last valid day
	Reinstate               // reinstate: expired points are given again
	Earn                    // earn
	ClawBack                // claw_back: an earning taken back after a refund
	Transfer                // transfer: signed, to or from another account
	Redeem                  // redeem
	Recredit                // recredit: a redemption given back
	Adjust                  // adjust: signed
	UnknownKind             // anything else
)

// String is the name of a kind that is known.
func (k Kind) String() string {
	switch k {
	case Expire:
		return "expire"
	case Opening:
		return "opening"
	case Extend:
		return "extend"
	case Reinstate:
		return "reinstate"
	case Earn:
		return "earn"
	case ClawBack:
		return "claw_back"
	case Transfer:
		return "transfer"
	case Redeem:
		return "redeem"
	case Recredit:
		return "recredit"
	case Adjust:
		return "adjust"
	default:
		return "unknown"
	}
}

// ParseKind reads a kind's name; any other text is UnknownKind.
func ParseKind(name string) Kind {
	switch name {
	case "opening":
		return Opening
	case "extend":
		return Extend
	case "reinstate":
		return Reinstate
	case "transfer":
		return Transfer
	case "earn":
		return Earn
	case "redeem":
		return Redeem
	case "expire":
		return Expire
	case "claw_back":
		return ClawBack
	case "recredit":
		return Recredit
	case "adjust":
		return Adjust
	default:
		return UnknownKind
	}
}

// Lack says which values a movement has not got.
type Lack uint8

// What a movement can lack.
const (
	LacksTime Lack = 1 << iota
	LacksPoints
	LacksExpiry
)

// Movement is one row of dataset.point_transactions of one account. Empty texts stand for NULL.
type Movement struct {
	TxnID      string
	OccurredAt Instant
	Kind       Kind
	Lacks      Lack
	ExpiresOn  Day   // last valid day; meaningless with LacksExpiry
	Points     int64 // never negative but for Adjust and Transfer
	KindName   string
	OrderID    string
	Reason     string
	SourceFile string
	SourceRow  int64
	// CounterAccount is the other account of a Transfer, CounterTxn the movement there that answers it, if there is one.
	CounterAccount, CounterTxn string
}

func (m *Movement) isSigned() bool { return m.Kind == Adjust || m.Kind == Transfer }

func (m *Movement) lacks(what Lack) bool { return m.Lacks&what != 0 }

// before says whether the movement must come before the other one in the ledger.
func (m *Movement) before(other *Movement) bool {
	if m.OccurredAt != other.OccurredAt {
		return m.OccurredAt < other.OccurredAt
	}
	if m.Kind != other.Kind {
		return m.Kind < other.Kind
	}
	if m.Kind == Transfer && m.transferred() != other.transferred() {
		return m.transferred() < other.transferred()
	}
	if m.Kind == Transfer && (m.Points < 0) != (other.Points < 0) {
		return m.Points < 0
	}
	return m.TxnID < other.TxnID
}

// transferred names a transfer by the first id of its two sides, so that what comes in follows what went out at the same time.
func (m *Movement) transferred() string {
	if m.CounterTxn == "" {
		return m.TxnID
	}
	return min(m.TxnID, m.CounterTxn)
}

// says tells whether two rows of one transaction state the same fact. The reason is a remark and not compared.
func (m *Movement) says(other *Movement) bool {
	return m.OccurredAt == other.OccurredAt && m.Kind == other.Kind && m.Points == other.Points &&
		m.OrderID == other.OrderID && m.CounterAccount == other.CounterAccount && m.lacks(LacksExpiry) == other.lacks(LacksExpiry) &&
		(m.lacks(LacksExpiry) || m.ExpiresOn == other.ExpiresOn)
}
