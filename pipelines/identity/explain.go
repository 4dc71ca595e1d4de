package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"countinghouse/internal/warehouse"
)

// ErrUnknown says that no account and no customer has the name that was given.
var ErrUnknown = errors.New("no such account or customer")

// Account is an account by its name.
type Account struct {
	Channel  string `json:"channel"`
	ID       string `json:"account_id"`
	Customer string `json:"customer_id"`
	JoinedBy string `json:"joined_by"`
	Since    string `json:"first_seen_at,omitempty"`
}

func (a Account) String() string { return a.Channel + ":" + a.ID }

// Step is a link between two accounts as identity.merges has it. The value that they share is told by the beginning of its hash.
type Step struct {
	Account  string  `json:"account"`
	Other    string  `json:"other_account"`
	Kind     string  `json:"kind"`
	Value    string  `json:"value_hash,omitempty"`
	Strength int     `json:"strength,omitempty"` // its kind's trust: 1 is the strongest
	Score    float64 `json:"score,omitempty"`
	Outcome  string  `json:"outcome"`
	Reason   string  `json:"reason,omitempty"`
	Place    string  `json:"place,omitempty"` // file and line
}

// Explanation is why accounts are one customer, or two.
type Explanation struct {
	Accounts []Account `json:"accounts"`
	// Chain leads from the first account that was asked for to the second; of one customer alone, it is all that joined its accounts.
	Chain []Step `json:"chain"`
	// Refused are links of these customers that did not merge: refused, for review, or on a value that too many share.
	Refused []Step `json:"refused"`
	Same    bool   `json:"same_customer"`
	// Alike are pairs of their accounts that the model compared.
	Alike []Alike `json:"alike"`
}

// Find reads an account as channel:account_id, or a customer's oldest account by the customer's id or one of its aliases. The session has
// the tables of identity.
func Find(ctx context.Context, session *warehouse.Session, name string) (Account, error) {
	condition := "false"
	if channel, id, found := strings.Cut(name, ":"); found {
		condition = fmt.Sprintf("channel = %s and account_id = %s", warehouse.Quote(channel), warehouse.Quote(id))
	}
	id := warehouse.Quote(strings.ToUpper(name))
	accounts, err := accountsWhere(ctx, session, fmt.Sprintf(`%s or joined_by = 'own' and customer_id = coalesce(
    (select customer_id from identity.customer_aliases where alias_id = %s), %[2]s)`, condition, id))
	if err != nil {
		return Account{}, err
	}
	if len(accounts) == 0 {
		return Account{}, fmt.Errorf("%s: %w: name an account as channel:account_id, or give a customer id", name, ErrUnknown)
	}
	return accounts[0], nil
}

// Explain tells what joined the accounts of one customer, or what leads from one account to another.
func Explain(ctx context.Context, session *warehouse.Session, one Account, other *Account) (explained Explanation, err error) {
	customers := warehouse.Quote(one.Customer)
	explained.Same = other == nil || other.Customer == one.Customer
	if !explained.Same {
		customers += ", " + warehouse.Quote(other.Customer)
	}
	if explained.Accounts, err = accountsWhere(ctx, session, "customer_id in ("+customers+")"); err != nil {
		return explained, err
	}
	links, err := stepsOf(ctx, session, customers)
	if err != nil {
		return explained, err
	}
	explained.Chain, explained.Refused = []Step{}, []Step{}
	for _, link := range links {
		if link.Outcome == Merged.String() {
			explained.Chain = append(explained.Chain, link)
		} else {
			explained.Refused = append(explained.Refused, link)
		}
	}
	if other != nil {
		explained.Chain = path(explained.Chain, one.String(), other.String())
	}
	return explained, nil
}

func accountsWhere(ctx context.Context, session *warehouse.Session, condition string) (accounts []Account, err error) {
	rows, err := session.Query(ctx, `select channel, account_id, customer_id, joined_by, coalesce(first_seen_at::varchar, '')
from identity.account_customers where `+condition+" order by first_seen_at nulls first, channel, account_id")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var account Account
		if err := rows.Scan(&account.Channel, &account.ID, &account.Customer, &account.JoinedBy, &account.Since); err != nil {
			return nil, err
		}
		accounts = append(accounts, account)
	}
	return accounts, rows.Err()
}

// stepsOf reads every link that touches the customers, the strongest first.
func stepsOf(ctx context.Context, session *warehouse.Session, customers string) (steps []Step, err error) {
	rows, err := session.Query(ctx, `with members as (select channel, account_id from identity.account_customers where customer_id in (`+customers+`))
select links.channel || ':' || links.account_id, links.other_channel || ':' || links.other_account_id, links.kind, coalesce(links.value_hash[:8], ''),
    coalesce(rules.trust, 0), coalesce(links.score, 0), links.outcome, coalesce(links.reason, ''),
    coalesce(links.source_file || ':' || links.source_row, '')
from identity.merges as links
left join seed.identity_rules as rules using (kind)
where exists (from members where members.channel = links.channel and members.account_id = links.account_id)
    or exists (from members where members.channel = links.other_channel and members.account_id = links.other_account_id)
order by coalesce(rules.trust, 0), 1, 2, 3, 4, 7, 8, 9`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var s Step
		if err := rows.Scan(&s.Account, &s.Other, &s.Kind, &s.Value, &s.Strength, &s.Score, &s.Outcome, &s.Reason, &s.Place); err != nil {
			return nil, err
		}
		steps = append(steps, s)
	}
	return steps, rows.Err()
}

// path finds the shortest chain of links between two accounts by breadth-first search; none if nothing joins them.
func path(links []Step, from, to string) []Step {
	touching := map[string][]int{}
	for i, link := range links {
		touching[link.Account] = append(touching[link.Account], i)
		touching[link.Other] = append(touching[link.Other], i)
	}
	cameBy := map[string]int{from: -1}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		for _, i := range touching[queue[0]] {
			next := links[i].end(queue[0])
			if _, reached := cameBy[next]; !reached {
				cameBy[next] = i
				queue = append(queue, next)
			}
		}
	}
	chain := []Step{}
	for at := to; at != from; {
		i, reached := cameBy[at]
		if !reached {
			return []Step{}
		}
		at = links[i].end(at)
		chain = append([]Step{links[i]}, chain...)
	}
	return chain
}

// end is the account at the other end of a link.
func (s Step) end(account string) string {
	if s.Account == account {
		return s.Other
	}
	return s.Account
}
