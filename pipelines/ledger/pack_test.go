package ledger

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func drawMovement(t *rapid.T) Movement {
	text := rapid.SampledFrom([]string{"", "A", "流水-1", "O\x00\xff", "1234", "T000001234567", "0000000000000000000000", "A99999999999999999999", "-0001"})
	m := Movement{
		TxnID: text.Draw(t, "txn"), OccurredAt: Instant(rapid.Int64().Draw(t, "at")), Kind: Kind(rapid.IntRange(0, int(UnknownKind)).Draw(t, "kind")),
		Lacks: Lack(rapid.IntRange(0, 7).Draw(t, "lacks")), Points: rapid.SampledFrom([]int64{0, 1, -1, 300, math.MaxInt64, math.MinInt64}).Draw(t, "points"),
		OrderID: text.Draw(t, "order"), Reason: text.Draw(t, "reason"), SourceFile: text.Draw(t, "file"), SourceRow: rapid.Int64().Draw(t, "row"),
		CounterAccount: text.Draw(t, "counter"), CounterTxn: text.Draw(t, "answer"),
	}
	if !m.lacks(LacksExpiry) {
		m.ExpiresOn = Day(rapid.Int32().Draw(t, "expires"))
	}
	if m.KindName = m.Kind.String(); m.Kind == UnknownKind {
		m.KindName = text.Draw(t, "kind name")
	}
	return m
}

// TestPackedMovementsComeBack as they were, one after the other; what is cut short says so.
func TestPackedMovementsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := packer{names: newNames(), dense: rapid.Bool().Draw(t, "dense")}
		want := rapid.SliceOfN(rapid.Custom(drawMovement), 1, 5).Draw(t, "movements")
		owners := make([]owner, len(want))
		var packed []byte
		for i := range want {
			owners[i] = owner{rapid.SampledFrom([]string{"", "shop", "pos"}).Draw(t, "channel"), "会员", rapid.SampledFrom([]string{"points", "coins"}).Draw(t, "currency")}
			packed = p.movement(p.owner(packed, owners[i]), &want[i])
		}
		got := make([]Movement, len(want))
		u := unpacker{bytes: packed, names: p.names.list, dense: p.dense}
		for i := range got {
			if of := u.owner(); of != owners[i] {
				t.Fatalf("owner %v, want %v", of, owners[i])
			}
			u.movement(&got[i])
			got[i].TxnID, got[i].OrderID = strings.Clone(got[i].TxnID), strings.Clone(got[i].OrderID)
		}
		if difference := cmp.Diff(want, got); difference != "" || len(u.bytes) > 0 || u.broken {
			t.Fatalf("%d bytes left, broken %v (-want +got):\n%s", len(u.bytes), u.broken, difference)
		}
		cut := unpacker{bytes: packed[:rapid.IntRange(0, len(packed)-1).Draw(t, "cut")], names: p.names.list, dense: p.dense}
		for range want {
			cut.owner()
			cut.movement(&got[0])
		}
		if !cut.broken {
			t.Fatal("what was cut short was read as if it were whole")
		}
	})
}

// FuzzKept gives bytes for what was kept: they are read or refused.
func FuzzKept(f *testing.F) {
	k := newKeeper()
	var g group
	*g.add(owner{"shop", "A", "points"}) = Movement{TxnID: "T1", Kind: Earn, Points: 5, SourceFile: "points.csv"}
	*g.add(owner{"shop", "A", "coins"}) = Movement{TxnID: "T2", Kind: UnknownKind, KindName: "gift", Lacks: LacksExpiry | LacksTime}
	k.tally(&Postings{Channel: "shop", AccountID: "A"})
	k.add(&g, []int32{0, 1})
	f.Add(k.blob)
	f.Add([]byte("\x02\x01a"))
	f.Fuzz(func(t *testing.T, kept []byte) {
		if err := newGathering(MostHeld, "").unpack(1, owner{channel: "shop", account: "A"}, string(kept)); err != nil && !errors.Is(err, errPacked) {
			t.Fatal(err)
		}
	})
}
