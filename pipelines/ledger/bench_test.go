package ledger_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"countinghouse/pipelines/ledger"
)

type discard struct{}

func (discard) Write(string, arrow.RecordBatch) error { return nil }

// programmeOfBench is a rolling year.
func programmeOfBench() []ledger.Programme {
	return []ledger.Programme{{ValidFrom: 0, Validity: ledger.Rolling, ValidityDays: 365}}
}

const benchDays = 1000

// benchMovements makes the movements of one account: two earnings to a redemption, in ledger order.
func benchMovements(random *rand.Rand, account, n int) []ledger.Movement {
	movements := make([]ledger.Movement, n)
	for i := range movements {
		m := &movements[i]
		*m = ledger.Movement{
			TxnID: fmt.Sprintf("%09d-%04d", account, i), OccurredAt: instant(benchDays*i/n, 0) + ledger.Instant(i),
			Kind: ledger.Earn, KindName: "earn", Points: random.Int64N(400) + 1, Lacks: ledger.LacksExpiry,
			OrderID: fmt.Sprintf("%012d", random.Int64N(1_000_000_000_000)), SourceFile: "points_20261031.csv", SourceRow: int64(i),
		}
		if random.IntN(3) == 0 {
			m.Kind, m.KindName, m.Points = ledger.Redeem, "redeem", m.Points/2+1
		}
	}
	return movements
}

const benchAccounts, benchLength = 33_334, 30

// BenchmarkKernel books a million movements without Arrow.
func BenchmarkKernel(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	accounts := make([][]ledger.Movement, benchAccounts)
	for i := range accounts {
		accounts[i] = benchMovements(random, i, benchLength)
	}
	kernel, err := ledger.NewKernel(programmeOfBench(), firstDay+benchDays)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for i := range accounts {
			kernel.Open("shop", "A", "points")
			for j := range accounts[i] {
				if err := kernel.Post(&accounts[i][j]); err != nil {
					b.Fatal(err)
				}
			}
			if err := kernel.Close(); err != nil {
				b.Fatal(err)
			}
			kernel.Empty()
		}
	}
	b.ReportMetric(float64(b.N)*benchAccounts*benchLength/b.Elapsed().Seconds()/1e6, "Mmovements/s")
}

// BenchmarkRun books a million movements into Arrow batches.
func BenchmarkRun(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	var all []ledger.Given
	for account := range benchAccounts {
		for _, m := range benchMovements(random, account, benchLength) {
			all = append(all, ledger.Given{
				Place: uint64(account) * 0x9e3779b97f4a7c15, Channel: "shop", Account: fmt.Sprintf("M%08d", account), Currency: "points", Movement: m,
			})
		}
	}
	for b.Loop() {
		if err := ledger.Run(context.Background(), all, programmeOfBench(), nil, firstDay+benchDays, discard{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*benchAccounts*benchLength/b.Elapsed().Seconds()/1e6, "Mmovements/s")
}
