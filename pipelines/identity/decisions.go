package identity

import (
	"context"
	"errors"
)

// decisionsQuery finds the accounts of what people decided. Their order is that of the decisions' days, whatever the order of the file.
const decisionsQuery = `create table identity_work.decisions as
select
    row_number() over (order by decided_on, action, given.channel, given.account_id, other_channel, other_account_id, decided_by, why) - 1 as number,
    given.*,
    accounts.account,
    others.account as other
from seed.identity_overrides as given
left join identity_work.accounts as accounts
    on given.channel = accounts.channel and given.account_id = accounts.account_id and not accounts.is_guest
left join identity_work.accounts as others
    on given.other_channel = others.channel and given.other_account_id = others.account_id and not others.is_guest`

func (w *work) readDecisions(ctx context.Context) (err error) {
	rows, err := w.session.Query(ctx, "select number, account, other, action = 'apart', "+dayNumber("decided_on")+
		" from identity_work.decisions where account is not null and other is not null order by number")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var number int64
		var decision Decision
		if err := rows.Scan(&number, &decision.Account, &decision.Other, &decision.Apart, &decision.Day); err != nil {
			return err
		}
		w.decisions, w.decided = append(w.decisions, decision), append(w.decided, number)
	}
	return rows.Err()
}
