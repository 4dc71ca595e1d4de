package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"countinghouse/internal/warehouse"

	"github.com/apache/arrow-go/v18/arrow/array"
)

// Accounts of a pool (a household) share what they have earned: a redemption of one takes the lots of all in burn order. Each lot stays with the account that
// earned it until then; what a redemption needs of another account's lots comes to the one that redeems as a transfer, with its day of issue and expiry, so
// that every account's lots, entries and balance agree, whoever uses the points.

// Membership is an account's time in a pool: from the day JoinedOn to before LeftOn.
type Membership struct {
	Channel, AccountID, Pool string
	JoinedOn, LeftOn         Day // LeftOn NoExpiry: still in it
}

// PoolsSQL selects the memberships that ReadPools reads.
const PoolsSQL = `select channel, account_id, pool, joined_on, left_on from seed.point_pools order by all`

// ReadPools reads what PoolsSQL selects.
func ReadPools(rows array.RecordReader) ([]Membership, error) {
	var all []Membership
	for rows.Next() {
		c := &columns{batch: rows.RecordBatch()}
		channel, account, pool := column[*array.String](c, "channel"), column[*array.String](c, "account_id"), column[*array.String](c, "pool")
		joined, left := column[*array.Date32](c, "joined_on"), column[*array.Date32](c, "left_on")
		if c.err != nil {
			return nil, fmt.Errorf("read the pools: %w", c.err)
		}
		for i := range pool.Len() {
			one := Membership{
				Channel: strings.Clone(text(channel, i)), AccountID: strings.Clone(text(account, i)), Pool: strings.Clone(text(pool, i)),
				JoinedOn: Day(joined.Value(i)), LeftOn: NoExpiry,
			}
			if !left.IsNull(i) {
				one.LeftOn = Day(left.Value(i))
			}
			all = append(all, one)
		}
	}
	return all, rows.Err()
}

func findPools(ctx context.Context, session *warehouse.Session) (pools []Membership, err error) {
	err = session.ReadArrow(ctx, PoolsSQL, func(reader array.RecordReader) error {
		pools, err = ReadPools(reader)
		return err
	})
	return pools, err
}

// pools are the memberships by account; the currency of the owner is empty.
type pools map[owner][]Membership

func poolsOf(memberships []Membership) pools {
	made := pools{}
	for _, one := range memberships {
		of := owner{channel: one.Channel, account: one.AccountID}
		made[of] = append(made[of], one)
	}
	return made
}

// on is the pool that an account is in on a day, if any.
func (p pools) on(channel, account string, day Day) string {
	if len(p) == 0 {
		return ""
	}
	for _, one := range p[owner{channel: channel, account: account}] {
		if one.JoinedOn <= day && day < one.LeftOn {
			return one.Pool
		}
	}
	return ""
}

// companions are the other accounts of the pool on a day, by account, each as it is at the start of that day.
func (k *Kernel) companions(day Day) []*Kernel {
	pool := k.pools.on(k.postings.Channel, k.postings.AccountID, day)
	if pool == "" {
		return nil
	}
	var others []*Kernel
	for _, other := range k.circle.open {
		if other == k || other.postings.Channel != k.postings.Channel || k.pools.on(other.postings.Channel, other.postings.AccountID, day) != pool {
			continue
		}
		other.expireUntil(day)
		others = append(others, other)
	}
	return others
}

// shared is a lot that a redemption can take points from.
type shared struct {
	of  *Kernel
	lot int32
}

// draw brings what a redemption takes of the other accounts' lots: of all lots of the pool those that burn first, as many points as are redeemed and as the account
// owes. Of lots that are alike its own go first.
func (k *Kernel) draw(m *Movement) {
	day := m.OccurredAt.Day()
	others := k.companions(day)
	if len(others) == 0 {
		return
	}
	var lots []shared
	for _, of := range append([]*Kernel{k}, others...) {
		for i := range of.account.lots {
			if lot := &of.account.lots[i]; lot.Remaining > 0 && lot.UsableFrom <= day {
				lots = append(lots, shared{of, int32(i)})
			}
		}
	}
	byAge := k.policy(day).burnsByAge()
	slices.SortStableFunc(lots, func(a, b shared) int { return k.compareShared(a, b, byAge) })
	needed := m.Points + k.account.arrears
	taken := map[*Kernel][]use{}
	for _, one := range lots {
		points := min(needed, one.of.account.lots[one.lot].Remaining)
		needed -= points
		if points > 0 {
			taken[one.of] = append(taken[one.of], use{lot: one.lot, points: points})
		}
	}
	made := 0
	for _, other := range others {
		made = k.drawFrom(other, m, taken[other], made)
	}
}

func (k *Kernel) compareShared(a, b shared, byAge bool) int {
	one, other := &a.of.account.lots[a.lot], &b.of.account.lots[b.lot]
	if order := cmp.Compare(one.ExpiresOn, other.ExpiresOn); order != 0 && !byAge {
		return order
	}
	return cmp.Or(
		cmp.Compare(one.IssuedAt, other.IssuedAt), compareBools(a.of != k, b.of != k),
		cmp.Compare(a.of.postings.AccountID, b.of.postings.AccountID), cmp.Compare(one.ID, other.ID),
	)
}

// compareBools puts false before true.
func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}

// drawFrom books the transfer of points of another account's lots: out there, and in here. The movement that needs them is its source on both sides, and answers itself. It gives how
// many lots the movement has made.
func (k *Kernel) drawFrom(other *Kernel, m *Movement, uses []use, made int) int {
	if len(uses) == 0 {
		return made
	}
	var points int64
	for _, one := range uses {
		points += one.points
	}
	day, reason := m.OccurredAt.Day(), "pool "+k.pools.on(k.postings.Channel, k.postings.AccountID, m.OccurredAt.Day())
	side := func(of *Kernel, counter string, points int64) int64 {
		return of.append(Entry{
			OccurredAt: m.OccurredAt, Kind: Transferred, Points: points, TxnID: m.TxnID, OrderID: m.OrderID, Reason: reason, SourceFile: m.SourceFile, SourceRow: m.SourceRow,
			CounterAccount: counter, CounterTxn: m.TxnID,
		})
	}
	out := consumer{entry: side(other, k.postings.AccountID, -points), txn: m.TxnID, kind: Transferred, day: day}
	in := side(k, other.postings.AccountID, points)
	for _, one := range uses {
		taken := other.piece(one)
		other.take(out, one.lot, one.points)
		k.keep(m, in, made, taken)
		made++
	}
	return made
}

// usablePoints are the points that a redemption can take, in the account and its pool, beyond what the account owes.
func (k *Kernel) usablePoints(day Day) int64 {
	usable := k.account.usable(day)
	others := k.companions(day)
	for _, other := range others {
		usable += other.account.usable(day)
	}
	if len(others) > 0 {
		usable = max(0, usable-k.account.arrears)
	}
	return usable
}
