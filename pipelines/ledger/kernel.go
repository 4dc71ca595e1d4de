package ledger

import (
	"fmt"
	"math"
	"slices"
)

// Kernel books the movements of one account after the other: Open, Post each movement in ledger order, Close. What it books is in
// Postings until Empty; a caller that empties it now and then holds one account's lots at a time and no more.
type Kernel struct {
	programme map[string][]Programme // by currency
	rules     []Programme            // of the open account's currency
	asOf      Day
	account   account
	postings  Postings
	circle    *circle
	pools     pools
}

// account is the state of the account that is open.
type account struct {
	lots        []Lot
	queue       burnQueue // by last valid day
	ages        burnQueue // by age, where some rule burns by age
	burnsByAge  bool
	pending     []int32 // lots that cannot be used yet
	byActivity  bool    // some lot's last valid day moves with the account's activity
	debits      []debit
	uses        []use
	unpaid      []int32 // debits in arrears, oldest first; those paid meanwhile are skipped
	nextUnpaid  int
	balance     int64 // sum of entries
	arrears     int64
	turnover    int64 // sum of |points|: no figure of the account can exceed it
	unconfirmed int64 // points expired by computation that no exported expiry has confirmed
	totals      [entryKinds]int64
	entries     int64
	posted      []*Movement
	byTxn       map[string]int32 // posted, by transaction id
	earnedBy    map[string]int32 // last lot earned by an order; made when a claw-back asks first
	redeemedBy  map[string]int32 // last debit of an order; made when a re-credit asks first
	last        *Movement
}

// none ends a chain of lots, debits or uses.
const none int32 = -1

// NewKernel makes a kernel for movements up to and including the day asOf. Programme rules must come with rising ValidFrom. It books accounts that have no part in a pool.
func NewKernel(programme []Programme, asOf Day) (*Kernel, error) {
	parted, err := byCurrency(programme)
	if err != nil {
		return nil, err
	}
	return newKernel(parted, nil, asOf, newCircle()), nil
}

func newKernel(programme map[string][]Programme, pools pools, asOf Day, among *circle) *Kernel {
	k := &Kernel{programme: programme, pools: pools, asOf: asOf, circle: among}
	k.account.queue.before, k.account.ages.before = burnsBefore, olderThan
	k.Open("", "", "")
	return k
}

// OpenNext begins another currency of the same account: its entries are numbered on.
func (k *Kernel) OpenNext(channel, accountID, currency string) {
	entries := k.account.entries
	k.Open(channel, accountID, currency)
	k.account.entries = entries
}

// Open begins an account. The one before must have been closed and its postings emptied.
func (k *Kernel) Open(channel, accountID, currency string) {
	k.postings.Channel, k.postings.AccountID, k.postings.Currency = channel, accountID, currency
	k.rules = k.programme[currency]
	a := &k.account
	a.queue.reset()
	a.ages.reset()
	clear(a.posted) // lets go of the last account's texts
	*a = account{
		lots: a.lots[:0], queue: a.queue, ages: a.ages, pending: a.pending[:0], burnsByAge: slices.ContainsFunc(k.rules, Programme.burnsByAge),
		debits: a.debits[:0], uses: a.uses[:0], unpaid: a.unpaid[:0],
		posted: a.posted[:0], byTxn: emptied(a.byTxn), last: &Movement{OccurredAt: math.MinInt64},
	}
}

// emptied keeps a small map for the next account. Clearing takes time in the size that a map once had, so a large one is given up.
func emptied(transactions map[string]int32) map[string]int32 {
	const small = 1024
	if transactions == nil || len(transactions) > small {
		return make(map[string]int32)
	}
	clear(transactions)
	return transactions
}

// Post books a movement, or refuses it with an exception. The movement must stay as it is until the account is closed. An error means that the movements are not in ledger order or go beyond the
// as-of day.
func (k *Kernel) Post(m *Movement) error {
	if code := k.lacking(m); code != "" {
		k.except(m, code, "")
		return nil
	}
	if err := k.checkOrder(m); err != nil {
		return err
	}
	if code, detail := k.refusal(m); code != "" {
		k.except(m, code, detail)
		return nil
	}
	day := m.OccurredAt.Day()
	k.expireUntil(day)
	if detail := k.refusedDebt(m, day); detail != "" {
		k.except(m, RedemptionRefused, detail)
		return nil
	}
	k.remember(m)
	if m.Kind == Earn || m.Kind == Redeem {
		k.account.prolong(day)
	}
	k.book(m)
	return nil
}

