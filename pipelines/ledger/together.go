package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"countinghouse/internal/warehouse"

	"github.com/apache/arrow-go/v18/arrow/array"
)

// Accounts that give points to each other, or share them in a pool, are booked together: all of them are open at once, and their movements come in one order. Such a circle
// has one place.

// circles says which accounts' movements lie in another place than their own, and holds these until all others are booked.
type circles struct {
	places map[uint64]uint64
	aside  []*gathering // one for each goroutine
}

// LinksSQL selects the accounts (by their places) between which points go. A pool has a place that is no account's.
const LinksSQL = `select hash(channel, account_id) as place, hash(channel, counter_account_id) as other
from dataset.point_transactions
where kind = 'transfer' and account_id <> counter_account_id and (occurred_at is null or occurred_at < getvariable('as_of') + interval 1 day)
group by all
union all
select hash(channel, account_id), hash('pool', channel, pool) from seed.point_pools`

// findCircles reads which accounts belong together.
func findCircles(ctx context.Context, session *warehouse.Session, workers int, held int64, scratch string) (*circles, error) {
	found := union{}
	err := session.ReadArrow(ctx, LinksSQL, func(reader array.RecordReader) error {
		for reader.Next() {
			c := &columns{batch: reader.RecordBatch()}
			place, other := column[*array.Uint64](c, "place"), column[*array.Uint64](c, "other")
			if c.err != nil {
				return c.err
			}
			for i := range place.Len() {
				found.join(place.Value(i), other.Value(i))
			}
		}
		return reader.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("which accounts give points to each other: %w", err)
	}
	made := &circles{places: found.flat()}
	for range workers {
		if len(made.places) > 0 {
			made.aside = append(made.aside, newGathering(held/int64(workers), scratch))
		}
	}
	return made, nil
}

// union joins places to circles. The lowest place of a circle stands for it.
type union map[uint64]uint64

func (u union) of(place uint64) uint64 {
	for {
		above, found := u[place]
		if !found || above == place {
			return place
		}
		if further, found := u[above]; found {
			u[place] = further // half of the way is saved for the next time
		}
		place = above
	}
}

func (u union) join(one, other uint64) {
	one, other = u.of(one), u.of(other)
	u[max(one, other)] = min(one, other)
	u[min(one, other)] = min(one, other)
}

// flat gives each place its circle's at once.
func (u union) flat() map[uint64]uint64 {
	for place := range u {
		u[place] = u.of(place)
	}
	return u
}

// party is the points of one currency of an account of a circle.
type party struct {
	owner  owner
	kernel *Kernel
}

// bookTogether books the movements of a place that several accounts have.
func (c *clerk) bookTogether(order []int32) error {
	parties, of := c.parties(order)
	for _, currency := range currenciesOf(parties) {
		if err := c.bookCurrency(currency, parties, of, order); err != nil {
			return err
		}
	}
	for _, one := range parties {
		if err := c.writer.write(one.kernel.Postings()); err != nil {
			return err
		}
		one.kernel.Empty()
	}
	c.finish(order)
	return nil
}

// parties gives whose the movements are, by channel, account and currency, and which party each movement belongs to.
func (c *clerk) parties(order []int32) (parties []party, of []int32) {
	among := newCircle()
	of = make([]int32, len(order))
	for _, i := range order {
		if owner := c.group.owners[i]; len(parties) == 0 || parties[len(parties)-1].owner != owner {
			parties = append(parties, party{owner, newKernel(c.kernel.programme, c.pools, c.kernel.asOf, among)})
		}
		of[i] = int32(len(parties) - 1)
	}
	return parties, of
}

func currenciesOf(parties []party) []string {
	var all []string
	for _, one := range parties {
		all = append(all, one.owner.currency)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// bookCurrency books one currency's movements of all parties. An account's entries are numbered through its currencies, one after the other.
func (c *clerk) bookCurrency(currency string, parties []party, of, order []int32) error {
	among := parties[0].kernel.circle
	among.open = among.open[:0]
	for i, one := range parties {
		if one.owner.currency != currency {
			continue
		}
		one.kernel.Open(one.owner.channel, one.owner.account, currency)
		among.open = append(among.open, one.kernel)
		if i > 0 && parties[i-1].owner.sameAccount(one.owner) {
			one.kernel.account.entries = parties[i-1].kernel.account.entries
		}
	}
	for _, i := range c.group.inTime(currency, order) {
		if err := parties[of[i]].kernel.Post(&c.group.movements[i]); err != nil {
			return err
		}
	}
	for _, one := range parties {
		if one.owner.currency != currency {
			continue
		}
		if err := one.kernel.Close(); err != nil {
			return err
		}
	}
	return nil
}

// inTime gives the movements of a currency in ledger order, those of all accounts in one.
func (g *group) inTime(currency string, order []int32) []int32 {
	var all []int32
	for _, i := range order {
		if g.owners[i].currency == currency {
			all = append(all, i)
		}
	}
	slices.SortStableFunc(all, func(a, b int32) int {
		return cmp.Or(g.movements[a].compare(&g.movements[b]), cmp.Compare(g.owners[a].account, g.owners[b].account))
	})
	return all
}
