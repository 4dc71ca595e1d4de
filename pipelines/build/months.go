package build

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"countinghouse/internal/model"
	"countinghouse/internal/objectstore"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
)

// A table made by the month is stored in parts. A part's fingerprint is over the model, its parameters and the content of what the
// month is made from: of an input that the header's reads name, the months from as far as it reads back to the month itself; of the others,
// all. Late data so changes the fingerprints of those months alone that can see it, whatever happened upstream.
//
// The months are those from the first to the last in which an input has rows, of the inputs that are read by the month.

// MonthRange is from a month to a month, both included, as 2006-01.
type MonthRange struct {
	From, To string
	// Again makes parts that are stored a second time and holds them against the stored ones.
	Again bool
}

func (r *MonthRange) contains(month string) bool { return r.From <= month && month <= r.To }

const monthLayout = "2006-01"

func (e *execution) makeMonths(ctx context.Context, n *node, start time.Time) (product, error) {
	slices, err := e.slicesOf(ctx, n)
	if err != nil {
		return product{}, err
	}
	whole := e.manifestOf(n, n.name, start, warehouse.Cost{})
	whole.InParts = true
	columns, err := e.Session.Types(ctx, "select * from (\n"+n.query+"\n) limit 0")
	if err != nil {
		return product{}, err
	}
	whole.Columns = n.exact(columns) // a backfill makes parts also of a table that is stored, and so was not bound
	made := product{}
	for _, month := range slices.months {
		if e.partly[n] && !e.Months.contains(month) {
			continue
		}
		part, isNew, err := e.part(ctx, n, slices, month)
		if err != nil {
			return product{}, fmt.Errorf("month %s: %w", month, err)
		}
		if isNew {
			made.months = append(made.months, month)
			made.cost = most(made.cost, part.Cost)
		}
		whole.Parts = append(whole.Parts, snapshot.Part{Month: month, Table: part.Table})
		whole.Rows, whole.Bytes = whole.Rows+part.Rows, whole.Bytes+part.Bytes
	}
	if e.partly[n] {
		made.rows, made.bytes = whole.Rows, whole.Bytes
		return made, nil
	}
	whole.Seconds, whole.Cost = e.Now().Sub(start).Seconds(), made.cost
	if n.published {
		if err := snapshot.AttachManifest(ctx, e.Session, e.Bucket, whole); err != nil {
			return product{}, err
		}
		whole.Rows, whole.Digest, err = Digest(ctx, e.Session, whole.Name, whole.Columns)
	}
	made.tables = []snapshot.Manifest{whole}
	return made, err
}

func most(a, b warehouse.Cost) warehouse.Cost {
	return warehouse.Cost{PeakMemory: max(a.PeakMemory, b.PeakMemory), Spilled: max(a.Spilled, b.Spilled)}
}

// part gives the part of a month, from the store or made now.
func (e *execution) part(ctx context.Context, n *node, read monthly, month string) (part snapshot.Manifest, isNew bool, err error) {
	fingerprint := e.graph.partFingerprint(n, read, month)
	stored, err := snapshot.ReadManifest(ctx, e.Bucket, n.name, fingerprint)
	isNew = errors.Is(err, objectstore.ErrNotFound)
	again := e.partly[n] && e.Months.Again
	if err != nil && !isNew || err == nil && !again {
		return stored, false, err
	}
	start, path := e.Now(), e.scratchFile(n.name, fingerprint)
	cost, err := e.copyMonth(ctx, n, month, path)
	if err != nil {
		return stored, false, err
	}
	if !isNew {
		return stored, true, e.samePart(ctx, stored, path)
	}
	part = e.manifestOf(n, n.name, start, cost)
	part.Fingerprint, part.Month = fingerprint, month
	if part, err = e.storeFile(ctx, part, path); err == nil {
		e.keep(part)
	}
	return part, true, err
}

// samePart holds a part that was made again against the stored one.
func (e *execution) samePart(ctx context.Context, stored snapshot.Manifest, path string) error {
	place, err := e.Bucket.LocalPath(ctx, snapshot.DataKey(stored.Name, stored.Table))
	if err != nil {
		return err
	}
	var digests [2]string
	for i, file := range []string{place, path} {
		if _, digests[i], err = Digest(ctx, e.Session, "read_parquet("+warehouse.Quote(file)+")", stored.Columns); err != nil {
			return err
		}
	}
	if digests[0] != digests[1] {
		return fmt.Errorf("made again, it has other rows than the stored part %s: the model is not a function of what it reads, or the file was changed", stored.Fingerprint)
	}
	return nil
}

// copyMonth runs the model for one month, in a catalog of its own where every input is what the month may see of it.
func (e *execution) copyMonth(ctx context.Context, n *node, month, path string) (warehouse.Cost, error) {
	first, err := time.Parse(monthLayout, month)
	if err != nil {
		return warehouse.Cost{}, err
	}
	catalog := fmt.Sprintf("slices_%d", e.catalogs.Add(1))
	setUp := []string{"attach ':memory:' as " + catalog}
	for _, input := range n.inputs {
		schema, _, _ := strings.Cut(input, ".")
		view := "create view " + catalog + "." + input + " as select * from memory." + input
		if read, sliced := n.model.Header.Reads[input]; sliced {
			view += between(read.By, first.AddDate(0, 0, -read.Back), first.AddDate(0, 1, 0))
		}
		setUp = append(setUp, "create schema if not exists "+catalog+"."+schema, view)
	}
	setUp = append(setUp, "use "+catalog)
	query := "select * from (\n" + n.exactQuery() + "\n)" + between(n.model.Header.Month, first, first.AddDate(0, 1, 0))
	return e.Session.MeasureIn(ctx, setUp, copyStatement(n, query, path), []string{"use memory", "detach database if exists " + catalog})
}

