package ledger

import (
	"context"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// Version is that of the rules: it changes whenever the same movements give another ledger.
const Version = 4

// drainEntries bounds the postings held for one account, however long its history.
const drainEntries = 8192

// office is clerks side by side, since an account's ledger needs nothing of another's.
type office []*clerk

// clerks is how many work at once.
func clerks() int { return min(runtime.GOMAXPROCS(0), 8) }

func newOffice(size int, programme []Programme, pools []Membership, asOf Day, sink Sink, tables []Table) (office, error) {
	var made office
	for range size {
		kernel, err := NewKernel(programme, asOf)
		if err != nil {
			return nil, err
		}
		made = append(made, &clerk{kernel: kernel, pools: poolsOf(pools), writer: newWriter(sink, tables)})
	}
	return made, nil
}

// book books the accounts of a portion.
func (o office) book(ctx context.Context, p *portion) error {
	var next atomic.Int64
	working, ctx := errgroup.WithContext(ctx)
	for _, c := range o {
		working.Go(func() error {
			for of := int(next.Add(1)) - 1; of < shardCount; of = int(next.Add(1)) - 1 {
				if err := c.shard(ctx, p, of); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return working.Wait()
}

// finish writes what has gathered.
func (o office) finish() error {
	for _, c := range o {
		if err := c.writer.flush(true); err != nil {
			return err
		}
	}
	return nil
}

// clerk books one account after the other.
type clerk struct {
	kernel *Kernel
	pools  pools
	writer *writer
	sorter sorter
	group  group
	open   bool
	owner  owner // of the account that is open
}

func (c *clerk) shard(ctx context.Context, p *portion, of int) error {
	heads, err := c.sorter.sort(p, of)
	if err != nil {
		return err
	}
	for i, at := range heads {
		if i > 0 && at.place != heads[i-1].place {
			if err := c.book(); err != nil {
				return err
			}
		}
		if err := c.sorter.read(at, &c.group); err != nil {
			return err
		}
	}
	if err := c.book(); err != nil {
		return err
	}
	return ctx.Err()
}

// book books the movements of a place.
func (c *clerk) book() error {
	order := c.group.sorted()
	if c.group.hasSeveral(order) {
		return c.bookTogether(order)
	}
	for _, i := range order {
		account, m := c.group.at(i)
		if err := c.turnTo(account); err != nil {
			return err
		}
		if err := c.post(m); err != nil {
			return err
		}
	}
	if err := c.close(); err != nil {
		return err
	}
	c.finish(order)
	return nil
}

// finish keeps what was booked and lets go of it.
func (c *clerk) finish(order []int32) {
	c.writer.keep(&c.group, order)
	c.group.empty()
}

// turnTo closes the open account and opens the given one, or the next currency of it, unless it is open.
func (c *clerk) turnTo(next owner) error {
	if c.open && c.owner == next {
		return nil
	}
	again := c.open && c.owner.sameAccount(next)
	if err := c.close(); err != nil {
		return err
	}
	open := c.kernel.Open
	if again {
		open = c.kernel.OpenNext
	}
	open(next.channel, next.account, next.currency)
	c.open, c.owner = true, next
	return nil
}

func (c *clerk) post(m *Movement) error {
	if err := c.kernel.Post(m); err != nil {
		return err
	}
	if len(c.kernel.Postings().Entries)+len(c.kernel.Postings().Exceptions) < drainEntries {
		return nil
	}
	return c.drain()
}

func (c *clerk) drain() error {
	if err := c.writer.write(c.kernel.Postings()); err != nil {
		return err
	}
	c.kernel.Empty()
	return nil
}

// close ends the open account.
func (c *clerk) close() error {
	if !c.open {
		return nil
	}
	c.open = false
	if err := c.kernel.Close(); err != nil {
		return err
	}
	return c.drain()
}
