package ledger

import "context"

// Given is a movement, whose it is, and its place.
type Given struct {
	Place                      uint64
	Channel, Account, Currency string
	Movement
}

// Run books movements, given in any order, as Book does with those of a query.
func Run(ctx context.Context, movements []Given, programme []Programme, pools []Membership, asOf Day, sink Sink) error {
	office, err := newOffice(1, programme, pools, asOf, sink, Tables())
	if err != nil {
		return err
	}
	all := newPortion(1, MostHeld, "", &circles{})
	for i := range movements {
		of := &movements[i]
		if err := all.gathered[0].add(of.Place, owner{of.Channel, of.Account, of.Currency}, &of.Movement); err != nil {
			return err
		}
	}
	if err := office.book(ctx, all); err != nil {
		return err
	}
	return office.finish()
}
