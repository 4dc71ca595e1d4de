package identity

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"

	"countinghouse/internal/warehouse"
)

// Doubt is a pair of accounts that a person should look at: a link that was refused, or likely and not likely enough.
type Doubt struct {
	Channel        string `json:"channel"`
	AccountID      string `json:"account_id"`
	OtherChannel   string `json:"other_channel"`
	OtherAccountID string `json:"other_account_id"`
	Customer       string `json:"customer_id"`
	OtherCustomer  string `json:"other_customer_id"`
	Kind           string `json:"kind"`
	Outcome        string `json:"outcome"`
	Score          string `json:"score,omitempty"`
	Reason         string `json:"reason,omitempty"`
}

// Queue gives the pairs for review, the likeliest first: links that were refused or are in doubt and, after them, the merged links by which the accounts
// of a refused one came to their customers, since it is these that stand against it. A pair that a person has decided on is not asked again.
func Queue(ctx context.Context, session *warehouse.Session) (queue []Doubt, err error) {
	rows, err := session.Query(ctx, `with undecided as (
    select links.*, others.customer_id as other_customer_id
    from identity.merges as links
    inner join identity.account_customers as others on links.other_channel = others.channel and links.other_account_id = others.account_id
    where not exists (
        from seed.identity_overrides as decided
        where (decided.channel, decided.account_id, decided.other_channel, decided.other_account_id) in (
            (links.channel, links.account_id, links.other_channel, links.other_account_id),
            (links.other_channel, links.other_account_id, links.channel, links.account_id))
    )
),
doubts as (from undecided where outcome in ('refused', 'review') and customer_id <> other_customer_id),
refused_ends as (
    select channel, account_id, other_channel || ':' || other_account_id as wanted from doubts where outcome = 'refused'
    union
    select other_channel, other_account_id, channel || ':' || account_id from doubts where outcome = 'refused'
),
standing as (
    select kept.* replace ('stands against ' || min(wanted) as reason)
    from undecided as kept
    inner join refused_ends using (channel, account_id)
    where kept.outcome = 'merged' and kept.kind <> 'override'
    group by all
)
select channel, account_id, other_channel, other_account_id, customer_id, other_customer_id, kind, outcome, coalesce(score::varchar, ''), coalesce(reason, '')
from (from doubts union all from standing)
order by outcome = 'merged', score desc nulls first, 1, 2, 3, 4, 7`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var d Doubt
		if err := rows.Scan(&d.Channel, &d.AccountID, &d.OtherChannel, &d.OtherAccountID, &d.Customer, &d.OtherCustomer, &d.Kind, &d.Outcome, &d.Score, &d.Reason); err != nil {
			return nil, err
		}
		queue = append(queue, d)
	}
	return queue, rows.Err()
}

// Override is a line of seeds/identity_overrides.csv.
type Override struct {
	Action, Channel, AccountID, OtherChannel, OtherAccountID, By, On, Why string
}

// The actions of an Override.
const (
	Together = "together"
	Apart    = "apart"
)

func (o Override) cells() []string {
	return []string{o.Action, o.Channel, o.AccountID, o.OtherChannel, o.OtherAccountID, o.By, o.On, o.Why}
}

// Header names the columns of seeds/identity_overrides.csv.
func Header() []string {
	return []string{"action", "channel", "account_id", "other_channel", "other_account_id", "decided_by", "decided_on", "why"}
}

// Append adds decisions to the text of a file of overrides; an empty text gets its header. What stands there already is left as it is, and a
// pair that is decided the same way there is not written again. A pair that is decided the other way is an error: a person has to take it back first.
func Append(text []byte, decisions []Override) ([]byte, error) {
	text = bytes.Clone(text)
	if len(bytes.TrimSpace(text)) == 0 {
		text = []byte(strings.Join(Header(), ",") + "\n")
	}
	lines, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff")))).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("identity_overrides.csv: %w", err)
	}
	if text[len(text)-1] != '\n' {
		text = append(text, '\n')
	}
	buffer := bytes.NewBuffer(text)
	writer := csv.NewWriter(buffer)
	for _, decision := range decisions {
		at := slices.IndexFunc(lines, func(line []string) bool { return len(line) > 4 && decision.samePair(line) })
		if at >= 0 && lines[at][0] != decision.Action {
			return nil, fmt.Errorf("identity_overrides.csv:%d says %s of %s:%s and %s:%s: take that back first, with `countinghouse identity withdraw`", at+1, lines[at][0],
				decision.Channel, decision.AccountID, decision.OtherChannel, decision.OtherAccountID)
		}
		if at < 0 {
			lines = append(lines, decision.cells())
			_ = writer.Write(decision.cells()) // a buffer takes everything
		}
	}
	writer.Flush()
	return buffer.Bytes(), writer.Error()
}

func (o Override) samePair(line []string) bool {
	return line[1] == o.Channel && line[2] == o.AccountID && line[3] == o.OtherChannel && line[4] == o.OtherAccountID ||
		line[3] == o.Channel && line[4] == o.AccountID && line[1] == o.OtherChannel && line[2] == o.OtherAccountID
}
