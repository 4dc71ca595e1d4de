package drift_test

import (
	"strings"
	"testing"

	"countinghouse/internal/run"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/drift"
)

// accounts makes a relation of "account customer" pairs.
func accounts(pairs string) string {
	if pairs == "" {
		return "select '' as channel, '' as account_id, '' as customer_id where false"
	}
	var rows []string
	for _, pair := range strings.Split(pairs, ",") {
		account, customer, _ := strings.Cut(pair, " ")
		rows = append(rows, "('shop', '"+account+"', '"+customer+"')")
	}
	return "select * from (values " + strings.Join(rows, ", ") + ") as listed (channel, account_id, customer_id)"
}

// What each change is called was worked out by hand.
func TestEachChangeHasItsCause(t *testing.T) {
	session, err := warehouse.Open(t.Context(), warehouse.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	for _, test := range []struct {
		name, before, after string
		want                run.Drift
	}{
		{"nothing before", "", "a A,b A", run.Drift{NewAccounts: 2}},
		{"the same", "a A,b A,c C", "c C,b A,a A", run.Drift{Accounts: 3, Customers: 2}},
		{"new and gone accounts change nobody", "a A,b A,c C", "a A,c C,d A,e E", run.Drift{Accounts: 2, NewAccounts: 2, GoneAccounts: 1, Customers: 2}},
		{"C joins A", "a A,b A,c C,d C,e E", "a A,b A,c A,d A,e E", run.Drift{Accounts: 5, MovedAccounts: 2, Merged: 2, Customers: 3, ChangedCustomers: 1}},
		{"two leave A together", "a A,b A,c A,e E", "a A,b B,c B,e E", run.Drift{Accounts: 4, MovedAccounts: 2, Split: 2, Customers: 2, ChangedCustomers: 1}},
		{"b goes from A to C", "a A,b A,c C,e E", "a A,b C,c C,e E", run.Drift{Accounts: 4, MovedAccounts: 1, Reassigned: 1, Customers: 3, ChangedCustomers: 1}},
		{"older evidence gives A another id", "a A,b A,c C", "a Z,b Z,c C,z Z", run.Drift{Accounts: 3, NewAccounts: 1, MovedAccounts: 2, Renamed: 2, Customers: 2, ChangedCustomers: 1}},
		{"a new older customer takes in two", "a A,b B", "a Z,b Z,z Z", run.Drift{Accounts: 2, NewAccounts: 1, MovedAccounts: 2, Merged: 2, Customers: 2, ChangedCustomers: 2}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := drift.Between(t.Context(), session, accounts(test.before), accounts(test.after))
			if err != nil || got != test.want {
				t.Errorf("got %+v %v\nwant %+v", got, err, test.want)
			}
		})
	}
}
