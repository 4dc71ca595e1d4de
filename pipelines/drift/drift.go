// Package drift compares the customers of two versions of an environment: whose accounts are another's now, and why. It is told of the run that
// publishes, and stands in its record: a mart must be the same whatever was published before it.
package drift

import (
	"context"
	"errors"
	"fmt"

	"countinghouse/internal/run"
	"countinghouse/internal/warehouse"
)

// query takes two relations with channel, account_id and customer_id. A pair of an old and a new customer tells the cause: of how many new ones
// the old one's accounts are now, and of how many old ones the new one's accounts were.
const query = `with
before as (from (%s)),
after as (from (%s)),
both_know as (
    select before.customer_id as was, after.customer_id as now, count(*) as accounts
    from before inner join after using (channel, account_id)
    group by before.customer_id, after.customer_id
),
causes as (
    select
        was,
        accounts,
        case
            when was = now then 'none'
            when count(*) over (partition by was) = 1 and count(*) over (partition by now) = 1 then 'renamed'
            when count(*) over (partition by was) = 1 then 'merged'
            when count(*) over (partition by now) = 1 then 'split'
            else 'reassigned'
        end as cause
    from both_know
)
select
    (select count(*) from after) - coalesce(sum(accounts), 0),
    (select count(*) from before) - coalesce(sum(accounts), 0),
    coalesce(sum(accounts), 0),
    coalesce(sum(accounts) filter (where cause <> 'none'), 0),
    coalesce(sum(accounts) filter (where cause = 'merged'), 0),
    coalesce(sum(accounts) filter (where cause = 'split'), 0),
    coalesce(sum(accounts) filter (where cause = 'reassigned'), 0),
    coalesce(sum(accounts) filter (where cause = 'renamed'), 0),
    (select count(distinct customer_id) from before),
    count(distinct was) filter (where cause <> 'none')
from causes`

// Between compares two relations, or queries, of accounts with their customers.
func Between(ctx context.Context, session *warehouse.Session, before, after string) (found run.Drift, err error) {
	rows, err := session.Query(ctx, fmt.Sprintf(query, before, after))
	if err != nil {
		return found, fmt.Errorf("compare customers: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if rows.Next() {
		err = rows.Scan(&found.NewAccounts, &found.GoneAccounts, &found.Accounts, &found.MovedAccounts, &found.Merged, &found.Split,
			&found.Reassigned, &found.Renamed, &found.Customers, &found.ChangedCustomers)
	}
	return found, errors.Join(err, rows.Err())
}
