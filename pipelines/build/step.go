package build

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
)

// Step is work that SQL does badly, done in Go: in the same graph, under the same fingerprints.
type Step struct {
	Name       string
	Version    int    // raise it when the step's results change
	Definition string // what else decides its results: its SQL, the fingerprint of a key
	Inputs     []string
	Parameters []string
	Tables     map[string][]warehouse.Column
	// Kept are working tables that are stored beside Tables and that nobody reads but the step itself, the next time. They must be functions of the
	// inputs too, and hold nothing personal in the clear. Run may leave one out.
	Kept map[string][]warehouse.Column
	// Run reads from the session, where every input is a table, and writes each of Tables exactly once, whole or in parts. before is what it has made
	// the last time; with it or without, the rows must come out the same. It is nil where there is nothing.
	Run func(ctx context.Context, session *warehouse.Session, write TableWriter, before *Before) error
}

func (e *execution) makeStep(ctx context.Context, n *node, start time.Time) (product, error) {
	before, err := e.before(ctx, n)
	if err != nil {
		return product{}, fmt.Errorf("what was made before: %w", err)
	}
	desk := &desk{session: e.Session, scratch: e.scratchFile(n.name, n.fingerprint), written: map[string][]*piece{}, left: map[string]int64{}}
	if err := n.step.Run(ctx, e.Session, TableWriter{desk}, before); err != nil {
		return product{}, err
	}
	storing := storing{execution: e, node: n, start: start, desk: desk}
	kept, err := storing.kept(ctx)
	if err != nil {
		return product{}, err
	}
	var made product
	for i, table := range n.tables {
		// What is kept is named by a table that says of itself what it needs.
		var manifest snapshot.Manifest
		if manifest, err = storing.table(ctx, table, i == 0 && len(kept) > 0); err != nil {
			return product{}, err
		}
		if i == 0 {
			manifest.Kept = kept
		}
		made.tables = append(made.tables, manifest)
	}
	return made, nil
}

// storing brings what a step wrote into the store.
type storing struct {
	*execution
	node  *node
	start time.Time
	desk  *desk
}

func (s storing) kept(ctx context.Context) (map[string]snapshot.Table, error) {
	kept := map[string]snapshot.Table{}
	for _, name := range slices.Sorted(maps.Keys(s.node.step.Kept)) {
		if len(s.desk.written[name]) == 0 {
			continue
		}
		manifest, err := s.table(ctx, name, false)
		if err != nil {
			return nil, err
		}
		manifest.PartOf = s.node.fingerprint
		s.keep(manifest)
		kept[name] = manifest.Table
	}
	return kept, nil
}

// table stores one table: as a file, or as parts if it was written so.
func (s storing) table(ctx context.Context, name string, inParts bool) (snapshot.Manifest, error) {
	manifest := s.manifestOf(s.node, name, s.start, warehouse.Cost{})
	pieces := s.desk.written[name]
	if len(pieces) == 0 {
		return manifest, fmt.Errorf("the step has not written %s: %w", name, os.ErrNotExist)
	}
	if len(pieces) == 1 && pieces[0].whole && !inParts {
		return s.storeFile(ctx, manifest, pieces[0].path)
	}
	manifest.InParts = true
	added := int64(0)
	for _, piece := range pieces {
		part, bytes, err := s.part(ctx, name, piece)
		if err != nil {
			return manifest, err
		}
		if piece.stored == nil {
			added += part.Rows
		}
		manifest.Parts = append(manifest.Parts, part)
		manifest.Rows, manifest.Bytes = manifest.Rows+part.Rows, manifest.Bytes+bytes
	}
	left, known := s.desk.left[name]
	if known {
		manifest.Rows = left + added
	}
	return manifest, s.complete(ctx, &manifest, known)
}

// complete fills in what is told by the rows of all parts together; their number, unless it is known.
func (s storing) complete(ctx context.Context, manifest *snapshot.Manifest, counted bool) error {
	query, err := snapshot.RowsQuery(ctx, s.Bucket, *manifest)
	if err != nil {
		return err
	}
	rows := "(\n" + query + "\n)"
	if manifest.Columns, err = s.Session.Columns(ctx, rows); err != nil {
		return err
	}
	switch {
	case snapshot.IsMart(manifest.Name):
		manifest.Rows, manifest.Digest, err = Digest(ctx, s.Session, rows, manifest.Columns)
	case !counted && slices.ContainsFunc(manifest.Parts, func(part snapshot.Part) bool { return part.Replaces != nil }):
		err = s.Session.QueryRow(ctx, "select count(*) from "+rows).Scan(&manifest.Rows)
	}
	return err
}

// part stores a piece, unless it is stored already.
func (s storing) part(ctx context.Context, table string, piece *piece) (part snapshot.Part, bytes int64, err error) {
	if piece.stored != nil {
		return *piece.stored, 0, nil
	}
	manifest, err := s.file(ctx, table, piece.path)
	if err != nil {
		return part, 0, err
	}
	part = snapshot.Part{Table: manifest.Table}
	if piece.replaces != nil {
		keys, err := s.keys(ctx, piece.replaces)
		part.Replaces = &keys
		return part, manifest.Bytes, err
	}
	return part, manifest.Bytes, nil
}

// keys stores keys once, below the step's first table.
func (s storing) keys(ctx context.Context, keys *Keys) (snapshot.Keys, error) {
	if keys.stored == nil {
		name := s.node.tables[0]
		manifest, err := s.file(ctx, name, keys.path)
		if err != nil {
			return snapshot.Keys{}, err
		}
		keys.stored = &snapshot.Keys{Name: name, Columns: keys.columns, Table: manifest.Table}
	}
	return *keys.stored, nil
}

// file stores a scratch file as a part of a table, under a fingerprint that no other part has.
func (s storing) file(ctx context.Context, table, path string) (snapshot.Manifest, error) {
	manifest := s.manifestOf(s.node, table, s.start, warehouse.Cost{})
	name, err := s.randomName()
	if err != nil {
		return manifest, err
	}
	manifest.PartOf, manifest.Fingerprint = s.node.fingerprint, hash(s.node.fingerprint + " " + name)[:32]
	if manifest, err = s.storeFile(ctx, manifest, path); err == nil {
		s.keep(manifest)
	}
	return manifest, err
}
