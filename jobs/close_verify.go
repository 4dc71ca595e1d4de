package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"countinghouse/internal/contract/landing"
	"countinghouse/internal/keyedhash"
	"countinghouse/internal/project"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/build"
	"countinghouse/pipelines/closing"
)

// Verification is what came of looking at a close again.
type Verification struct {
	Period string `json:"period"`
	Key    string `json:"key"`
	// Problems are what does not verify: links of the chain, bytes of files, digests of tables. Empty: everything is as it was closed.
	Problems []string `json:"problems"`
	// Changes are what of the project as it is now differs from what was frozen. They do not change the close.
	Changes []closing.Change `json:"changes"`
	// Code are steps written in Go whose version is another one than at the close: what they make may differ for that reason, and no other.
	Code []closing.Change `json:"code"`
	// OtherCode are tables and figures that today's steps make otherwise, where Code says that they are of another version than at the close: not a
	// difference of what was closed, and not a proof of it.
	OtherCode []string `json:"other_code"`
	// NewFiles landed since.
	NewFiles []closing.File `json:"new_files"`
	// Erased are exports that were rewritten since, on record, to erase a person: their bytes are those of the certificate. Tables that name the
	// person's accounts have another digest then, and verify by their rows and figures.
	Erased []string `json:"erased"`
	Files  int      `json:"files"`  // whose bytes were hashed
	Tables int      `json:"tables"` // that were made again and compared
}

// codeChange is what a change of a step written in Go is called.
const codeChange = "code"

// ErrOtherCode says that nothing of a close was changed, and that the steps of the running program, which are of another version, make other figures of it.
var ErrOtherCode = errors.New("the close stands, and cannot be proved by this version of the program, whose steps are others than those of the close")

// ErrUnverified says that a close does not verify. Nothing was changed.
var ErrUnverified = errors.New("the close does not verify")

// VerifyClose derives a closed period again and compares: the chain, every file's bytes, every digest. period empty: the last close.
func (w *Workshop) VerifyClose(ctx context.Context, period string) (Verification, error) {
	records, record, err := w.closeOf(ctx, period)
	if errors.Is(err, closing.ErrBroken) { // a record that cannot be read
		return Verification{Period: period, Problems: []string{err.Error()}, Changes: []closing.Change{}, Code: []closing.Change{}, NewFiles: []closing.File{}}, ErrUnverified
	}
	if err != nil {
		return Verification{}, err
	}
	found := Verification{Period: record.Period, Key: record.Key, Files: len(record.Files), Problems: append(closing.Chain(records), record.Altered()...)}
	erased, err := closing.Replacements(ctx, w.Bucket, record.Files)
	if err != nil {
		return found, err
	}
	files := found.remaining(record.Files, erased)
	broken, err := closing.CheckFiles(ctx, w.Bucket, files)
	if err != nil {
		return found, err
	}
	found.Problems = append(found.Problems, broken...)
	if found.Changes, found.NewFiles, err = w.changesSince(ctx, record); err != nil {
		return found, err
	}
	found.Code = slices.DeleteFunc(slices.Clone(found.Changes), func(change closing.Change) bool { return change.What != codeChange })
	found.Changes = slices.DeleteFunc(found.Changes, func(change closing.Change) bool { return change.What == codeChange })
	found.NewFiles = slices.DeleteFunc(found.NewFiles, func(file closing.File) bool { return slices.Contains(files, file) })
	if len(found.Erased) == 0 { // an erasure removes what the tables of the close were
		altered, err := w.storedChanges(ctx, record)
		if err != nil {
			return found, err
		}
		found.Problems = append(found.Problems, altered...)
	}
	again, err := w.deriveAgain(ctx, records, record)
	if ctx.Err() != nil {
		return found, ctx.Err()
	}
	differences := found.compare(record, again, err)
	if len(found.Code) > 0 {
		found.OtherCode = differences
	} else {
		found.Problems = append(found.Problems, differences...)
	}
	switch {
	case len(found.Problems) > 0:
		return found, ErrUnverified
	case len(found.OtherCode) > 0:
		return found, ErrOtherCode
	}
	found.Problems = []string{}
	return found, nil
}

