package identity

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"countinghouse/internal/warehouse"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// writeBack gives the session what Go decided, as numbers that the final queries join with the texts.
func (w *work) writeBack(ctx context.Context, result Result) error {
	if err := w.checkIDs(result); err != nil {
		return err
	}
	for _, load := range []func(context.Context, Result) error{w.loadKinds, w.loadIDs, w.loadValues, w.loadJudged, w.loadLinks, w.loadFollowed} {
		if err := load(ctx, result); err != nil {
			return err
		}
	}
	if err := LoadMembers(ctx, w.session, result); err != nil {
		return err
	}
	return w.loadHistory(ctx, History(w.days, result.Links))
}

// LoadMembers makes identity_work.members: of each account its customer's oldest account, and the number of the rule that brought it there, -1 for none.
func LoadMembers(ctx context.Context, session *warehouse.Session, result Result) error {
	schema := fields("account", arrow.PrimitiveTypes.Uint32, "root", arrow.PrimitiveTypes.Uint32, "kind_no", arrow.PrimitiveTypes.Int16)
	return session.LoadRows(ctx, schema, "identity_work.members", len(result.Root), func(builder *array.RecordBuilder, i int) {
		builder.Field(0).(*array.Uint32Builder).Append(uint32(i))
		builder.Field(1).(*array.Uint32Builder).Append(result.Root[i])
		builder.Field(2).(*array.Int16Builder).Append(result.JoinedBy[i])
	})
}

// loadKinds names the rules by their numbers.
func (w *work) loadKinds(ctx context.Context, _ Result) error {
	schema := fields("kind_no", arrow.PrimitiveTypes.Int16, "kind", arrow.BinaryTypes.String)
	return w.session.LoadRows(ctx, schema, "identity_work.kinds", len(w.rules)+1, func(builder *array.RecordBuilder, i int) {
		kind := "own"
		if i > 0 {
			kind = w.rules[i-1].Kind
		}
		builder.Field(0).(*array.Int16Builder).Append(int16(i - 1))
		builder.Field(1).(*array.StringBuilder).Append(kind)
	})
}

func (w *work) loadIDs(ctx context.Context, _ Result) error {
	schema := fields("account", arrow.PrimitiveTypes.Uint32, "id", arrow.BinaryTypes.String)
	return w.session.LoadRows(ctx, schema, "identity_work.ids", len(w.ids), func(builder *array.RecordBuilder, i int) {
		builder.Field(0).(*array.Uint32Builder).Append(uint32(i))
		builder.Field(1).(*array.StringBuilder).Append(w.ids[i].String())
	})
}

func (w *work) loadValues(ctx context.Context, _ Result) error {
	schema := fields("value_no", arrow.PrimitiveTypes.Uint32, "value_hash", arrow.BinaryTypes.String, "kind", arrow.BinaryTypes.String, "status", arrow.BinaryTypes.String)
	g := w.graph
	return w.session.LoadRows(ctx, schema, "identity_work.hashes", len(g.kinds), func(builder *array.RecordBuilder, i int) {
		builder.Field(0).(*array.Uint32Builder).Append(uint32(i))
		builder.Field(1).(*array.StringBuilder).Append(hex.EncodeToString(g.values.hashes[i][:]))
		builder.Field(2).(*array.StringBuilder).Append(g.rules[g.kinds[i]].Kind)
		builder.Field(3).(*array.StringBuilder).Append(g.statuses[i].String())
	})
}

func (w *work) loadJudged(ctx context.Context, result Result) error {
	shared := make([]bool, len(w.graph.edgeValue))
	for _, edge := range result.Shared {
		shared[edge] = true
	}
	schema := fields("number", arrow.PrimitiveTypes.Uint32, "value_no", arrow.PrimitiveTypes.Uint32, "shared", arrow.FixedWidthTypes.Boolean)
	return w.session.LoadRows(ctx, schema, "identity_work.judged", len(shared), func(builder *array.RecordBuilder, i int) {
		builder.Field(0).(*array.Uint32Builder).Append(uint32(i))
		builder.Field(1).(*array.Uint32Builder).Append(w.graph.edgeValue[i])
		builder.Field(2).(*array.BooleanBuilder).Append(shared[i])
	})
}

func (w *work) loadLinks(ctx context.Context, result Result) error {
	number := arrow.PrimitiveTypes.Uint32
	schema := fields("account", number, "other", number, "number", number, "value_no", number, "kind_no", arrow.PrimitiveTypes.Int16,
		"outcome", arrow.BinaryTypes.String, "reason", arrow.BinaryTypes.String, "link", arrow.PrimitiveTypes.Int64, "score", arrow.PrimitiveTypes.Float64)
	return w.session.LoadRows(ctx, schema, "identity_work.links", len(result.Links), func(builder *array.RecordBuilder, i int) {
		link := &result.Links[i]
		for field, value := range []uint32{link.Account, link.Other, link.Edge, link.Value} {
			builder.Field(field).(*array.Uint32Builder).Append(value)
		}
		builder.Field(4).(*array.Int16Builder).Append(int16(link.Kind))
		builder.Field(5).(*array.StringBuilder).Append(link.Outcome.String())
		builder.Field(6).(*array.StringBuilder).Append(link.Reason)
		builder.Field(7).(*array.Int64Builder).Append(int64(i))
		builder.Field(8).(*array.Float64Builder).Append(link.Score)
	})
}

