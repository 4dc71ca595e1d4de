package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
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
	again, err := w.deriveAgain(ctx, records, record)
	if err != nil {
		if ctx.Err() != nil {
			return found, err
		}
		found.Problems = append(found.Problems, "it cannot be derived again: "+err.Error())
	} else {
		found.compare(record, again)
	}
	if len(found.Problems) > 0 {
		return found, ErrUnverified
	}
	found.Problems = []string{}
	return found, nil
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

// compare holds the tables that were derived again against those that were closed. Where persons were erased since, their rows say another account: then
// as many rows, and every figure as it was, are what can be held.
func (v *Verification) compare(record closing.Stored, again derived) {
	v.Tables = len(again.tables)
	changed := closing.TableChanges(record.Tables, again.tables)
	if len(v.Erased) > 0 && len(changed) > 0 && closing.SameRows(record.Tables, again.tables) && len(closing.FigureChanges(record.Figures, again.figures)) == 0 {
		v.Erased = append(v.Erased, fmt.Sprintf("%d tables say another account where somebody was erased since: they have as many rows, and all %d figures are the same", len(changed), len(record.Figures)))
		return
	}
	v.Problems = append(v.Problems, changed...)
	v.Problems = append(v.Problems, closing.FigureProblems(record.Figures, again.figures)...)
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

// derived are the tables that came, and their figures.
type derived struct {
	tables  []closing.Table
	figures []closing.Figure
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

// CloseStep is what one kind of change makes of a closed period's figures.
type CloseStep struct {
	Cause   string                 `json:"cause"`
	Details []string               `json:"details"`
	Figures []closing.FigureChange `json:"figures"`
	Error   string                 `json:"error,omitempty"` // why it cannot be derived so
}

// DiffClose derives a closed period step by step with what is there today, and says what each step changes.
func (w *Workshop) DiffClose(ctx context.Context, period string) ([]CloseStep, error) {
	records, record, err := w.closeOf(ctx, period)
	if err != nil {
		return nil, err
	}
	made, err := w.ofClose(ctx, records, record)
	if err != nil {
		return nil, err
	}
	changes, fresh, err := w.changesSince(ctx, record)
	if err != nil {
		return nil, err
	}
	landed, err := w.landedFiles(ctx)
	if err != nil {
		return nil, err
	}
	sources, err := w.defined.sources()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, file := range fresh {
		names = append(names, file.Name+" ("+file.Feed+")")
	}
	rules, err := frozen(mixed(record.Sources, sources))
	if err != nil {
		return nil, err
	}
	figures, tables := record.Figures, record.Tables
	var steps []CloseStep
	step := func(cause string, details []string, change func()) error {
		if change(); len(details) == 0 && cause != "nothing: as it was closed" {
			return nil
		}
		again, err := w.derive(ctx, made)
		if err != nil {
			steps = append(steps, CloseStep{Cause: cause, Details: details, Figures: []closing.FigureChange{}, Error: err.Error()})
			return ctx.Err()
		}
		if moved := movedCustomers(tables, again.tables); moved != "" {
			details = append(slices.Clone(details), moved)
		}
		steps = append(steps, CloseStep{Cause: cause, Details: details, Figures: closing.FigureChanges(figures, again.figures)})
		figures, tables = again.figures, again.tables
		return nil
	}
	err = errors.Join(
		step("nothing: as it was closed", nil, func() {}),
		step("late files", names, func() { made.files = landed }),
		step("changed parameters, seeds and estimates", written(changes, "parameter", "seed", "setting"), func() {
			made.own.Parameters, made.own.Zone, made.own.Brand.Country = w.Project.Parameters, w.Project.Zone, w.Project.Brand.Country
			made.defined = rules
		}),
		step("changed SQL and contracts", written(changes, "sql", "contract", codeChange), func() { made.defined = w.defined }),
	)
	return steps, err
}

// movedCustomers says whether accounts are joined to customers in another way.
func movedCustomers(was, is []closing.Table) string {
	digest := func(tables []closing.Table) string {
		for _, table := range tables {
			if table.Name == customersTable {
				return table.Digest
			}
		}
		return ""
	}
	if digest(was) == digest(is) {
		return ""
	}
	return "customers: accounts came, or were merged or split differently"
}

// written tells of the changes of some kinds.
func written(changes []closing.Change, kinds ...string) []string {
	var told []string
	for _, change := range changes {
		if slices.Contains(kinds, change.What) {
			told = append(told, ChangeText(change))
		}
	}
	return told
}

// ChangeText tells a change in a line.
func ChangeText(change closing.Change) string {
	place := change.What + " " + change.Name
	if change.Line > 0 {
		place = fmt.Sprintf("%s:%d", place, change.Line)
	}
	return fmt.Sprintf("%s: was %s, is %s", place, warehouse.Quote(strings.TrimSpace(change.Was)), warehouse.Quote(strings.TrimSpace(change.Is)))
}

// mixed takes seeds and parameters as they are now, and all else as it was.
func mixed(was, is []closing.Source) []closing.Source {
	rules := func(source closing.Source) bool {
		return strings.HasPrefix(source.Path, "seeds/") || filepath.Base(source.Path) == "parameters.yaml"
	}
	both := slices.DeleteFunc(slices.Clone(was), rules)
	return append(both, slices.DeleteFunc(slices.Clone(is), func(source closing.Source) bool { return !rules(source) })...)
}

// Closes lists the records, oldest first.
func (w *Workshop) Closes(ctx context.Context) ([]closing.Stored, error) {
	records, err := closing.List(ctx, w.Bucket)
	for i := range records { // a list is no place for all that a close holds
		records[i].Sources, records[i].Files, records[i].Tables, records[i].Figures, records[i].Settings.Parameters = nil, nil, nil, nil, json.RawMessage(nil)
	}
	return records, err
}
