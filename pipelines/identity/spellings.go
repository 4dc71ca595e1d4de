package identity

import (
	"context"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// An account may have a value in several spellings, which become one when they are normalised: then its edges become one too.

// respelt is an edge that shows what another one, of the same account, shows too.
type respelt struct{ edge, first uint32 }

// respelt finds such edges, in the order of their numbers. The edges of an account must have numbers that follow each other.
func (g *Graph) respelt() (all []respelt) {
	var own []uint64 // value, edge
	for start := 0; start < len(g.edgeAccount); {
		end := start + 1
		for end < len(g.edgeAccount) && g.edgeAccount[end] == g.edgeAccount[start] {
			end++
		}
		own = own[:0]
		for edge := start; edge < end; edge++ {
			own = append(own, uint64(g.edgeValue[edge])<<32|uint64(edge)) //nolint:gosec // an edge has 32 bits
		}
		slices.Sort(own)
		first := 0
		for i := 1; i < len(own); i++ {
			if own[i]>>32 != own[first]>>32 {
				first = i
				continue
			}
			all = append(all, respelt{edgeOf(own[i]), edgeOf(own[first])})
		}
		start = end
	}
	slices.SortFunc(all, func(a, b respelt) int { return int(a.edge) - int(b.edge) })
	return all
}

// drop takes edges out; the last ones get their numbers. It gives by pairs the old and the new number of these.
func (g *Graph) drop(some []respelt) (moved [][2]uint32) {
	for _, one := range slices.Backward(some) {
		last := uint32(len(g.edgeAccount)) - 1 //nolint:gosec // an edge has 32 bits
		if one.edge < last {
			g.Set(one.edge, g.edgeAccount[last], g.edgeValue[last], g.firstDay[last], g.lastDay[last])
			moved = append(moved, [2]uint32{last, one.edge})
		}
		g.edgeAccount, g.edgeValue, g.firstDay, g.lastDay = g.edgeAccount[:last], g.edgeValue[:last], g.firstDay[:last], g.lastDay[:last]
	}
	return moved
}

// joinSpellings makes one edge of those that show one value on one account, here and in identity_work.evidence.
func (w *work) joinSpellings(ctx context.Context) error {
	all := w.graph.respelt()
	if len(all) == 0 {
		return nil
	}
	if err := w.loadPairs(ctx, "identity_work.respelt", len(all), func(i int) (uint32, uint32) { return all[i].edge, all[i].first }); err != nil {
		return err
	}
	if err := w.exec(ctx, oneSpelling, "delete from identity_work.evidence where number in (select first from identity_work.respelt)"); err != nil {
		return err
	}
	if err := w.readDays(ctx); err != nil {
		return err
	}
	moved := w.graph.drop(all)
	if err := w.loadPairs(ctx, "identity_work.moved", len(moved), func(i int) (uint32, uint32) { return moved[i][0], moved[i][1] }); err != nil {
		return err
	}
	return w.exec(ctx, "update identity_work.evidence set number = moved.second from identity_work.moved where evidence.number = moved.first")
}

// oneSpelling gives the edge that is left the days of all, and of their lines the first.
const oneSpelling = `update identity_work.evidence
set first_seen_at = one.first_seen_at, last_seen_at = one.last_seen_at, first_day = one.first_day, last_day = one.last_day,
    source_file = split_part(one.place, chr(31), 1), source_row = split_part(one.place, chr(31), 2)::bigint
from (
    select
        spellings.number,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        coalesce(date_diff('day', date '1970-01-01', cast(min(first_seen_at) as date)), 0) as first_day,
        coalesce(date_diff('day', date '1970-01-01', cast(max(last_seen_at) as date)), 0) as last_day,
        min(source_file || chr(31) || source_row) as place
    from (
        select second as number, first as other from identity_work.respelt
        union select second, second from identity_work.respelt
    ) as spellings
    inner join identity_work.evidence on spellings.other = evidence.number
    group by spellings.number
) as one
where evidence.number = one.number`

// readDays reads the days of edges that stand for several.
func (w *work) readDays(ctx context.Context) error {
	const days = `select number, first_day, last_day from identity_work.evidence where number in (select second from identity_work.respelt)`
	return w.session.ReadArrow(ctx, days, func(reader array.RecordReader) error {
		for reader.Next() {
			batch := reader.RecordBatch()
			for row, edge := range batch.Column(0).(*array.Uint32).Uint32Values() {
				w.graph.firstDay[edge], w.graph.lastDay[edge] = batch.Column(1).(*array.Int32).Value(row), batch.Column(2).(*array.Int32).Value(row)
			}
		}
		return nil
	})
}

// loadPairs makes a table of pairs of numbers.
func (w *work) loadPairs(ctx context.Context, table string, pairs int, pair func(i int) (first, second uint32)) error {
	schema := fields("first", arrow.PrimitiveTypes.Uint32, "second", arrow.PrimitiveTypes.Uint32)
	return w.session.LoadRows(ctx, schema, table, pairs, func(builder *array.RecordBuilder, i int) {
		first, second := pair(i)
		builder.Field(0).(*array.Uint32Builder).Append(first)
		builder.Field(1).(*array.Uint32Builder).Append(second)
	})
}