func between(column string, from, to time.Time) string {
	name := warehouse.QuoteName(column)
	return fmt.Sprintf(" where %s >= %s and %s < %s", name, warehouse.Literal(from), name, warehouse.Literal(to))
}

// monthly is what the months of a table are made from.
type monthly struct {
	months []string // each from the first to the last
	// content is, of each input that is read by the month, what its months hold, as hashes.
	content map[string]map[string]string
}

func (e *execution) slicesOf(ctx context.Context, n *node) (monthly, error) {
	read := monthly{content: map[string]map[string]string{}}
	var all []string
	for _, input := range slices.Sorted(maps.Keys(n.model.Header.Reads)) {
		content, err := e.monthsOf(ctx, input, n.model.Header.Reads[input].By)
		if err != nil {
			return monthly{}, fmt.Errorf("months of %s: %w", input, err)
		}
		read.content[input] = content
		all = slices.AppendSeq(all, maps.Keys(content))
	}
	read.months = monthsBetween(all)
	return read, nil
}

// monthsBetween gives every month from the first to the last.
func monthsBetween(months []string) []string {
	if len(months) == 0 {
		return nil
	}
	month, err := time.Parse(monthLayout, slices.Min(months))
	if err != nil {
		return nil
	}
	var all []string
	for last := slices.Max(months); month.Format(monthLayout) <= last; month = month.AddDate(0, 1, 0) {
		all = append(all, month.Format(monthLayout))
	}
	return all
}

// partFingerprint is of all that decides the rows of a month.
func (g *Graph) partFingerprint(n *node, read monthly, month string) string {
	identity := struct {
		Engine, Name, Definition, Column, Month string
		Order                                   []string
		Parameters, Whole                       map[string]string
		Slices                                  map[string][]string
	}{
		engineVersion, n.name, n.definition, n.model.Header.Month, month, n.order,
		g.parametersOf(n), g.inputsOf(n),
		map[string][]string{},
	}
	for input, edge := range n.model.Header.Reads {
		delete(identity.Whole, input)
		identity.Slices[input] = append([]string{edge.By, fmt.Sprint(edge.Back)}, read.seen(input, edge, month)...)
	}
	return hashOf(identity)
}

// seen is what a month sees of an input, month by month. The month in which reading back begins counts as a whole.
func (m monthly) seen(input string, edge model.Read, month string) []string {
	var seen []string
	for _, other := range slices.Sorted(maps.Keys(m.content[input])) {
		if firstSeen(month, edge.Back) <= other && other <= month {
			seen = append(seen, other+" "+m.content[input][other])
		}
	}
	return seen
}

// firstSeen is the month in which reading back so many days from the first of a month begins.
func firstSeen(month string, back int) string {
	first, err := time.Parse(monthLayout, month)
	if err != nil {
		return month
	}
	return first.AddDate(0, 0, -back).Format(monthLayout)
}

// monthsOf gives a hash of the rows of each month of an attached table. It is kept beside the table: it is the same whenever it is asked.
func (e *execution) monthsOf(ctx context.Context, table, by string) (map[string]string, error) {
	key := snapshot.MonthsKey(table, e.graph.makers[table].fingerprint, by)
	content, err := readMonths(ctx, e.Bucket, key)
	if !errors.Is(err, objectstore.ErrNotFound) {
		return content, err
	}
	columns, err := e.Session.Columns(ctx, table)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = warehouse.QuoteName(column.Name)
	}
	if content, err = e.hashMonths(ctx, table, by, names); err != nil {
		return nil, err
	}
	text, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	_, err = e.Bucket.Create(ctx, key, strings.NewReader(string(text)))
	return content, err
}

func readMonths(ctx context.Context, bucket *objectstore.Bucket, key string) (map[string]string, error) {
	text, _, err := bucket.Read(ctx, key)
	if err != nil {
		return nil, err
	}
	content := map[string]string{}
	return content, json.Unmarshal(text, &content)
}

// hashMonths uses DuckDB's own hash, which is quick and may change with its version; the version therefore stands in each hash. Two sums over it
// keep two sets of rows apart.
func (e *execution) hashMonths(ctx context.Context, table, by string, columns []string) (content map[string]string, err error) {
	list := join(columns)
	rows, err := e.Session.Query(ctx, fmt.Sprintf(
		`select strftime(%[1]s, '%%Y-%%m') as month,
			concat_ws('-', version(), count(*), sum(cast(hash(%[2]s) as hugeint)), bit_xor(hash(hash(%[2]s), 1))) as content
		from %[3]s where %[1]s is not null group by month`, warehouse.QuoteName(by), list, table))
	if err != nil {
		return nil, err
	}
	defer func() { err = cmp.Or(err, rows.Close()) }()
	content = map[string]string{}
	for rows.Next() {
		var month, hash string
		if err := rows.Scan(&month, &hash); err != nil {
			return nil, err
		}
		content[month] = hash
	}
	return content, rows.Err()
}
