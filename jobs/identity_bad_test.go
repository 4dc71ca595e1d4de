package jobs_test

import (
	"fmt"
	"maps"
	random "math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// crmOf is a state with one export of accounts: channel, account, phone, email, member number and birthday of each, empty where it has none.
func crmOf(accounts ...[6]string) crmState {
	export := crmExport{dataset: "accounts", name: "accounts-000", day: 1}
	for i, account := range accounts {
		row := []string{fmt.Sprintf("'K%d'", i)}
		for column, value := range account {
			kind := map[bool]string{true: "date", false: "varchar"}[column == 5]
			row = append(row, fmt.Sprintf("nullif('%s', '')::%s", value, kind))
		}
		export.rows = append(export.rows, "("+strings.Join(row, ", ")+", null::timestamp, null::varchar)")
	}
	return crmState{exports: []crmExport{export}, rules: crmRules}
}

// columnsOf gives some columns of the rows of a table, as run gives it, in order.
func columnsOf(table string, columns ...string) (rows []string) {
	for line := range strings.SplitSeq(table, "\n") {
		var row []string
		for _, column := range columns {
			if _, value, found := strings.Cut(line, "'"+column+"': "); found {
				value, _, _ = strings.Cut(value, ", '")
				row = append(row, strings.Trim(value, "'}"))
			}
		}
		if len(row) > 0 {
			rows = append(rows, strings.Join(row, " "))
		}
	}
	slices.Sort(rows)
	return rows
}

// customersOf counts the customers of a result.
func customersOf(tables map[string]string) int {
	return len(slices.Compact(columnsOf(tables["identity.account_customers"], "customer_id")))
}

func TestBadEvidenceHasAResultThatIsListed(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		state     crmState
		customers int
		table     string
		columns   []string
		want      []string // among the rows of the table
	}{
		"two spellings of one phone on one account are one identifier": {
			crmOf([6]string{"shop", "A", "13912340001"}, [6]string{"shop", "A", "+86 139 1234 0001"}), 1,
			"identity.identifiers",
			[]string{"kind", "account_id", "status"},
			[]string{"phone A used"},
		},
		"birthdays that contradict each other keep two accounts apart, and one account is not torn": {
			crmOf([6]string{"shop", "A", "13912340001", "", "", "1990-01-01"}, [6]string{"pos", "B", "13912340001", "", "", "1991-01-01"},
				[6]string{"app", "C", "13912340009", "", "", "1990-01-01"}, [6]string{"app", "C", "", "", "", "1992-01-01"}), 3,
			"identity.merges",
			[]string{"account_id", "outcome", "reason"},
			[]string{"A refused one customer would have 2 values of birthday, more than 1"},
		},
		"a decision on accounts that no export names": {
			with(crmOf([6]string{"shop", "A", "13912340001"}), "together,shop,A,pos,ghost,li,2026-01-02,x\n", "apart,shop,nobody,pos,ghost,li,2026-01-02,x\n"), 1,
			"identity.overrides",
			[]string{"action", "outcome", "reason"},
			[]string{"apart unknown_account no export names shop:nobody", "together unknown_account no export names pos:ghost"},
		},
		"decisions that go in a circle: apart holds": {
			with(crmOf([6]string{"shop", "A", "13912340001"}, [6]string{"shop", "B", "13912340002"}, [6]string{"shop", "C", "13912340003"}),
				"together,shop,A,shop,B,li,2026-01-02,x\n", "together,shop,B,shop,C,li,2026-01-03,x\n", "apart,shop,A,shop,C,li,2026-01-04,x\n"), 2,
			"identity.overrides",
			[]string{"action", "account_id", "outcome", "reason"},
			[]string{"apart A followed NULL", "together A followed NULL", "together B refused another decision keeps the two customers apart"},
		},
		"an account apart from itself": {
			with(crmOf([6]string{"shop", "A", "13912340001"}), "apart,shop,A,shop,A,li,2026-01-02,x\n"), 1,
			"identity.overrides",
			[]string{"outcome", "reason"},
			[]string{"refused an account cannot be kept apart from itself"},
		},
		"an identifier of 10 kB is nobody's": {
			crmOf([6]string{"shop", "A", "", strings.Repeat("x", 10_000) + "@example.com"}, [6]string{"pos", "B", "", strings.Repeat("x", 10_000) + "@example.com"}), 2,
			"identity.identifiers",
			[]string{"account_id", "status"},
			[]string{"A junk", "B junk"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			tables, _ := newCRM(t).run(c.state)
			if got := customersOf(tables); got != c.customers {
				t.Errorf("%d customers, want %d", got, c.customers)
			}
			if got := columnsOf(tables[c.table], c.columns...); !slices.Equal(got, c.want) {
				t.Errorf("%s: %q, want %q", c.table, got, c.want)
			}
		})
	}
}

func with(state crmState, overrides ...string) crmState {
	state.overrides = overrides
	return state
}

// A phone on 50,000 accounts, and an account that has 500 phones, join nobody: who has them is listed. Pairs are never made of them.
func TestWhatVeryManyShareJoinsNobody(t *testing.T) {
	t.Parallel()
	export := crmExport{dataset: "accounts", name: "accounts-000", day: 1, query: `
		select 'K' || i, 'shop', 'A' || i, '13912340001', null::varchar, null::varchar, null::date, null::timestamp, null::varchar from range(50000) as t(i)
		union all
		select 'P' || i, 'pos', 'B', '1391235' || (1000 + i), null, null, null, null, null from range(500) as t(i)
		union all
		select 'Q' || i, 'app', 'C' || i, '1391235' || (1000 + i), null, null, null, null, null from range(500) as t(i)`}
	tables, _ := newCRM(t).run(crmState{exports: []crmExport{export}, rules: crmRules})
	if got := customersOf(tables); got != 50_000+1+500 {
		t.Errorf("%d customers, want one for each account", got)
	}
	counts := map[string]int{}
	for _, row := range columnsOf(tables["identity.merges"], "outcome", "reason") {
		counts[row]++
	}
	want := map[string]int{"quarantined more than 4 accounts have this phone": 49_999, "refused one customer would have 4 values of phone, more than 3": 500}
	if !maps.Equal(counts, want) {
		t.Errorf("links %v, want %v", counts, want)
	}
}

// The ids are those of the evidence: whatever arrived first, and in however many runs.
func TestCustomersAreTheSameInAnyOrderOfArrival(t *testing.T) {
	t.Parallel()
	history := crmHistory{Rand: random.New(random.NewPCG(3, 3)), accounts: 30}
	state := crmState{rules: crmRules}
	for range 24 {
		state.exports = append(state.exports, history.export(len(state.exports), 40))
	}
	want, _ := newCRM(t).run(state)
	if customersOf(want) == len(columnsOf(want["identity.account_customers"], "customer_id")) {
		t.Fatal("nobody has two accounts: this proves nothing")
	}
	for range 3 {
		history.Shuffle(len(state.exports), func(i, j int) { state.exports[i], state.exports[j] = state.exports[j], state.exports[i] })
		shop := newCRM(t)
		shop.run(crmState{exports: state.exports[:8], rules: crmRules})
		shop.run(crmState{exports: state.exports[:16], rules: crmRules})
		got, _ := shop.run(state)
		if difference := differingRows(want, got); difference != "" {
			t.Fatalf("(-in order +shuffled):\n%s", difference)
		}
	}
}
