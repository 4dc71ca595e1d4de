package build

import (
	"context"
	"strings"

	"countinghouse/internal/snapshot"
)

// Before is what a step made for the tables that are current in the environment: by the same definition, from files all of which are still there, so
// that its rows mean what they would mean if they were made now.
type Before struct {
	Tables     map[string]Stored      // the step's own, and those it kept
	Parameters map[string]string      // the values it read, as SQL literals
	Inputs     map[string]InputChange // how each input stands to what it was then
}

// Stored is a table as it was made.
type Stored struct {
	Query string // gives its rows
	Rows  int64
	Parts []Part // a table that was written whole is one part
}

// Part is some rows of a stored table that the next version can take over as they are.
type Part struct {
	Rows  int64
	table string
	part  snapshot.Part
}

// InputChange is how an input differs from what it was. Without Same and Files it is another table, of which nothing else is known.
type InputChange struct {
	Same bool // it has the same rows
	// Files, of a dataset, are export files that have come to it, and nothing else has changed: no file has gone.
	Files []snapshot.SourceFile
	// Fresh gives the rows of Files as if there were no others. A row of an older export may stand for the same thing and be the newer one's or the older
	// one's to replace: the dataset has the one that counts.
	Fresh string
	// Was gives the rows that the input had, where they are still stored. Rows of a dataset's files that are still there are missing today only where those
	// of Files took their place.
	Was string
}

// Changed gives some columns, as SQL expressions with names, of the rows by which a dataset with Files differs from what it was: those that came, and those
// that went since others took their place. A file that has lost rows has fewer than it had, and none ever gains any: so only in those files rows are compared.
func (c InputChange) Changed(dataset string, columns ...string) string {
	return strings.NewReplacer("{dataset}", dataset, "{was}", c.Was, "{fresh}", c.Fresh, "{columns}", join(columns)).Replace(changedRows)
}

const changedRows = `select {columns} from (
{fresh}
)
union all
select * exclude (source_file, source_row) from (
    with thinner as (
        select before.source_file
        from (select source_file, count(*) as rows from ({was}) group by source_file) as before
        left join (select source_file, count(*) as rows from {dataset} group by source_file) as now
            on before.source_file is not distinct from now.source_file
        where now.rows is null or now.rows < before.rows
    )
    select {columns}, source_file, source_row from ({was}) where source_file in (from thinner)
    except all
    select {columns}, source_file, source_row from {dataset} where source_file in (from thinner)
)`

// before gives what a step has made for the current tables; nil if anything of it is missing, or has another meaning today.
func (e *execution) before(ctx context.Context, n *node) (*Before, error) {
	manifests, err := e.madeBefore(ctx, n)
	if err != nil || manifests == nil {
		return nil, err
	}
	before := &Before{Tables: map[string]Stored{}, Inputs: map[string]InputChange{}}
	for name, manifest := range manifests {
		if before.Tables[name], err = e.storedBefore(ctx, manifest); err != nil {
			return nil, err
		}
	}
	was := manifests[n.tables[0]]
	before.Parameters = was.Parameters
	for _, input := range n.inputs {
		change, gone, err := e.changeOf(ctx, input, was.Inputs[input])
		if err != nil || gone {
			return nil, err
		}
		before.Inputs[input] = change
	}
	return before, nil
}

// madeBefore reads the manifests of the step's current tables and of what it kept; nil unless one run by the same definition made them all.
func (e *execution) madeBefore(ctx context.Context, n *node) (map[string]snapshot.Manifest, error) {
	var wanted []snapshot.Reference
	for _, table := range n.tables {
		current, found := e.Current[table]
		if !found {
			return nil, nil
		}
		wanted = append(wanted, snapshot.Reference{Table: table, Fingerprint: current.Fingerprint})
	}
	found, err := snapshot.ReadManifests(ctx, e.Bucket, wanted)
	if err != nil || len(found) < len(wanted) {
		return nil, err
	}
	manifests := map[string]snapshot.Manifest{}
	var kept []snapshot.Reference
	for one, manifest := range found {
		if manifest.Definition != n.definition || one.Fingerprint != wanted[0].Fingerprint {
			return nil, nil
		}
		manifests[one.Table] = manifest
		for name, table := range manifest.Kept {
			kept = append(kept, snapshot.Reference{Table: name, Fingerprint: table.Fingerprint})
		}
	}
	found, err = snapshot.ReadManifests(ctx, e.Bucket, kept)
	if err != nil || len(found) < len(kept) {
		return nil, err
	}
	for one, manifest := range found {
		manifests[one.Table] = manifest
	}
	return manifests, nil
}

func (e *execution) storedBefore(ctx context.Context, manifest snapshot.Manifest) (Stored, error) {
	parts := manifest.Parts
	if manifest.Data != "" {
		parts = []snapshot.Part{{Table: manifest.Table}}
	}
	stored := Stored{Rows: manifest.Rows}
	for _, part := range parts {
		stored.Parts = append(stored.Parts, Part{Rows: part.Rows, table: manifest.Name, part: part})
	}
	var err error
	stored.Query, err = e.rowsOf(ctx, manifest)
	return stored, err
}

// rowsOf is a query of a stored table's rows.
func (e *execution) rowsOf(ctx context.Context, manifest snapshot.Manifest) (string, error) {
	query, err := snapshot.RowsQuery(ctx, e.Bucket, manifest)
	return inBrackets(query), err
}

// inBrackets makes a query one that can stand in brackets: its last line may be a comment.
func inBrackets(query string) string {
	if query == "" {
		return ""
	}
	return query + "\n"
}

// changeOf tells how an input differs. gone says that rows of a dataset were taken away or read otherwise: then nothing that was made of them is to
// be taken over, also because it may have been on somebody's demand.
func (e *execution) changeOf(ctx context.Context, input, was string) (change InputChange, gone bool, err error) {
	maker := e.graph.makers[input]
	if maker.fingerprint == was {
		return InputChange{Same: true}, false, nil
	}
	found, err := snapshot.ReadManifests(ctx, e.Bucket, []snapshot.Reference{{Table: input, Fingerprint: was}})
	manifest, stored := found[snapshot.Reference{Table: input, Fingerprint: was}]
	if maker.dataset == nil {
		// What a view gave cannot be told: the tables that it reads may be others by now.
		if err == nil && stored && manifest.View == "" {
			change.Was, err = e.rowsOf(ctx, manifest)
		}
		return change, false, err
	}
	if err != nil || !stored || manifest.Shape == "" || manifest.Shape != maker.shape() || maker.dataset.Of == nil {
		return InputChange{}, true, err
	}
	left := map[snapshot.SourceFile]bool{}
	for _, file := range manifest.Files {
		left[file] = true
	}
	for _, file := range maker.dataset.Files {
		if !left[file] {
			change.Files = append(change.Files, file)
		}
		delete(left, file)
	}
	if len(left) > 0 {
		return InputChange{}, true, nil
	}
	change.Same = len(change.Files) == 0 // the same rows, in other files
	if change.Same {
		return change, false, nil
	}
	change.Fresh = inBrackets(maker.dataset.Of(change.Files))
	change.Was, err = e.rowsOf(ctx, manifest)
	return change, false, err
}

// shape is the hash of what decides a dataset's rows besides its files; empty of one that cannot tell.
func (n *node) shape() string {
	if n.dataset == nil || n.dataset.Shape == nil {
		return ""
	}
	return hash(n.dataset.Shape() + "\n" + join(n.dataset.Grain))
}