// storedChanges tells of finance's tables whose rows, as the store keeps them, are not those that were closed: they are what packs and later months are made from.
func (w *Workshop) storedChanges(ctx context.Context, record closing.Stored) ([]string, error) {
	var problems []string
	for _, table := range record.Tables {
		if table.Digest == "" {
			continue
		}
		digest, err := w.storedDigest(ctx, table)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			problems = append(problems, fmt.Sprintf("%s: the table in the store cannot be read: %v", table.Name, err))
		case digest != table.Digest:
			problems = append(problems, fmt.Sprintf("%s: the rows of the table in the store (%s) were changed after the close", table.Name, snapshot.ManifestKey(table.Name, table.Fingerprint)))
		}
	}
	return problems, nil
}

func (w *Workshop) storedDigest(ctx context.Context, table closing.Table) (string, error) {
	if err := snapshot.Attach(ctx, w.Session, w.Bucket, table.Name, snapshot.Table{Fingerprint: table.Fingerprint}); err != nil {
		return "", err
	}
	columns, err := w.Session.Columns(ctx, table.Name)
	if err != nil {
		return "", err
	}
	_, digest, err := build.Digest(ctx, w.Session, table.Name, columns)
	return digest, err
}

// remaining are the files that are there of those that were closed, as erasures left them, which it notes.
func (v *Verification) remaining(closed []closing.File, erased map[string]closing.Replacement) (files []closing.File) {
	for _, file := range closed {
		now, isErased := erased[file.Key]
		switch {
		case !isErased:
			files = append(files, file)
		case now.Gone:
			v.Erased = append(v.Erased, fmt.Sprintf("%s (feed %s) was removed by an erasure", file.Name, file.Feed))
		default:
			files = append(files, now.File)
			v.Erased = append(v.Erased, fmt.Sprintf("%s (feed %s) was rewritten by the erasure %s", file.Name, file.Feed, now.By))
		}
	}
	return files
}

// compare holds the tables that were derived again against those that were closed, and tells how they differ. Where persons were erased since, their rows
// say another account: then as many rows, and every figure as it was, are what can be held.
func (v *Verification) compare(record closing.Stored, again derived, failed error) []string {
	if failed != nil {
		return []string{"it cannot be derived again: " + failed.Error()}
	}
	v.Tables = len(again.tables)
	changed := closing.TableChanges(record.Tables, again.tables)
	if len(v.Erased) > 0 && len(changed) > 0 && closing.SameRows(record.Tables, again.tables) && len(closing.FigureChanges(record.Figures, again.figures)) == 0 {
		v.Erased = append(v.Erased, fmt.Sprintf("%d tables say another account where somebody was erased since: they have as many rows, and all %d figures are the same", len(changed), len(record.Figures)))
		return nil
	}
	return append(changed, closing.FigureProblems(record.Figures, again.figures)...)
}

// closeOf finds the last close of a period, or of all.
func (w *Workshop) closeOf(ctx context.Context, period string) ([]closing.Stored, closing.Stored, error) {
	records, err := closing.List(ctx, w.Bucket)
	if err != nil {
		return nil, closing.Stored{}, err
	}
	for _, record := range slices.Backward(records) {
		if record.Kind == closing.Closed && (period == "" || record.Period == period) {
			return records, record, nil
		}
	}
	if period == "" {
		return nil, closing.Stored{}, ProjectError{errors.New("no period was closed yet: `countinghouse close 2026-10 --who NAME --note TEXT` closes one")}
	}
	return nil, closing.Stored{}, ProjectError{fmt.Errorf("%s was never closed: `countinghouse close` lists the closes", period)}
}

