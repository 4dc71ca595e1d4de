package ledger

import (
	"encoding/binary"
	"errors"
	"strings"
	"unsafe"
)

// PackedForm is the version of how movements are packed. A packed movement takes some forty bytes: its numbers as varints, its texts as they are, and the few texts that most movements share (currencies and
// files) as numbers of a table of names. Movements are packed while they wait for the others of their account, and in what is kept of them until
// the next run. Whoever changes the form, or what else is kept, raises PackedForm.
const PackedForm = 2

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
	if start := len(name) - 8; start >= 0 {
		last = binary.LittleEndian.Uint64(unsafe.Slice(unsafe.StringData(name), len(name))[start:])
	} else {
		for i := range len(name) {
			last = last<<8 | uint64(name[i])
		}
	}
	return last * 0x9e3779b97f4a7c15 >> (64 - 6)
}

func (n *names) empty() {
	n.list = n.list[:0]
	clear(n.number)
	clear(n.recent[:])
}

// packer appends movements to bytes.
type packer struct {
	names *names
	dense bool // ids take less room, and more time
}

// text appends an id.
func (p *packer) text(to []byte, text string) []byte {
	if p.dense {
		return appendDense(to, text)
	}
	return appendText(to, text)
}

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
	to = appendInstant(to, m.OccurredAt)
	to = binary.AppendVarint(to, m.Points)
	to = binary.AppendVarint(to, m.SourceRow)
	to = binary.AppendUvarint(to, p.names.of(m.SourceFile))
	if !m.lacks(LacksExpiry) {
		to = binary.AppendVarint(to, int64(m.ExpiresOn))
	}
	if m.Kind == UnknownKind {
		to = appendText(to, m.KindName)
	}
	to = p.text(to, m.TxnID)
	if m.OrderID != "" {
		to = p.text(to, m.OrderID)
	}
	to = appendTextIfAny(to, m.Reason)
	to = appendTextIfAny(to, m.CounterAccount)
	return appendTextIfAny(to, m.CounterTxn)
}

// appendInstant appends the seconds, and what there is beyond them: mostly nothing.
func appendInstant(to []byte, at Instant) []byte {
	seconds, rest := at/second, at%second
	if rest < 0 {
		seconds, rest = seconds-1, rest+second
	}
	if rest == 0 {
		return binary.AppendVarint(to, int64(seconds)<<1)
	}
	return binary.AppendUvarint(binary.AppendVarint(to, int64(seconds)<<1|1), uint64(rest))
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

// A dense text has the digits that it ends with as a number, if these are enough to gain by it.
const (
	fewDigits  = 4
	mostDigits = 18
)

func appendDense(to []byte, text string) []byte {
	head := len(text)
	var number uint64
	for head > 0 && len(text)-head < mostDigits && text[head-1]-'0' < 10 {
		head--
	}
	digits := len(text) - head
	if digits < fewDigits {
		return append(binary.AppendUvarint(to, uint64(len(text))<<1), text...)
	}
	for i := head; i < len(text); i++ {
		number = number*10 + uint64(text[i]-'0')
	}
	to = binary.AppendUvarint(to, uint64(head)<<6|uint64(digits)<<1|1)
	return binary.AppendUvarint(append(to, text[:head]...), number)
}

// errPacked says that bytes are not what a packer made.
var errPacked = errors.New("packed movements are damaged")

// unpacker reads what a packer has appended. Texts that it gives are parts of the bytes; dense ones hold until the next movement.
type unpacker struct {
	bytes  []byte
	names  []string
	dense  bool
	room   []byte // for dense texts, of a movement
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

func (u *unpacker) instant() Instant {
	seconds := u.signed()
	at := Instant(seconds>>1) * second
	if seconds&1 != 0 {
		at += Instant(u.unsigned())
	}
	return at
}

func (u *unpacker) text() string { return u.bytesOf(u.unsigned()) }

// bytesOf takes the next bytes as a text.
func (u *unpacker) bytesOf(length uint64) string {
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

// id is a text that may be dense.
func (u *unpacker) id() string {
	if !u.dense {
		return u.text()
	}
	form := u.unsigned()
	if form&1 == 0 {
		return u.bytesOf(form >> 1)
	}
	digits := int(form >> 1 & 31)
	start := len(u.room)
	u.room = append(u.room, u.bytesOf(form>>6)...)
	number := u.unsigned()
	end := len(u.room) + digits
	for range digits {
		u.room = append(u.room, '0')
	}
	for i := end - 1; i >= end-digits; i-- {
		u.room[i] = byte('0' + number%10)
		number /= 10
	}
	if number > 0 {
		u.broken = true
	}
	return unsafe.String(unsafe.SliceData(u.room[start:]), end-start)
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
	*m = Movement{Kind: kind, Lacks: Lack(bits & (hasOrder - 1)), OccurredAt: u.instant(), Points: u.signed(), SourceRow: u.signed(), SourceFile: u.name()}
	if !m.lacks(LacksExpiry) {
		m.ExpiresOn = Day(u.signed())
	}
	if kind == UnknownKind {
		m.KindName = u.text()
	} else {
		m.KindName = kind.String()
	}
	u.room = u.room[:0]
	m.TxnID = u.id()
	if bits&hasOrder != 0 {
		m.OrderID = u.id()
	}
	m.Reason = u.textIf(bits&hasReason != 0)
	m.CounterAccount, m.CounterTxn = u.textIf(bits&hasCounter != 0), u.textIf(bits&hasAnswer != 0)
}
