package identity

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// writeBack gives the session what Go decided, as numbers that the final queries join with the texts.
func (w *work) writeBack(ctx context.Context, result Result) error {
	if err := w.checkIDs(result); err != nil {
		return err
	}
	if err := w.load(ctx, "members", memberSchema(), len(result.Root), func(builder *array.RecordBuilder, i int) {
		builder.Field(0).(*array.Int64Builder).Append(int64(i))
		builder.Field(1).(*array.StringBuilder).Append(w.ids[i])
		builder.Field(2).(*array.StringBuilder).Append(w.ids[result.Root[i]])
		builder.Field(3).(*array.StringBuilder).Append(w.joinedBy(result.JoinedBy[i]))
	}); err != nil {
		return err
	}
	if err := w.load(ctx, "links", linkSchema(), len(result.Links), func(builder *array.RecordBuilder, i int) {
		link := result.Links[i]
		builder.Field(0).(*array.Int64Builder).Append(int64(link.Account))
		builder.Field(1).(*array.Int64Builder).Append(int64(link.Other))
		builder.Field(2).(*array.Int64Builder).Append(link.Evidence)
		builder.Field(3).(*array.StringBuilder).Append(w.rules[link.Kind].Kind)
		builder.Field(4).(*array.StringBuilder).Append(hex.EncodeToString(link.Value[:]))
		builder.Field(5).(*array.StringBuilder).Append(link.Outcome.String())
		builder.Field(6).(*array.StringBuilder).Append(link.Reason)
		builder.Field(7).(*array.Int64Builder).Append(int64(i))
		builder.Field(8).(*array.Float64Builder).Append(link.Score)
	}); err != nil {
		return err
	}
	if err := w.loadHistory(ctx, History(w.days, result.Links)); err != nil {
		return err
	}
	if err := w.load(ctx, "followed", followedSchema(), len(w.decided), func(builder *array.RecordBuilder, i int) {
		builder.Field(0).(*array.Int64Builder).Append(w.decided[i])
		builder.Field(1).(*array.StringBuilder).Append(result.Refused[i])
	}); err != nil {
		return err
	}
	shared := map[int64]bool{}
	for _, number := range result.Shared {
		shared[number] = true
	}
	return w.load(ctx, "judged", judgedSchema(), len(w.evidence), func(builder *array.RecordBuilder, i int) {
		evidence := w.evidence[i]
		if shared[evidence.Number] {
			evidence.Status = Shared
		}
		builder.Field(0).(*array.Int64Builder).Append(evidence.Number)
		builder.Field(1).(*array.StringBuilder).Append(hex.EncodeToString(evidence.Value[:]))
		builder.Field(2).(*array.StringBuilder).Append(evidence.Status.String())
		builder.Field(3).(*array.StringBuilder).Append(w.rules[evidence.Kind].Kind)
	})
}

func (w *work) loadHistory(ctx context.Context, stays []Stay) error {
	return w.load(ctx, "stays", staySchema(), len(stays), func(builder *array.RecordBuilder, i int) {
		stay := stays[i]
		builder.Field(0).(*array.Int64Builder).Append(int64(stay.Account))
		builder.Field(1).(*array.StringBuilder).Append(w.ids[stay.Root])
		builder.Field(2).(*array.Int64Builder).Append(int64(stay.From))
		builder.Field(3).(*array.Int64Builder).Append(int64(stay.Until))
		builder.Field(4).(*array.Int64Builder).Append(int64(stay.Link))
	})
}

func (w *work) joinedBy(kind int16) string {
	if kind < 0 {
		return "own"
	}
	return w.rules[kind].Kind
}

// checkIDs refuses to give two customers one id: 60 bits leave a small chance, and that must not pass in silence.
func (w *work) checkIDs(result Result) error {
	owner := make(map[string]int, len(w.ids)/2)
	for account, root := range result.Root {
		if int(root) != account {
			continue
		}
		if other, taken := owner[w.ids[account]]; taken {
			return fmt.Errorf("accounts %d and %d would give the same customer id %s: change the hashing key", other, account, w.ids[account])
		}
		owner[w.ids[account]] = account
	}
	return nil
}

const batchRows = 65_536