// changesSince says what differs now from what was frozen.
func (w *Workshop) changesSince(ctx context.Context, record closing.Stored) ([]closing.Change, []closing.File, error) {
	settings, err := w.settings()
	if err != nil {
		return nil, nil, err
	}
	changes := closing.ValueChanges("parameter", record.Settings.Values, settings.Values)
	changes = append(changes, closing.ValueChanges("setting",
		map[string]string{"zone": record.Settings.Zone, "country": record.Settings.Country, "key of the hashes": record.Settings.Key},
		map[string]string{"zone": settings.Zone, "country": settings.Country, "key of the hashes": settings.Key})...)
	changes = append(changes, closing.ValueChanges(codeChange, texts(record.Steps), texts(stepVersions()))...)
	sources, err := w.defined.sources()
	if err != nil {
		return nil, nil, err
	}
	changes = append(changes, closing.SourceChanges(record.Sources, sources)...)
	landed, err := w.landedFiles(ctx)
	return changes, closing.NewFiles(record.Files, landed), err
}

func texts(versions map[string]int) map[string]string {
	written := map[string]string{}
	for name, version := range versions {
		written[name] = fmt.Sprint("version ", version)
	}
	return written
}

// derivation says what finance's tables are to be made from.
type derivation struct {
	own     project.Project
	asOf    string
	files   []closing.File
	defined definitions
	base    *closing.Stored
	erased  map[string]closing.Replacement // by the key that the export had
}

// derived are the tables that came, and their figures: what each column comes to, and what there is to say of the month.
type derived struct {
	tables          []closing.Table
	figures, totals []closing.Figure
}

// ofClose is the derivation of a period as it was closed.
func (w *Workshop) ofClose(ctx context.Context, records []closing.Stored, record closing.Stored) (derivation, error) {
	own := w.Project
	parameters, err := parametersOf(record.Settings.Parameters)
	if err != nil {
		return derivation{}, err
	}
	zone, err := zoneOf(record.Settings.Zone)
	if err != nil {
		return derivation{}, err
	}
	own.Parameters, own.Zone, own.Brand.Country = parameters, zone, record.Settings.Country
	made := derivation{own: own, asOf: record.AsOf, files: record.Files}
	if made.defined, err = frozen(record.Sources); err != nil {
		return made, err
	}
	if made.erased, err = closing.Replacements(ctx, w.Bucket, record.Files); err != nil {
		return made, err
	}
	for _, one := range records {
		if one.Link == record.Base {
			made.base = &one
		}
	}
	if record.Base.Key != "" && made.base == nil {
		return made, fmt.Errorf("%s, which it begins with, is not what it was", record.Base.Key)
	}
	return made, nil
}

func (w *Workshop) deriveAgain(ctx context.Context, records []closing.Stored, record closing.Stored) (derived, error) {
	if now := keyedhash.Text(w.Key, "fingerprint of the key"); now != record.Settings.Key {
		return derived{}, errors.New("the secret of the keyed hashes is another one now: customers would have other ids")
	}
	made, err := w.ofClose(ctx, records, record)
	if err != nil {
		return derived{}, err
	}
	return w.derive(ctx, made)
}

// derive makes finance's tables in a store of their own, which is forgotten.
func (w *Workshop) derive(ctx context.Context, what derivation) (result derived, err error) {
	err = w.withScratchShop(ctx, what, func(scratch *Workshop) error {
		wanted := map[string]bool{}
		for _, name := range scratch.financeMarts() {
			wanted[name] = true
		}
		tables, err := scratch.buildScratch(ctx, wanted)
		if err != nil {
			return err
		}
		if result.tables, err = scratch.tables(ctx, tables); err != nil {
			return err
		}
		result.tables = slices.DeleteFunc(result.tables, func(table closing.Table) bool { return table.Digest == "" })
		result.totals = scratch.monthTotals(ctx, what.asOf[:len("2026-10")])
		result.figures, err = scratch.figures(ctx)
		return err
	})
	return result, err
}

