package jobs

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/build"
	"countinghouse/pipelines/closing"
)

// Simulation is what other rules of the points programme would make of the lots as they are.
type Simulation struct {
	AsOf     string            `json:"as_of"`
	Rules    map[string]string `json:"rules"` // columns of seed.points_programme, set on every row
	Figures  []SimulatedFigure `json:"figures"`
	Expiries []SimulatedExpiry `json:"expiries"`
}

// SimulatedFigure is a figure before and after.
type SimulatedFigure struct {
	Name   string `json:"name"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// SimulatedExpiry is what expires in a month of what is outstanding of a currency of points.
type SimulatedExpiry struct {
	Month        string `json:"month"`
	Currency     string `json:"currency"`
	PointsBefore int64  `json:"points_before"`
	PointsAfter  int64  `json:"points_after"`
	ValueBefore  string `json:"value_before"`
	ValueAfter   string `json:"value_after"`
}

// simulated are the marts that a simulation makes again.
func simulated() []string {
	return []string{"mart.point_liability", "mart.point_lots", "mart.point_ledger"}
}

// Simulate makes the ledger and the liability again from the exports of an environment with other rules, in a store of its own, which is
// forgotten. Nothing is published.
func (w *Workshop) Simulate(ctx context.Context, environment string, rules map[string]string) (result Simulation, err error) {
	current, _, err := snapshot.Read(ctx, w.Bucket, environment)
	if err != nil {
		return result, err
	}
	if current.Version == 0 {
		return result, ProjectError{fmt.Errorf("environment %s was never published: run `countinghouse run` first", environment)}
	}
	defined, err := withRules(w.defined, rules)
	if err != nil {
		return result, ProjectError{err}
	}
	result = Simulation{AsOf: current.AsOf, Rules: rules}
	err = w.withLentShop(ctx, current, defined, func(shop *Workshop) error {
		for _, rule := range []string{"validity_days", "validity", "grace_days"} {
			_, changed := rules[rule]
			shop.ownExpiry = shop.ownExpiry || changed
		}
		wanted := map[string]bool{}
		for _, table := range simulated() {
			wanted[table] = true
		}
		tables, err := shop.buildScratch(ctx, wanted)
		if err != nil {
			return err
		}
		return shop.compareSimulated(ctx, current.Tables, tables, &result)
	})
	return result, err
}

const programmeSeed = "seeds/points_programme.csv"

// withRules are definitions with columns of the points programme set on each of its rows.
func withRules(defined definitions, rules map[string]string) (definitions, error) {
	text, err := effectiveFile(programmeSeed, defined.ownSQL, defined.sql)
	if err != nil {
		return defined, err
	}
	records, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(text), "\ufeff"))).ReadAll()
	if err != nil {
		return defined, fmt.Errorf("%s: %w", programmeSeed, err)
	}
	builtin, err := fs.ReadFile(defined.sql, programmeSeed)
	if err != nil {
		return defined, err
	}
	header, _, _ := strings.Cut(strings.TrimSpace(string(builtin)), "\n")
	known := strings.Split(header, ",")
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		at := slices.Index(records[0], name)
		if at < 0 && !slices.Contains(known, name) {
			return defined, fmt.Errorf("simulate: the points programme has no %s (it has %s)", name, strings.Join(known, ", "))
		}
		if at < 0 { // a brand's file may leave out columns that have a default
			at = len(records[0])
			for i := range records {
				records[i] = append(records[i], "")
			}
			records[0][at] = name
		}
		for _, record := range records[1:] {
			record[at] = rules[name]
		}
	}
	var changed bytes.Buffer
	if err := csv.NewWriter(&changed).WriteAll(records); err != nil {
		return defined, err
	}
	own, err := closing.ReadSources(closing.OwnSQL, defined.ownSQL)
	if err != nil {
		return defined, err
	}
	own = slices.DeleteFunc(own, func(source closing.Source) bool { return source.Path == programmeSeed })
	own = append(own, closing.Source{Layer: closing.OwnSQL, Path: programmeSeed, Text: changed.String()})
	defined.ownSQL, err = closing.Files(own, closing.OwnSQL)
	return defined, err
}

// effectiveFile reads a file from the first layer that has it.
func effectiveFile(name string, layers ...fs.FS) ([]byte, error) {
	for _, layer := range layers {
		if layer == nil {
			continue
		}
		text, err := fs.ReadFile(layer, name)
		if !errors.Is(err, fs.ErrNotExist) {
			return text, err
		}
	}
	return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
}

// withLentShop lends a workshop over a store with the exports as they are conformed, and the tables of an environment: what does not change is
// not made again.
func (w *Workshop) withLentShop(ctx context.Context, current snapshot.Environment, defined definitions, use func(*Workshop) error) error {
	base, err := w.closedBase(ctx)
	if err != nil {
		return err
	}
	lend := func(tools Tools) error {
		if err := w.lendConformed(ctx, tools); err != nil {
			return err
		}
		return w.lendTables(ctx, tools, current)
	}
	begin := func(tools Tools) (*Workshop, error) { return openDefined(ctx, w.Project, w.AsOf, tools, defined) }
	return w.withShopAside(ctx, "simulate-", base, lend, begin, use)
}

// withShopAside lends a workshop over a store of its own, which has what is lent to it and what was closed before, and is gone with it.
func (w *Workshop) withShopAside(ctx context.Context, name string, base *closing.Stored, lend func(Tools) error, begin func(Tools) (*Workshop, error),
	use func(*Workshop) error,
) (err error) {
	folder, err := os.MkdirTemp(w.Scratch, name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	tools := w.Tools
	if tools.Bucket, err = open.Bucket(ctx, filepath.Join(folder, "store"), filepath.Join(folder, "cache")); err != nil {
		return err
	}
	if err := lend(tools); err != nil {
		return err
	}
	if base != nil {
		if err := w.lendBase(ctx, tools, base); err != nil {
			return err
		}
	}
	shop, err := begin(tools)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shop.Close()) }()
	shop.base, shop.based = base, true
	return use(shop)
}

// withoutExpiry leaves out what a channel says of expiry, which follows the rules as they are: the ledger then computes it.
func withoutExpiry(datasets []build.Dataset) {
	for i := range datasets {
		if datasets[i].Name != "dataset.point_transactions" {
			continue
		}
		wrap := func(query string) string {
			return "select * replace (cast(null as date) as expires_on) from (\n" + query + "\n) where kind is distinct from 'expire'"
		}
		given := datasets[i].Of
		datasets[i].Shape = nil // nothing that was made before is of such rows
		datasets[i].Query, datasets[i].Definition = wrap(datasets[i].Query), wrap(datasets[i].Definition)
		datasets[i].Of = func(files []snapshot.SourceFile) string { return wrap(given(files)) }
	}
}

// lendConformed gives another store what was read of the exports, and not the exports.
func (w *Workshop) lendConformed(ctx context.Context, tools Tools) error {
	for object, err := range w.Bucket.List(ctx, "files/") {
		if err != nil {
			return err
		}
		if err := w.lend(ctx, tools, object.Key); err != nil {
			return err
		}
	}
	for object, err := range w.Bucket.List(ctx, "landing/") {
		if err != nil {
			return err
		}
		if strings.HasSuffix(object.Key, "/manifest.json") {
			if err := w.lend(ctx, tools, object.Key); err != nil {
				return err
			}
		}
	}
	return nil
}

// lendTables gives another store the tables of an environment.
func (w *Workshop) lendTables(ctx context.Context, tools Tools, current snapshot.Environment) error {
	manifests, err := snapshot.OfEnvironment(ctx, w.Bucket, current)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(manifests)) {
		manifest := manifests[name]
		keys := []string{snapshot.ManifestKey(name, manifest.Fingerprint)}
		parts, objects := manifest.References()
		if manifest.View == "" { // what a view reads is a table of the environment, or lent with the exports
			keys = append(append(keys, parts...), objects...)
		}
		if err := w.lend(ctx, tools, keys...); err != nil {
			return err
		}
	}
	return nil
}

// compareSimulated fills in figures. before and after are tables of the workshop's store.
func (w *Workshop) compareSimulated(ctx context.Context, before, after map[string]snapshot.Table, result *Simulation) error {
	was, is := map[string]string{}, map[string]string{}
	for _, name := range simulated() {
		for set, relations := range map[*map[string]snapshot.Table]map[string]string{&before: was, &after: is} {
			manifest, err := snapshot.ReadManifest(ctx, w.Bucket, name, (*set)[name].Fingerprint)
			if err != nil {
				return err
			}
			rows, err := snapshot.RowsQuery(ctx, w.Bucket, manifest)
			if err != nil {
				return err
			}
			relations[name] = "(" + rows + ")"
		}
	}
	currencies, err := w.simulatedCurrencies(ctx, was["mart.point_lots"], is["mart.point_lots"])
	if err != nil {
		return err
	}
	for _, currency := range currencies {
		for _, figure := range simulatedFigures() {
			one := SimulatedFigure{Name: figure.name}
			if len(currencies) > 1 {
				one.Name += " of " + currency
			}
			for relations, into := range map[*map[string]string]*string{&was: &one.Before, &is: &one.After} {
				query := "select coalesce(cast(" + figure.total + " as varchar), '') from " + (*relations)[figure.table] + " where currency = " + warehouse.Quote(currency)
				if err := w.Session.QueryRow(ctx, query).Scan(into); err != nil {
					return fmt.Errorf("%s: %w", figure.name, err)
				}
			}
			result.Figures = append(result.Figures, one)
		}
	}
	touched := SimulatedFigure{Name: "members touched", Before: "0"}
	err = w.Session.QueryRow(ctx, `select cast(count(distinct coalesce(was.customer_id, now.customer_id)) as varchar) from `+was["mart.point_lots"]+` as was
		full join `+is["mart.point_lots"]+` as now on was.channel = now.channel and was.account_id = now.account_id and was.lot_id = now.lot_id
		where was.points_remaining is distinct from now.points_remaining or was.expires_on is distinct from now.expires_on
			or was.face_value is distinct from now.face_value`).Scan(&touched.After)
	if err != nil {
		return err
	}
	result.Figures = append(result.Figures, touched)
	result.Expiries, err = w.simulatedExpiries(ctx, was["mart.point_liability"], is["mart.point_liability"])
	return err
}

// simulatedCurrencies are points, and the other kinds that there are lots of.
func (w *Workshop) simulatedCurrencies(ctx context.Context, was, is string) ([]string, error) {
	rows, err := w.Session.Query(ctx, "select currency from (select currency from "+was+" union select currency from "+is+" union select 'points') order by currency <> 'points', currency")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var found []string
	for rows.Next() {
		var currency string
		if err := rows.Scan(&currency); err != nil {
			return nil, err
		}
		found = append(found, currency)
	}
	return found, rows.Err()
}

// simulatedFigures are what is compared, each a total over a mart.
func simulatedFigures() []struct{ name, table, total string } {
	return []struct{ name, table, total string }{
		{"outstanding points", "mart.point_liability", "coalesce(sum(outstanding_points), 0)"},
		{"points owed", "mart.point_liability", "coalesce(sum(arrears_points), 0)"},
		{"face value", "mart.point_liability", "coalesce(sum(face_value), 0)"},
		{"expected redemption rate", "mart.point_liability", "max(expected_redemption_rate)"},
		{"expected redemption points", "mart.point_liability", "coalesce(sum(expected_redemption_points), 0)"},
		{"breakage points", "mart.point_liability", "coalesce(sum(breakage_points), 0)"},
		{"cost if all are redeemed", "mart.point_liability", "coalesce(sum(expected_cost), 0)"},
		{"cost of expected redemptions", "mart.point_liability", "coalesce(sum(expected_redemption_cost), 0)"},
		{"points expired to date", "mart.point_ledger", "-coalesce(sum(points) filter (where kind = 'expired'), 0)"},
	}
}

func (w *Workshop) simulatedExpiries(ctx context.Context, was, is string) ([]SimulatedExpiry, error) {
	rows, err := w.Session.Query(ctx, `with sides as (
			select currency, expiry_month, outstanding_points as before, 0 as after, face_value as value_before, cast(0 as decimal(18, 2)) as value_after from `+was+` where age_band <> 'arrears'
			union all select currency, expiry_month, 0, outstanding_points, 0, face_value from `+is+` where age_band <> 'arrears')
		select cast(expiry_month as varchar), currency, cast(sum(before) as bigint), cast(sum(after) as bigint), cast(sum(value_before) as varchar), cast(sum(value_after) as varchar)
		from sides group by currency, expiry_month order by currency <> 'points', currency, expiry_month`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	found := []SimulatedExpiry{}
	for rows.Next() {
		var one SimulatedExpiry
		if err := rows.Scan(&one.Month, &one.Currency, &one.PointsBefore, &one.PointsAfter, &one.ValueBefore, &one.ValueAfter); err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, rows.Err()
}

// lend gives another store the same objects: as further names of their files where that can be done, else as copies.
func (w *Workshop) lend(ctx context.Context, tools Tools, keys ...string) error {
	for _, key := range keys {
		if err := w.lendOne(ctx, tools, key); err != nil {
			return err
		}
	}
	return nil
}

func (w *Workshop) lendOne(ctx context.Context, tools Tools, key string) error {
	if local, err := w.Bucket.LocalPath(ctx, key); err == nil && !strings.HasSuffix(key, ".json") {
		link := filepath.Join(w.Scratch, "lent")
		if os.Link(local, link) == nil {
			_, err := tools.Bucket.CreateFile(ctx, key, link)
			return errors.Join(err, removed(link))
		}
	}
	stream, _, err := w.Bucket.Open(ctx, key)
	if err != nil {
		return err
	}
	_, err = tools.Bucket.Create(ctx, key, io.Reader(stream))
	return errors.Join(err, stream.Close())
}

func removed(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