// Close expires what has expired by the as-of day, proves the account's invariants and posts its lots and balance.
func (k *Kernel) Close() error {
	if k.postings.AccountID == "" || k.postings.Channel == "" {
		return nil
	}
	k.expireUntil(k.asOf)
	balance := Balance{LotsRemaining: remaining(k.account.lots), Arrears: k.account.arrears}
	if err := k.account.check(balance, k.account.notYetUsable(k.asOf)); err != nil {
		return fmt.Errorf("points of account %q in channel %q: %w", k.postings.AccountID, k.postings.Channel, err)
	}
	k.postings.Lots = k.account.lots
	k.postings.Balances = append(k.postings.Balances, balance)
	return nil
}

// Postings is what has been booked since Empty. It is valid until the next call of Open or Empty.
func (k *Kernel) Postings() *Postings { return &k.postings }

// Empty drops the postings, after they have been written.
func (k *Kernel) Empty() { k.postings.empty() }

func (k *Kernel) checkOrder(m *Movement) error {
	if day := m.OccurredAt.Day(); day > k.asOf {
		return fmt.Errorf("points of account %q in channel %q: transaction %q of %v is after the as-of day %v",
			k.postings.AccountID, k.postings.Channel, m.TxnID, m.OccurredAt, k.asOf)
	}
	if m.before(k.account.last) {
		return fmt.Errorf("points of account %q in channel %q: transaction %q of %v comes after %q of %v, out of ledger order",
			k.postings.AccountID, k.postings.Channel, m.TxnID, m.OccurredAt, k.account.last.TxnID, k.account.last.OccurredAt)
	}
	k.account.last = m
	return nil
}

func (k *Kernel) book(m *Movement) {
	switch m.Kind {
	case Earn:
		k.enter(m, Issued, m.Points)
		k.addLot(m, Issued, m.Points)
	case Redeem:
		k.draw(m)
		k.debit(m, Redeemed, m.Points)
	case ClawBack:
		k.debit(m, ClawedBack, m.Points)
	case Recredit:
		k.recredit(m)
	case Adjust:
		k.signed(m, Adjusted)
	case Transfer:
		k.transfer(m)
	case Opening:
		k.signed(m, OpeningBalance)
	case Reinstate:
		k.reinstate(m)
	case Extend:
		k.extend(m)
	default:
		k.exportedExpiry(m)
	}
}

// signed books points that come in as a lot of their own, or go out as a debit.
func (k *Kernel) signed(m *Movement, kind EntryKind) {
	if m.Points < 0 {
		k.debit(m, kind, -m.Points)
		return
	}
	k.enter(m, kind, m.Points)
	k.addLot(m, kind, m.Points)
}

// enter writes the entry of a movement and gives its number.
func (k *Kernel) enter(m *Movement, kind EntryKind, points int64) int64 {
	return k.append(Entry{
		OccurredAt: m.OccurredAt, Kind: kind, Points: points,
		TxnID: m.TxnID, OrderID: m.OrderID, Reason: m.Reason, SourceFile: m.SourceFile, SourceRow: m.SourceRow,
		CounterAccount: m.CounterAccount, CounterTxn: m.CounterTxn,
	})
}

func (k *Kernel) append(entry Entry) int64 {
	a := &k.account
	a.entries++
	a.balance += entry.Points
	a.totals[entry.Kind] += entry.Points
	entry.No, entry.BalanceAfter = a.entries, a.balance
	k.postings.Entries = append(k.postings.Entries, entry)
	return entry.No
}

func (k *Kernel) except(m *Movement, code Code, detail string) {
	k.postings.Exceptions = append(k.postings.Exceptions, Exception{Movement: *m, Code: code, Detail: detail})
}
