package ledger

import (
	"encoding/binary"
	"errors"
	"strings"
	"unsafe"
)

// PackedForm is the version of how movements are packed. A packed movement takes some forty bytes: its numbers as varints, its texts as they are, and the few texts that most movements share (currencies and
// files) as numbers of a table of names. Movements are packed while they wait for the others of their account, and in what is kept of them until
// the next run. Whoever changes the form raises PackedForm.
const PackedForm = 1

// What a packed movement has, as bits.
const (
	hasOrder = 1 << (iota + 4) // the first bits are those of Lack
	hasReason
	hasCounter
	hasAnswer
)

// names numbers texts that recur.
type names struct {
	list   []string
	number map[string]uint64
	recent [recentNames]recent
}

func newNames() *names { return &names{number: map[string]uint64{}} }

// recent is a name that was asked for. Most that are asked for are, since few follow each other.
type recent struct {
	name   string
	number uint64
}

const recentNames = 64

// of gives the number of a name, which may belong to a batch.
func (n *names) of(name string) uint64 {
	last := &n.recent[recentPlace(name)]
	if last.name == name && name != "" {
		return last.number
	}
	number, found := n.number[name]
	if !found {
		owned := strings.Clone(name)
		number = uint64(len(n.list))
		n.list, n.number[owned] = append(n.list, owned), number
	}
	*last = recent{n.list[number], number}
	return number
}

// next gives the number of a name that is like the one before it or new: names that come in groups need no search.
func (n *names) next(name string) uint64 {
	if last := len(n.list) - 1; last < 0 || n.list[last] != name {
		n.list = append(n.list, strings.Clone(name))
	}
	return uint64(len(n.list) - 1)
}

// recentPlace spreads names by their last bytes, in which those of one column differ mostly.
func recentPlace(name string) uint64 {
	var last uint64
	for i := range min(8, len(name)) {
		last = last<<8 | uint64(name[len(name)-1-i])
	}
	return last * 0x9e3779b97f4a7c15 >> (64 - 6)
}

func (n *names) empty() {
	n.list = n.list[:0]
	clear(n.number)
	clear(n.recent[:])
}

// packer appends movements to bytes.
type packer struct{ names *names }

func appendText(to []byte, text string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(text))), text...)
}

// owner packs whose points are moved.
func (p *packer) owner(to []byte, of owner) []byte {
	to = binary.AppendUvarint(to, p.names.of(of.channel))
	return p.currencyOf(appendText(to, of.account), of)
}

func (p *packer) currencyOf(to []byte, of owner) []byte {
	return binary.AppendUvarint(to, p.names.of(of.currency))
}

func (p *packer) movement(to []byte, m *Movement) []byte {
	to = append(to, byte(m.Kind), m.has())
	to = binary.AppendVarint(to, int64(m.OccurredAt))
	to = binary.AppendVarint(to, m.Points)
	to = binary.AppendVarint(to, m.SourceRow)
	to = binary.AppendUvarint(to, p.names.of(m.SourceFile))
	if !m.lacks(LacksExpiry) {
		to = binary.AppendVarint(to, int64(m.ExpiresOn))
	}
	if m.Kind == UnknownKind {
		to = appendText(to, m.KindName)
	}
	to = appendText(to, m.TxnID)
	to = appendTextIfAny(to, m.OrderID)
	to = appendTextIfAny(to, m.Reason)
	to = appendTextIfAny(to, m.CounterAccount)
	return appendTextIfAny(to, m.CounterTxn)
}

// has says what a movement lacks, and which of its texts are there.
func (m *Movement) has() byte {
	bits := byte(m.Lacks)
	if m.OrderID != "" {
		bits |= hasOrder
	}
	if m.Reason != "" {
		bits |= hasReason
	}
	if m.CounterAccount != "" {
		bits |= hasCounter
	}
	if m.CounterTxn != "" {
		bits |= hasAnswer
	}
	return bits
}

func appendTextIfAny(to []byte, text string) []byte {
	if text == "" {
		return to
	}
	return appendText(to, text)
}

// errPacked says that bytes are not what a packer made.
var errPacked = errors.New("packed movements are damaged")

// unpacker reads what a packer has appended. Texts that it gives are parts of the bytes.
type unpacker struct {
	bytes  []byte
	names  []string
	broken bool
}

func (u *unpacker) unsigned() uint64 {
	if len(u.bytes) > 0 && u.bytes[0] < 0x80 { // most are so small
		number := uint64(u.bytes[0])
		u.bytes = u.bytes[1:]
		return number
	}
	number, width := binary.Uvarint(u.bytes)
	if width <= 0 {
		u.broken, u.bytes = true, nil
		return 0
	}
	u.bytes = u.bytes[width:]
	return number
}

func (u *unpacker) signed() int64 {
	number := u.unsigned()
	return int64(number>>1) ^ -int64(number&1)
}

func (u *unpacker) text() string {
	length := u.unsigned()
	if length > uint64(len(u.bytes)) {
		u.broken, u.bytes = true, nil
		return ""
	}
	if length == 0 {
		return ""
	}
	text := unsafe.String(&u.bytes[0], int(length))
	u.bytes = u.bytes[length:]
	return text
}

func (u *unpacker) textIf(is bool) string {
	if !is {
		return ""
	}
	return u.text()
}

func (u *unpacker) name() string {
	number := u.unsigned()
	if number >= uint64(len(u.names)) {
		u.broken = true
		return ""
	}
	return u.names[number]
}

func (u *unpacker) owner() owner {
	return owner{channel: u.name(), account: u.text(), currency: u.name()}
}

func (u *unpacker) movement(m *Movement) {
	if len(u.bytes) < 2 {
		u.broken, u.bytes = true, nil
		return
	}
	kind, bits := Kind(u.bytes[0]), u.bytes[1]
	u.bytes = u.bytes[2:]
	*m = Movement{Kind: kind, Lacks: Lack(bits & (hasOrder - 1)), OccurredAt: Instant(u.signed()), Points: u.signed(), SourceRow: u.signed(), SourceFile: u.name()}
	if !m.lacks(LacksExpiry) {
		m.ExpiresOn = Day(u.signed())
	}
	if kind == UnknownKind {
		m.KindName = u.text()
	} else {
		m.KindName = kind.String()
	}
	m.TxnID = u.text()
	m.OrderID, m.Reason = u.textIf(bits&hasOrder != 0), u.textIf(bits&hasReason != 0)
	m.CounterAccount, m.CounterTxn = u.textIf(bits&hasCounter != 0), u.textIf(bits&hasAnswer != 0)
}
