package ledger_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

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

// BenchmarkRun books a million movements from Arrow to Arrow, in batches as DuckDB gives them.
func BenchmarkRun(b *testing.B) {
	schema, all := benchBatches()
	for b.Loop() {
		reader, err := array.NewRecordReader(schema, all)
		if err != nil {
			b.Fatal(err)
		}
		if err := ledger.Run(context.Background(), reader, programmeOfBench(), nil, firstDay+benchDays, discard{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*benchAccounts*benchLength/b.Elapsed().Seconds()/1e6, "Mmovements/s")
}

func benchBatches() (*arrow.Schema, []arrow.RecordBatch) {
	random := rand.New(rand.NewPCG(1, 2))
	schema := schemaOf(inputColumns)
	builder := array.NewRecordBuilder(memory.NewGoAllocator(), schema)
	var all []arrow.RecordBatch
	rows := 0
	for account := range benchAccounts {
		for _, m := range benchMovements(random, account, benchLength) {
			appendMovement(builder, account, m)
			if rows++; rows%2048 == 0 {
				all = append(all, builder.NewRecordBatch())
			}
		}
	}
	return schema, append(all, builder.NewRecordBatch())
}

func appendMovement(builder *array.RecordBuilder, account int, m ledger.Movement) {
	texts := map[string]string{
		"channel": "shop", "account_id": fmt.Sprintf("M%08d", account), "currency": "points", "txn_id": m.TxnID, "kind": m.KindName, "order_id": m.OrderID,
		"source_file": m.SourceFile,
	}
	for i, field := range builder.Schema().Fields() {
		switch into := builder.Field(i).(type) {
		case *array.Uint64Builder:
			into.Append(uint64(account))
		case *array.TimestampBuilder:
			into.Append(arrow.Timestamp(m.OccurredAt))
		case *array.Int64Builder:
			into.Append(map[string]int64{"points": m.Points, "source_row": m.SourceRow}[field.Name])
		case *array.StringBuilder:
			if text := texts[field.Name]; text != "" {
				into.Append(text)
				continue
			}
			into.AppendNull()
		default:
			into.AppendNull()
		}
	}
}
