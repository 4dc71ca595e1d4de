package ledger

// EntryKind is the column of the roll-forward that an entry belongs to.
type EntryKind uint8

// The kinds of entry, and Arrears and Received, which are kinds of consumption only.
const (
	Issued EntryKind = iota
	Redeemed
	Expired
	ClawedBack
	Recredited
	Adjusted
	Transferred
	Reinstated
	OpeningBalance
	Extended // no points
	Arrears
	Received
	entryKinds
)

// String is the kind's name in the tables.
func (k EntryKind) String() string {
	switch k {
	case Issued:
		return "issued"
	case Redeemed:
		return "redeemed"
	case Expired:
		return "expired"
	case ClawedBack:
		return "claw_back"
	case Recredited:
		return "recredited"
	case Adjusted:
		return "adjusted"
	case Transferred:
		return "transferred"
	case Reinstated:
		return "reinstated"
	case OpeningBalance:
		return "opening"
	case Extended:
		return "extended"
	case Received:
		return "received"
	default:
		return "arrears"
	}
}

// Entry is one change of an account's balance. A computed expiry has no TxnID; its order and source are those of the lot that expires.
type Entry struct {
	No           int64 // from 1, in ledger order
	OccurredAt   Instant
	Kind         EntryKind
	Points       int64 // signed effect on the balance
	BalanceAfter int64
	TxnID        string
	OrderID      string
	Reason       string
	SourceFile   string
	SourceRow    int64

	CounterAccount, CounterTxn string // of a transfer
}

// Lot is points that came in together and expire together, as they stand at the end.
type Lot struct {
	ID         string // the transaction that brought the points
	IssuedAt   Instant
	ExpiresOn  Day   // last valid day, or NoExpiry
	Issued     int64 // 0 for a lot that was not earned
	Redeemed   int64 // net of re-credits
	Expired    int64
	ClawedBack int64
	Adjusted   int64 // signed
	// Transferred is signed: what came in with the lot, less what has gone to other accounts.
	Transferred  int64
	Reinstated   int64
	Opening      int64
	Remaining    int64
	UsableFrom   Day // the first day on which its points can be spent
	ExtendedFrom Day // its last valid day before it was extended, or NoExpiry
	OrderID      string
	SourceFile   string
	SourceRow    int64
	// OriginAccount and OriginLot are the account and the lot that earned points which have come from there as they were; IssuedAt is then the day on which they
	// were earned there.
	OriginAccount, OriginLot string

	prolongedBy Day   // days after the account's last activity to which it is good; 0: its last valid day stands
	sameOrder   int32 // the lot earned before this one by the same order, or none
}

// move changes what remains by points (signed) and books it in the column of the kind.
func (l *Lot) move(kind EntryKind, points int64) {
	switch kind {
	case Issued:
		l.Issued += points
	case Expired:
		l.Expired -= points
	case ClawedBack:
		l.ClawedBack -= points
	case Adjusted:
		l.Adjusted += points
	case Transferred:
		l.Transferred += points
	case Reinstated:
		l.Reinstated += points
	case OpeningBalance:
		l.Opening += points
	default:
		l.Redeemed -= points
	}
	l.Remaining += points
}

// Consumption links an entry to a lot. Points are above zero: taken from the lot or, for Recredited, given back to it; Received is what came with a transfer
// and stayed what it was, points of the lot's own day of issue. Arrears is what a later lot
// paid for the debit EntryNo; PaidOn is the day of that payment, and of the entry itself for the other kinds.
type Consumption struct {
	EntryNo  int64
	TxnID    string
	LotID    string
	Kind     EntryKind
	Points   int64
	PaidOn   Day
	IssuedOn Day
}

// Balance is what an account has at the end. Balance = LotsRemaining - Arrears.
type Balance struct {
	LotsRemaining int64
	Arrears       int64
}

// Code names what was not as it should be.
type Code string

// The exceptions; the package comment says what the ledger does about each.
const (
	EarnedAfterExpiry         Code = "earned_after_expiry"
	NoProgrammeInForce        Code = "no_programme_in_force"
	RedeemedMoreThanBalance   Code = "redeemed_more_than_balance"
	ClawedBackSpentPoints     Code = "clawed_back_spent_points"
	AdjustedMoreThanBalance   Code = "adjusted_more_than_balance"
	RedemptionRefused         Code = "redemption_refused"
	TransferredMoreThanHeld   Code = "transferred_more_than_balance"
	TransferUnanswered        Code = "transfer_without_counterpart"
	TransferNotSentYet        Code = "transfer_not_sent_yet"
	ReinstatedMoreThanExpired Code = "reinstated_more_than_expired"
	ExtendedNothing           Code = "extended_nothing"
	MissingExpiry             Code = "missing_expiry"
	RecreditedAfterExpiry     Code = "recredited_after_expiry"
	RecreditWithoutRedemption Code = "recredit_without_redemption"
	ExpiredMoreThanComputed   Code = "expired_more_than_computed"
	DuplicateTransaction      Code = "duplicate_transaction"
	ConflictingTransaction    Code = "conflicting_transaction"
	UnknownKindName           Code = "unknown_kind"
	ZeroPoints                Code = "zero_points"
	NegativePoints            Code = "negative_points"
	PointsOutOfRange          Code = "points_out_of_range"
	MissingAccount            Code = "missing_account"
	MissingTransactionID      Code = "missing_transaction_id"
	MissingTime               Code = "missing_time"
	MissingPoints             Code = "missing_points"
)

// Exception is a movement that was refused, or booked with a remark.
type Exception struct {
	Movement
	Code   Code
	Detail string
}

// Postings is what was booked for one account since it was last emptied. Lots and the balance come when the account is closed.
type Postings struct {
	Channel, AccountID, Currency string
	Entries                      []Entry
	Consumption                  []Consumption
	Lots                         []Lot
	Balances                     []Balance // at most one
	Exceptions                   []Exception
}

func (p *Postings) empty() {
	p.Entries, p.Consumption = p.Entries[:0], p.Consumption[:0]
	p.Lots, p.Balances, p.Exceptions = nil, p.Balances[:0], p.Exceptions[:0]
}
