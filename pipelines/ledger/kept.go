package ledger

import (
	"encoding/binary"
	"strings"
	"unsafe"

	"countinghouse/internal/warehouse"
)

// KeptTable is what the next run goes on from: per account its movements, packed and in ledger order. A day more reads those of the accounts that it
// concerns, adds the new ones, and neither reads the others nor sorts any again.
const KeptTable = "ledger.movements"

// Kept describes KeptTable: an account's movements, and how many rows it has in each of Tables, so that the rows that it gives up when it is booked again
// need not be counted.
func Kept() Table {
	columns := []Column{{"channel", Name}, {"account_id", Text}, {"movements", Bytes}}
	for _, table := range Tables() {
		columns = append(columns, Column{countColumn(table.Name), Integer})
	}
	return Table{KeptTable, columns}
}

// countColumn is the column of KeptTable that counts the rows of a table.
func countColumn(table string) string { return strings.TrimPrefix(table, "ledger.") }

// counts are rows, table by table in the order of Tables.
type counts [5]int64

// counted is how many rows an account has.
type counted struct {
	of owner
	counts
}

// keeper packs the movements of one account after the other.
type keeper struct {
	*rows
	packer packer
	packed []byte
	blob   []byte
	booked []counted // of the accounts of a place
}

func newKeeper() *keeper {
	return &keeper{rows: newRows(Kept(), keptRows), packer: packer{names: newNames(), dense: true}}
}

// tally counts the rows of postings.
func (k *keeper) tally(p *Postings) {
	of := owner{channel: p.Channel, account: p.AccountID}
	if last := len(k.booked) - 1; last < 0 || !k.booked[last].of.sameAccount(of) {
		k.booked = append(k.booked, counted{of: of})
	}
	rows := &k.booked[len(k.booked)-1].counts
	for i, n := range []int{len(p.Entries), len(p.Lots), len(p.Consumption), len(p.Balances), len(p.Exceptions)} {
		rows[i] += int64(n)
	}
}

// add keeps the movements of a place, in their order, in which its accounts were booked too.
func (k *keeper) add(g *group, order []int32) {
	for first, account := 0, 0; first < len(order); account++ {
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
		k.row(of, k.booked[account].counts)
		first = next
	}
	k.booked = k.booked[:0]
}

// sharedStart is how many bytes two texts begin with in common.
func sharedStart(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// row adds what is packed: the names, and then the movements.
func (k *keeper) row(of owner, rows counts) {
	k.blob = binary.AppendUvarint(k.blob[:0], uint64(len(k.packer.names.list)))
	var before string
	for _, name := range k.packer.names.list { // names of files differ at the end
		shared := sharedStart(before, name)
		k.blob = appendText(binary.AppendUvarint(k.blob, uint64(shared)), name[shared:])
		before = name
	}
	k.blob = append(k.blob, k.packed...)
	k.columns[0].(*recurring).add(of.channel)
	k.columns[1].(*texts).add(of.account)
	k.columns[2].(*texts).add(unsafe.String(unsafe.SliceData(k.blob), len(k.blob)))
	for i, n := range rows {
		k.columns[3+i].(*integers).add(n)
	}
	k.count++
}

// keptColumns are those of KeptOfSQL.
func keptColumns() []warehouse.Column {
	return []warehouse.Column{{Name: "place", Type: "UBIGINT"}, {Name: "channel", Type: "VARCHAR"}, {Name: "account_id", Type: "VARCHAR"}, {Name: "movements", Type: "BLOB"}}
}

// addKept adds the movements that were kept.
func (g *gathering) addKept(rows *warehouse.Chunk) error {
	places, channels, accounts, movements := rows.Ubigints(0), rows.Texts(1), rows.Texts(2), rows.Texts(3)
	for i := range rows.Rows {
		if err := g.unpack(places.At(i), owner{channel: channels.At(i), account: accounts.At(i)}, movements.At(i)); err != nil {
			return err
		}
	}
	return nil
}

func (g *gathering) unpack(place uint64, of owner, kept string) error {
	u := unpacker{bytes: unsafe.Slice(unsafe.StringData(kept), len(kept)), dense: true}
	var before string
	for range u.unsigned() {
		shared := min(u.unsigned(), uint64(len(before)))
		before = before[:shared] + u.text()
		u.names = append(u.names, before)
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
