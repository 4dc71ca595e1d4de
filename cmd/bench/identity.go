package main

import (
	"context"
	_ "embed"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/identity"

	"github.com/apache/arrow-go/v18/arrow/array"
)

//go:embed script/accounts.sql
var accountsSQL string

//go:embed script/graph.sql
var graphSQL string

//go:embed script/components.sql
var componentsSQL string

//go:embed script/components_round.sql
var componentsRoundSQL string

//go:embed script/contraction.sql
var contractionSQL string

//go:embed script/contraction_round.sql
var contractionRoundSQL string

// identityRules are those of the made-up evidence. Every value counts against a limit, as with nearly all of the product's own rules, and none is
// reached, since SQL knows no limits.
func identityRules() []identity.Rule {
	return []identity.Rule{
		{Kind: "member_no", Trust: 1, ValuesPerCustomer: 1, AccountsPerValue: 1000},
		{Kind: "phone", Trust: 2, ValuesPerCustomer: 1000, AccountsPerValue: 1000},
		{Kind: "email", Trust: 3, ValuesPerCustomer: 1000, AccountsPerValue: 1000},
		{Kind: "similar"},
		{Kind: "override"},
	}
}

// benchIdentity measures the merge of accounts, from evidence as Parquet to customers as Parquet, against the loop in SQL that Splink runs, and against
// the fastest one that we know, which has no goal.
func benchIdentity(ctx context.Context, b *bencher) error {
	dir := filepath.Join(b.dir, "identity")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	sides := map[string]measured{}
	for name, text := range identityScripts(dir, b.identityEdges) {
		var err error
		if sides[name], err = b.script("identity-"+name, text); err != nil {
			return err
		}
	}
	for _, name := range []string{"accounts", "graph", "components", "contraction"} {
		if _, err := sides[name].run(ctx); err != nil {
			return err
		}
	}
	ours, names := parquet(filepath.Join(dir, "graph.parquet")), []string{"components", "contraction"}
	theirs := []string{parquet(filepath.Join(dir, "components.parquet")), parquet(filepath.Join(dir, "contraction.parquet"))}
	if err := b.sameRows(ctx, names, []string{ours, ours}, theirs); err != nil {
		return err
	}
	size := fmt.Sprintf("identity, %d edges, ", b.identityEdges)
	loop, err := compare(ctx, size+"against the SQL loop", b.long, sides["graph"], sides["components"])
	if err != nil {
		return err
	}
	contraction, err := compare(ctx, size+"against contraction in SQL", b.long, sides["graph"], sides["contraction"])
	if err != nil {
		return err
	}
	processor, memory := result{Name: "identity, processor time", Pairs: loop.Pairs, A: loop.A, B: loop.B}, result{Name: "identity, memory", Pairs: loop.Pairs, A: loop.A, B: loop.B}
	b.add(loop.goal(loop.WallRatio, 0.33, "times"), processor.goal(loop.CPURatio, 0.2, "times"), memory.goal(loop.PeakRatio, 0.6, "times"), contraction)
	if err := benchIdentityDays(ctx, b, dir); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

// identityScripts are the script that makes evidence up, 2.2 identifiers to an account, and the sides over it.
func identityScripts(dir string, edges int) map[string]string {
	fill := strings.NewReplacer("{dir}", dir, "{accounts}", fmt.Sprint(edges*5/11), "{edges}", fmt.Sprint(edges))
	return map[string]string{
		"accounts": fill.Replace(accountsSQL), "graph": fill.Replace(graphSQL), "components": fill.Replace(componentsSQL), "contraction": fill.Replace(contractionSQL),
	}
}

// mergeGraph merges the evidence of identity_work.evidence with the product's code and leaves identity_work.members.
func mergeGraph(ctx context.Context, session *warehouse.Session) error {
	var accounts, edges int
	if err := session.QueryRow(ctx, "select max(account) + 1, count(*) from identity_work.evidence").Scan(&accounts, &edges); err != nil {
		return err
	}
	graph, edge := identity.NewGraph(identityRules(), make([]uint16, accounts), edges), uint32(0)
	err := session.ReadArrow(ctx, "select account, kind_no, value_key, first_day from identity_work.evidence", func(reader array.RecordReader) error {
		for reader.Next() {
			batch := reader.RecordBatch()
			accounts, kinds := batch.Column(0).(*array.Uint32).Uint32Values(), batch.Column(1).(*array.Uint8).Uint8Values()
			keys, days := batch.Column(2).(*array.Uint64).Uint64Values(), batch.Column(3).(*array.Int32).Int32Values()
			values, numbers := make([]identity.Value, len(keys)), make([]uint32, len(keys))
			for row, key := range keys {
				values[row].Kind = kinds[row]
				binary.LittleEndian.PutUint64(values[row].Hash[:], key)
			}
			graph.Number(values, numbers)
			for row, account := range accounts {
				graph.Set(edge, account, numbers[row], days[row], days[row])
				edge++
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return identity.LoadMembers(ctx, session, graph.Merge(nil, identity.Likeness{}))
}

// loopInSQL runs rounds until a table is empty.
func loopInSQL(ctx context.Context, session *warehouse.Session, round, until string) error {
	for left := 1; left > 0; {
		if _, err := session.Exec(ctx, round); err != nil {
			return err
		}
		if err := session.QueryRow(ctx, "select count(*) from "+until).Scan(&left); err != nil {
			return err
		}
	}
	return nil
}
