package run

// Drift is how the customers that a run made differ from those of the version that it replaced. Accounts are counted that both know, but for new and
// gone ones.
type Drift struct {
	Version      int64 `json:"version"` // of the environment that was replaced
	Accounts     int64 `json:"accounts"`
	NewAccounts  int64 `json:"new_accounts"`
	GoneAccounts int64 `json:"gone_accounts"`
	// MovedAccounts are another customer's now, each for one cause: the customer as a whole joined another one (merged), a part of it became
	// a customer of its own (split), it left its customer for another one that was there (reassigned), or the customer has another id and the
	// same accounts, since older evidence came (renamed).
	MovedAccounts int64 `json:"moved_accounts"`
	Merged        int64 `json:"merged"`
	Split         int64 `json:"split"`
	Reassigned    int64 `json:"reassigned"`
	Renamed       int64 `json:"renamed"`
	// Customers are those of before, ChangedCustomers those of them that an account left.
	Customers        int64 `json:"customers"`
	ChangedCustomers int64 `json:"changed_customers"`
}

// ChangedShare is the share of customers that changed, 0 where there were none.
func (d Drift) ChangedShare() float64 {
	if d.Customers == 0 {
		return 0
	}
	return float64(d.ChangedCustomers) / float64(d.Customers)
}
