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
func (w *work) writeBack(ctx context.Context, result Result, standing Standing) error {
	if err := w.checkIDs(result); err != nil {
		return err
	}
	if err := w.loadStanding(ctx, standing); err != nil {
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
			return sameID(id.String())
		}
	}
	return nil
}

func sameID(id string) error {
	return fmt.Errorf("two customers would have the same id, %s: change the hashing key", id)
}

// fields makes a schema of names and types by turns.
func fields(namesAndTypes ...any) *arrow.Schema {
	var all []arrow.Field
	for i := 0; i < len(namesAndTypes); i += 2 {
		all = append(all, arrow.Field{Name: namesAndTypes[i].(string), Type: namesAndTypes[i+1].(arrow.DataType)})
	}
	return arrow.NewSchema(all, nil)
}

// loadStanding makes identity_work.components, crowds and spread.
func (w *work) loadStanding(ctx context.Context, standing Standing) error {
	number, whole := arrow.PrimitiveTypes.Uint32, arrow.PrimitiveTypes.Int64
	components := fields("account", number, "component", arrow.PrimitiveTypes.Uint64)
	err := w.session.LoadRows(ctx, components, "identity_work.components", len(standing.Component), func(builder *array.RecordBuilder, i int) {
		builder.Field(0).(*array.Uint32Builder).Append(uint32(i))
		builder.Field(1).(*array.Uint64Builder).Append(uint64(w.ids[standing.Component[i]]))
	})
	if err != nil {
		return err
	}
	crowds := fields("value_no", number, "accounts", whole, "account", number)
	err = w.session.LoadRows(ctx, crowds, "identity_work.crowds", len(standing.Crowds), func(builder *array.RecordBuilder, i int) {
		crowd := standing.Crowds[i]
		builder.Field(0).(*array.Uint32Builder).Append(crowd.Value)
		builder.Field(1).(*array.Int64Builder).Append(int64(crowd.Accounts))
		builder.Field(2).(*array.Uint32Builder).Append(crowd.First)
	})
	if err != nil {
		return err
	}
	return w.loadSpread(ctx, standing.Spread)
}

func (w *work) loadSpread(ctx context.Context, s spread) error {
	type row struct {
		kind             string
		accounts, values int
	}
	var rows []row
	for kind, counts := range s {
		for accounts, values := range counts {
			if values > 0 {
				rows = append(rows, row{w.rules[kind].Kind, accounts, values})
			}
		}
	}
	schema := fields("kind", arrow.BinaryTypes.String, "accounts", arrow.PrimitiveTypes.Int64, "identifiers", arrow.PrimitiveTypes.Int64)
	return w.session.LoadRows(ctx, schema, "identity_work.spread", len(rows), func(builder *array.RecordBuilder, i int) {
		builder.Field(0).(*array.StringBuilder).Append(rows[i].kind)
		builder.Field(1).(*array.Int64Builder).Append(int64(rows[i].accounts))
		builder.Field(2).(*array.Int64Builder).Append(int64(rows[i].values))
	})
}