// withScratchShop lends a workshop over a store that holds the landed files, conformed, and what was closed before.
func (w *Workshop) withScratchShop(ctx context.Context, what derivation, use func(*Workshop) error) error {
	asOf, err := dayOf(what.asOf)
	if err != nil {
		return err
	}
	lend := func(tools Tools) error {
		for _, file := range what.files {
			if err := w.lendExport(ctx, tools, file, what.erased); err != nil {
				return err
			}
		}
		return nil
	}
	begin := func(tools Tools) (*Workshop, error) { return openDefined(ctx, what.own, asOf, tools, what.defined) }
	return w.withShopAside(ctx, "derive-", what.base, lend, begin, func(shop *Workshop) error {
		if _, err := shop.Conform(ctx); err != nil {
			return err
		}
		return use(shop)
	})
}

// lendExport gives another store an export: one that was rewritten since under the name that it had, so that rows say the same of where they are from.
func (w *Workshop) lendExport(ctx context.Context, tools Tools, file closing.File, erased map[string]closing.Replacement) error {
	manifest := landing.ManifestKey(file.Feed, file.SHA256)
	now, isErased := erased[file.Key]
	if !isErased {
		return w.lend(ctx, tools, file.Key, manifest)
	}
	if now.Gone {
		return nil
	}
	stream, _, err := w.Bucket.Open(ctx, now.Key)
	if err != nil {
		return err
	}
	_, err = tools.Bucket.Create(ctx, file.Key, stream)
	if err := errors.Join(err, stream.Close()); err != nil {
		return err
	}
	_, err = tools.Bucket.CompareAndSet(ctx, manifest, now.Manifest, 0)
	return err
}

// lendBase copies the tables of a close that marts may read.
func (w *Workshop) lendBase(ctx context.Context, tools Tools, base *closing.Stored) error {
	wanted := map[string]bool{}
	for _, dataset := range w.Registry.Datasets() {
		wanted[dataset.Closed] = true
	}
	for _, table := range base.Tables {
		if !wanted[table.Name] {
			continue
		}
		manifest, err := snapshot.ReadManifest(ctx, w.Bucket, table.Name, table.Fingerprint)
		if err != nil {
			return err
		}
		if err := w.lend(ctx, tools, snapshot.DataKey(table.Name, manifest.Table), snapshot.ManifestKey(table.Name, table.Fingerprint)); err != nil {
			return err
		}
	}
	return nil
}

// buildScratch makes tables and what they read, and has all of them readable.
func (w *Workshop) buildScratch(ctx context.Context, wanted map[string]bool) (map[string]snapshot.Table, error) {
	graph, err := w.Graph(ctx)
	if err != nil {
		return nil, err
	}
	tables, err := build.Run(ctx, graph, build.Options{
		Bucket: w.Bucket, Session: w.Session, Scratch: w.Scratch, Workers: workers(w.Project), Random: w.Random, Now: w.Now, CPU: processorSeconds, Only: wanted,
	})
	if err != nil {
		return nil, err
	}
	return tables, w.AttachAll(ctx, snapshot.Environment{Name: "scratch", Tables: tables}, func(string) bool { return true })
}

// ChangeText tells a change in a line.
func ChangeText(change closing.Change) string {
	place := change.What + " " + change.Name
	if change.Line > 0 {
		place = fmt.Sprintf("%s:%d", place, change.Line)
	}
	return fmt.Sprintf("%s: was %s, is %s", place, warehouse.Quote(strings.TrimSpace(change.Was)), warehouse.Quote(strings.TrimSpace(change.Is)))
}

// Closes lists the records, oldest first.
func (w *Workshop) Closes(ctx context.Context) ([]closing.Stored, error) {
	records, err := closing.List(ctx, w.Bucket)
	for i := range records { // a list is no place for all that a close holds
		records[i].Sources, records[i].Files, records[i].Tables, records[i].Figures, records[i].Settings.Parameters = nil, nil, nil, nil, json.RawMessage(nil)
	}
	return records, err
}