func (w *work) loadFollowed(ctx context.Context, result Result) error {
	schema := fields("number", arrow.PrimitiveTypes.Int64, "refused", arrow.BinaryTypes.String)
	return w.session.LoadRows(ctx, schema, "identity_work.followed", len(w.decided), func(builder *array.RecordBuilder, i int) {
		builder.Field(0).(*array.Int64Builder).Append(w.decided[i])
		builder.Field(1).(*array.StringBuilder).Append(result.Refused[i])
	})
}

func (w *work) loadHistory(ctx context.Context, stays []Stay) error {
	whole := arrow.PrimitiveTypes.Int64
	schema := fields("account", arrow.PrimitiveTypes.Uint32, "root", arrow.PrimitiveTypes.Uint32, "from_day", whole, "until_day", whole, "link", whole)
	return w.session.LoadRows(ctx, schema, "identity_work.stays", len(stays), func(builder *array.RecordBuilder, i int) {
		stay := stays[i]
		builder.Field(0).(*array.Uint32Builder).Append(stay.Account)
		builder.Field(1).(*array.Uint32Builder).Append(stay.Root)
		builder.Field(2).(*array.Int64Builder).Append(int64(stay.From))
		builder.Field(3).(*array.Int64Builder).Append(int64(stay.Until))
		builder.Field(4).(*array.Int64Builder).Append(int64(stay.Link))
	})
}

// checkIDs refuses to give two customers one id: 60 bits leave a small chance, and that must not pass in silence.
func (w *work) checkIDs(result Result) error {
	var ids []customerID
	for account, root := range result.Root {
		if int(root) == account {
			ids = append(ids, w.ids[account])
		}
	}
	slices.Sort(ids)
	for i, id := range ids {
		if i > 0 && id == ids[i-1] {
			return fmt.Errorf("two customers would have the same id, %s: change the hashing key", id)
		}
	}
	return nil
}

// fields makes a schema of names and types by turns.
func fields(namesAndTypes ...any) *arrow.Schema {
	var all []arrow.Field
	for i := 0; i < len(namesAndTypes); i += 2 {
		all = append(all, arrow.Field{Name: namesAndTypes[i].(string), Type: namesAndTypes[i+1].(arrow.DataType)})
	}
	return arrow.NewSchema(all, nil)
}

func finalQueries() map[string]string {
	const members = `identity_work.accounts
inner join identity_work.members using (account)
inner join identity_work.ids on members.root = ids.account
inner join identity_work.kinds using (kind_no)`
	return map[string]string{
		"identity.account_customers": "select channel, account_id, ids.id as customer_id, first_seen_at, kind as joined_by\nfrom " + members,
		"identity.customer_aliases": "select own.id as alias_id, ids.id as customer_id, first_seen_at as since, kind as joined_by\nfrom " + members + `
inner join identity_work.ids as own on accounts.account = own.account
where accounts.account <> members.root`,
		"identity.merges": `select ids.id as customer_id, accounts.channel, accounts.account_id, others.channel as other_channel,
    others.account_id as other_account_id, kinds.kind, hashes.value_hash, links.outcome, nullif(links.reason, '') as reason,
    case when kinds.kind = 'similar' then links.score end as score, evidence.source_file, evidence.source_row
from identity_work.links
inner join identity_work.kinds using (kind_no)
inner join identity_work.members on links.account = members.account
inner join identity_work.ids on members.root = ids.account
inner join identity_work.accounts on links.account = accounts.account
inner join identity_work.accounts as others on links.other = others.account
left join identity_work.hashes using (value_no)
left join identity_work.evidence on links.number = evidence.number`,
		"identity.customer_id_history": `select accounts.channel, accounts.account_id, ids.id as customer_id,
    date '1970-01-01' + cast(from_day as integer) as valid_from,
    case when until_day < 2147483647 then date '1970-01-01' + cast(until_day as integer) end as valid_to,
    coalesce(kinds.kind, 'own') as cause, evidence.source_file, evidence.source_row
from identity_work.stays
inner join identity_work.accounts using (account)
inner join identity_work.ids on stays.root = ids.account
left join identity_work.links using (link)
left join identity_work.kinds on links.kind_no = kinds.kind_no
left join identity_work.evidence on links.number = evidence.number`,
		"identity.overrides": `select action, channel, account_id, other_channel, other_account_id, decided_by, decided_on, why,
    case when account is null or other is null then 'unknown_account' when refused <> '' then 'refused' else 'followed' end as outcome,
    case when account is null then 'no export names ' || channel || ':' || account_id
        when other is null then 'no export names ' || other_channel || ':' || other_account_id
        else nullif(refused, '') end as reason
from identity_work.decisions
left join identity_work.followed using (number)`,
		"identity.identifiers": `select hashes.kind, hashes.value_hash, accounts.channel, accounts.account_id, evidence.first_seen_at,
    evidence.last_seen_at, case when judged.shared then 'shared' else hashes.status end as status, evidence.source_file, evidence.source_row
from identity_work.judged
inner join identity_work.hashes using (value_no)
inner join identity_work.evidence using (number)
inner join identity_work.accounts on evidence.account = accounts.account`,
	}
}
