package generate

// world is what everybody shares; it never changes, and its size does not depend on the number of people.
type world struct {
	seed    uint64
	key     []byte
	members int
	people  int
	from    day
	asOf    day
	// horizon is where simulation ends: every lot issued up to asOf has been redeemed or has expired by then.
	horizon   day
	products  []product
	stores    []store
	campaigns []campaign
	pieces    []piece
	articles  []piece
	names     names
}

// names are the lists that people are put together from, split once.
type names struct {
	surnames, given, nicks, streets, prefixes []string
	places                                    []place
}

func newWorld(o Options) *world {
	asOf := dayOf(o.AsOf)
	w := &world{
		seed: o.Seed, key: o.Key, members: o.Members, people: o.Members/2*3 + o.Members%2, asOf: asOf,
		from: monthStart(asOf.month() - historyMonths + 1), horizon: asOf + pointsValidity + 1,
		products: catalogue(), stores: stores(storeCount(o.Members)),
		names: names{surnames(), givenCharacters(), nickWords(), streets(), mobilePrefixes(), places()},
	}
	w.campaigns = campaigns(w.from, w.horizon)
	w.pieces = makePieces(w)
	for _, p := range w.pieces {
		if p.channel == channelWeChat {
			w.articles = append(w.articles, p)
		}
	}
	return w
}

// end is the first moment that is not seen any more.
func (w *world) end() moment { return (w.asOf + 1).at(0) }

// start is the first moment of the history.
func (w *world) start() moment { return w.from.at(0) }

// salt differs by seed and use, so that two brands share no numbers.
func (w *world) salt(use uint64) uint64 {
	d := newDice(w.seed, streamSalt, int(use))
	return d.next()
}