// load streams rows from Go into a table of the session.
func (w *work) load(ctx context.Context, table string, schema *arrow.Schema, rows int, appendRow func(*array.RecordBuilder, int)) error {
	loader := w.session.LoadTable(ctx, schema, "identity_work."+table)
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer builder.Release()
	for start := 0; start < rows; start += batchRows {
		for i := start; i < min(rows, start+batchRows); i++ {
			appendRow(builder, i)
		}
		batch := builder.NewRecordBatch()
		err := loader.Write(batch)
		batch.Release()
		if err != nil {
			break // Close tells why
		}
	}
	_, err := loader.Close()
	return err
}

func memberSchema() *arrow.Schema {
	return arrow.NewSchema([]arrow.Field{integer("account"), text("own_id"), text("customer_id"), text("joined_by")}, nil)
}

func linkSchema() *arrow.Schema {
	return arrow.NewSchema([]arrow.Field{
		integer("account"), integer("other"), integer("number"), text("kind"), text("value_hash"),
		text("outcome"), text("reason"), integer("link"),
		{Name: "score", Type: arrow.PrimitiveTypes.Float64},
	}, nil)
}

func staySchema() *arrow.Schema {
	return arrow.NewSchema([]arrow.Field{integer("account"), text("customer_id"), integer("from_day"), integer("until_day"), integer("link")}, nil)
}

func followedSchema() *arrow.Schema {
	return arrow.NewSchema([]arrow.Field{integer("number"), text("refused")}, nil)
}

func judgedSchema() *arrow.Schema {
	return arrow.NewSchema([]arrow.Field{integer("number"), text("value_hash"), text("status"), text("kind")}, nil)
}

func integer(name string) arrow.Field {
	return arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Int64}
}

func text(name string) arrow.Field { return arrow.Field{Name: name, Type: arrow.BinaryTypes.String} }

func finalQueries() map[string]string {
	return map[string]string{
		"identity.account_customers": `select channel, account_id, customer_id, first_seen_at, joined_by
from identity_work.accounts inner join identity_work.members using (account)`,
		"identity.customer_aliases": `select own_id as alias_id, customer_id, first_seen_at as since, joined_by
from identity_work.accounts inner join identity_work.members using (account)
where own_id <> customer_id`,
		"identity.merges": `select members.customer_id, accounts.channel, accounts.account_id, others.channel as other_channel,
    others.account_id as other_account_id, links.kind, case when links.kind <> 'similar' then links.value_hash end as value_hash, links.outcome, nullif(links.reason, '') as reason,
    case when links.kind = 'similar' then links.score end as score, evidence.source_file, evidence.source_row
from identity_work.links
inner join identity_work.members using (account)
inner join identity_work.accounts on links.account = accounts.account
inner join identity_work.accounts as others on links.other = others.account
left join identity_work.evidence on links.number = evidence.number`,
		"identity.customer_id_history": `select accounts.channel, accounts.account_id, stays.customer_id,
    date '1970-01-01' + cast(from_day as integer) as valid_from,
    case when until_day < 2147483647 then date '1970-01-01' + cast(until_day as integer) end as valid_to,
    coalesce(links.kind, 'own') as cause, evidence.source_file, evidence.source_row
from identity_work.stays
inner join identity_work.accounts using (account)
left join identity_work.links using (link)
left join identity_work.evidence on links.number = evidence.number`,
		"identity.overrides": `select action, channel, account_id, other_channel, other_account_id, decided_by, decided_on, why,
    case when account is null or other is null then 'unknown_account' when refused <> '' then 'refused' else 'followed' end as outcome,
    case when account is null then 'no export names ' || channel || ':' || account_id
        when other is null then 'no export names ' || other_channel || ':' || other_account_id
        else nullif(refused, '') end as reason
from identity_work.decisions
left join identity_work.followed using (number)`,
		"identity.identifiers": `select judged.kind, judged.value_hash, accounts.channel, accounts.account_id, evidence.first_seen_at,
    evidence.last_seen_at, judged.status, evidence.source_file, evidence.source_row
from identity_work.judged
inner join identity_work.evidence using (number)
inner join identity_work.accounts on evidence.account = accounts.account`,
	}
}
