package ledger

import (
	"fmt"
	"slices"
	"strconv"
)

// circle is what accounts that give points to each other share while they are booked together: points that have left one and have not come in at the other.
type circle struct {
	sent map[sending][]piece
	open []*Kernel // the accounts, of the currency that is being booked
}

// sending is one side of a transfer: whose movement sends the points.
type sending struct{ channel, account, txn string }

// piece is points of one lot that are on their way to another account.
type piece struct {
	points         int64
	issuedAt       Instant
	expiresOn      Day
	prolongedBy    Day
	account, lotID string // where they were earned
}

func newCircle() *circle { return &circle{sent: map[sending][]piece{}} }

// transfer books points that go to another account or come from one. Each account books its own side; that of the other is there if a movement
// answers it.
func (k *Kernel) transfer(m *Movement) {
	if m.CounterTxn == "" {
		k.signed(m, Transferred)
		k.except(m, TransferUnanswered, fmt.Sprintf("account %q has no movement that answers it", m.CounterAccount))
		return
	}
	if m.Points < 0 {
		k.debit(m, Transferred, -m.Points)
		k.send(m)
		return
	}
	k.receive(m)
}

// send leaves what the last debit took from lots for the other account.
func (k *Kernel) send(m *Movement) {
	a := &k.account
	var pieces []piece
	for at := a.debits[len(a.debits)-1].lastUse; at != none; at = a.uses[at].previous {
		pieces = append(pieces, k.piece(a.uses[at]))
	}
	slices.Reverse(pieces) // into burn order
	k.circle.sent[sending{k.postings.Channel, k.postings.AccountID, m.TxnID}] = pieces
}

// piece is points of a lot, as they leave it.
func (k *Kernel) piece(of use) piece {
	lot := &k.account.lots[of.lot]
	one := piece{
		points: of.points, issuedAt: lot.IssuedAt, expiresOn: lot.ExpiresOn, prolongedBy: lot.prolongedBy, account: k.postings.AccountID, lotID: lot.ID,
	}
	if lot.OriginAccount != "" {
		one.account, one.lotID = lot.OriginAccount, lot.OriginLot
	}
	return one
}

// receive makes lots of what comes from another account: one of each lot that it was taken from, with that one's day of issue and last valid day, unless the
// programme renews them. Points that no lot of the sender covers are a lot of this day.
func (k *Kernel) receive(m *Movement) {
	entry := k.enter(m, Transferred, m.Points)
	if k.policy(m.OccurredAt.Day()).TransferExpiry == Renew {
		k.addLot(m, Transferred, m.Points)
		return
	}
	pieces, sent := k.claim(m)
	if !sent {
		k.except(m, TransferNotSentYet, fmt.Sprintf("movement %s of account %q comes later: its lots are not known, and the points are a new lot", m.CounterTxn, m.CounterAccount))
	}
	rest := m.Points
	for n, one := range pieces {
		k.keep(m, entry, n, one)
		rest -= one.points
	}
	if rest > 0 {
		k.addLotAs(k.nthLot(m.TxnID, len(pieces)), m, Transferred, rest)
	}
}

// claim takes what was sent with the movement that answers m.
func (k *Kernel) claim(m *Movement) ([]piece, bool) {
	from := sending{k.postings.Channel, m.CounterAccount, m.CounterTxn}
	pieces, sent := k.circle.sent[from]
	delete(k.circle.sent, from)
	return pieces, sent
}

// keep makes a lot of points that stay what they were at the other account. The last valid day that a channel exports goes before theirs.
func (k *Kernel) keep(m *Movement, entry int64, n int, one piece) {
	lot := lotOf(m)
	lot.ID = k.nthLot(m.TxnID, n)
	lot.IssuedAt, lot.ExpiresOn, lot.prolongedBy, lot.UsableFrom = one.issuedAt, one.expiresOn, one.prolongedBy, m.OccurredAt.Day()
	lot.OriginAccount, lot.OriginLot = one.account, one.lotID
	if m.Kind == Transfer && !m.lacks(LacksExpiry) {
		lot.ExpiresOn, lot.prolongedBy = m.ExpiresOn, 0
	}
	index := k.hold(lot, Transferred, one.points)
	k.link(consumer{entry: entry, txn: m.TxnID, day: m.OccurredAt.Day()}, Received, index, one.points)
	k.bring(m, index, Transferred)
}

// nthLot is the id of one of the lots, counted from 0, that a transaction makes; no other transaction of the account has it, or can have it from now on.
func (k *Kernel) nthLot(txn string, n int) string {
	id, transactions := txn, k.account.byTxn
	for taken := n > 0; taken; n++ {
		id = txn + "#" + strconv.Itoa(n+1)
		_, taken = transactions[id]
	}
	transactions[id] = transactions[txn]
	return id
}
