package ledger

func (r *rows) addEntries(p *Postings) {
	if r == nil {
		return
	}
	e := p.Entries
	r.account(p, len(e))
	addIntegers(r, e, func(e *Entry) int64 { return e.No })
	addIntegers(r, e, func(e *Entry) int64 { return int64(e.OccurredAt) })
	addDays(r, e, func(e *Entry) Day { return e.OccurredAt.Day() })
	addNames(r, e, func(e *Entry) string { return e.Kind.String() })
	addIntegers(r, e, func(e *Entry) int64 { return e.Points })
	addIntegers(r, e, func(e *Entry) int64 { return e.BalanceAfter })
	addTexts(r, e, func(e *Entry) string { return e.TxnID })
	addTexts(r, e, func(e *Entry) string { return e.OrderID })
	addNames(r, e, func(e *Entry) string { return e.Reason })
	addNames(r, e, func(e *Entry) string { return e.SourceFile })
	addIntegers(r, e, func(e *Entry) int64 { return e.SourceRow })
	r.currency(p, len(e))
	addNames(r, e, func(e *Entry) string { return e.CounterAccount })
	addTexts(r, e, func(e *Entry) string { return e.CounterTxn })
}

func (r *rows) addLots(p *Postings) {
	if r == nil {
		return
	}
	l := p.Lots
	r.account(p, len(l))
	addTexts(r, l, func(l *Lot) string { return l.ID })
	addIntegers(r, l, func(l *Lot) int64 { return int64(l.IssuedAt) })
	addDays(r, l, func(l *Lot) Day { return l.IssuedAt.Day() })
	addDays(r, l, func(l *Lot) Day { return l.ExpiresOn })
	addIntegers(r, l, func(l *Lot) int64 { return l.Issued })
	addIntegers(r, l, func(l *Lot) int64 { return l.Redeemed })
	addIntegers(r, l, func(l *Lot) int64 { return l.Expired })
	addIntegers(r, l, func(l *Lot) int64 { return l.ClawedBack })
	addIntegers(r, l, func(l *Lot) int64 { return l.Adjusted })
	addIntegers(r, l, func(l *Lot) int64 { return l.Remaining })
	addTexts(r, l, func(l *Lot) string { return l.OrderID })
	addNames(r, l, func(l *Lot) string { return l.SourceFile })
	addIntegers(r, l, func(l *Lot) int64 { return l.SourceRow })
	r.currency(p, len(l))
	addIntegers(r, l, func(l *Lot) int64 { return l.Opening })
	addIntegers(r, l, func(l *Lot) int64 { return l.Transferred })
	addIntegers(r, l, func(l *Lot) int64 { return l.Reinstated })
	addDays(r, l, func(l *Lot) Day { return l.ExtendedFrom })
	addTexts(r, l, func(l *Lot) string { return l.OriginAccount })
	addTexts(r, l, func(l *Lot) string { return l.OriginLot })
}

func (r *rows) addConsumption(p *Postings) {
	if r == nil {
		return
	}
	c := p.Consumption
	r.account(p, len(c))
	addIntegers(r, c, func(c *Consumption) int64 { return c.EntryNo })
	addTexts(r, c, func(c *Consumption) string { return c.TxnID })
	addTexts(r, c, func(c *Consumption) string { return c.LotID })
	addNames(r, c, func(c *Consumption) string { return c.Kind.String() })
	addIntegers(r, c, func(c *Consumption) int64 { return c.Points })
	addDays(r, c, func(c *Consumption) Day { return c.PaidOn })
	addDays(r, c, func(c *Consumption) Day { return c.IssuedOn })
	r.currency(p, len(c))
}

func (r *rows) addBalances(p *Postings) {
	if r == nil {
		return
	}
	b := p.Balances
	r.account(p, len(b))
	addIntegers(r, b, func(b *Balance) int64 { return b.LotsRemaining })
	addIntegers(r, b, func(b *Balance) int64 { return b.Arrears })
	addIntegers(r, b, func(b *Balance) int64 { return b.LotsRemaining - b.Arrears })
	r.currency(p, len(b))
}

func (r *rows) addExceptions(p *Postings) {
	if r == nil {
		return
	}
	e := p.Exceptions
	r.account(p, len(e))
	addTexts(r, e, func(e *Exception) string { return e.TxnID })
	r.addUnlessLacking(e, LacksTime, func(e *Exception) int64 { return int64(e.OccurredAt) })
	addNames(r, e, func(e *Exception) string { return e.KindName })
	r.addUnlessLacking(e, LacksPoints, func(e *Exception) int64 { return e.Points })
	addNames(r, e, func(e *Exception) string { return string(e.Code) })
	addTexts(r, e, func(e *Exception) string { return e.Detail })
	addNames(r, e, func(e *Exception) string { return e.SourceFile })
	addIntegers(r, e, func(e *Exception) int64 { return e.SourceRow })
	r.currency(p, len(e))
}

// addUnlessLacking adds a value of each exception's movement, which may have none.
func (r *rows) addUnlessLacking(exceptions []Exception, what Lack, value func(*Exception) int64) {
	column := r.next().(*integers)
	for i := range exceptions {
		if exceptions[i].lacks(what) {
			column.addNull()
		} else {
			column.add(value(&exceptions[i]))
		}
	}
}
