package ledger

import (
	"encoding/binary"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// KeptTable is what the next run goes on from: per account its movements, packed and in ledger order. A day more reads those of the accounts that it
// concerns, adds the new ones, and neither reads the others nor sorts any again.
const KeptTable = "ledger.movements"

// Kept describes KeptTable.
func Kept() Table {
	return Table{KeptTable, []Column{{"channel", Name}, {"account_id", Text}, {"movements", Bytes}}}
}

// keeper packs the movements of one account after the other.
type keeper struct {
	*rows
	packer packer
	packed []byte
	blob   []byte
}

func newKeeper() *keeper { return &keeper{rows: newRows(Kept()), packer: packer{names: newNames()}} }

// add keeps the movements of a place, in their order.
func (k *keeper) add(g *group, order []int32) {
	for first := 0; first < len(order); {
		of, _ := g.at(order[first])
		next := first
		k.packer.names.empty()
		k.packed = k.packed[:0]
		for ; next < len(order); next++ {
			account, m := g.at(order[next])
			if !account.sameAccount(of) {
				break
			}
			k.packed = k.packer.movement(k.packer.currencyOf(k.packed, account), m)
		}
		k.row(of)
		first = next
	}
}

// row adds what is packed: the names, and then the movements.
func (k *keeper) row(of owner) {
	k.blob = binary.AppendUvarint(k.blob[:0], uint64(len(k.packer.names.list)))
	for _, name := range k.packer.names.list {
		k.blob = appendText(k.blob, name)
	}
	k.blob = append(k.blob, k.packed...)
	k.columns[0].(*recurring).add(of.channel)
	k.columns[1].(*texts).add(of.account)
	k.columns[2].(*texts).add(unsafe.String(unsafe.SliceData(k.blob), len(k.blob)))
	k.count++
}

// keptBatch reads KeptTable's rows, each with its place.
type keptBatch struct {
	place            *array.Uint64
	channel, account *array.String
	movements        *array.Binary
}

// addKept adds the movements that were kept.
func (g *gathering) addKept(batch arrow.RecordBatch) error {
	c := &columns{batch: batch}
	b := keptBatch{
		place: column[*array.Uint64](c, "place"), channel: column[*array.String](c, "channel"), account: column[*array.String](c, "account_id"),
		movements: column[*array.Binary](c, "movements"),
	}
	if c.err != nil {
		return c.err
	}
	for i := range int(batch.NumRows()) {
		of := owner{channel: text(b.channel, i), account: text(b.account, i)}
		if err := g.unpack(b.place.Value(i), of, b.movements.Value(i)); err != nil {
			return err
		}
	}
	return nil
}

func (g *gathering) unpack(place uint64, of owner, kept []byte) error {
	u := unpacker{bytes: kept}
	for range u.unsigned() {
		u.names = append(u.names, u.text())
		if u.broken {
			return errPacked
		}
	}
	var m Movement
	for len(u.bytes) > 0 {
		of.currency = u.name()
		u.movement(&m)
		if u.broken {
			return errPacked
		}
		if err := g.add(place, of, &m); err != nil {
			return err
		}
	}
	return nil
}
