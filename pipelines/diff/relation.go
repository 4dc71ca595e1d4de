package diff

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
)

// version is one of the two that are compared, as something that a query can read from.
type version struct {
	all string
	// suspect leaves out parts of the table that the other version has as well: every row in which the two differ is here.
	suspect string
	// files are scratch files that go when the comparison is done.
	files []string
}

func whole(relation string) version { return version{all: relation, suspect: relation} }

func (v version) remove() {
	for _, file := range v.files {
		_ = os.Remove(file) // the scratch folder goes as a whole anyway
	}
}

// versions gives both versions of a table as the session can read them.
func versions(ctx context.Context, name string, before, after snapshot.Environment, options Options) (found [2]version, err error) {
	manifests := [2]snapshot.Manifest{}
	for i, environment := range []snapshot.Environment{before, after} {
		manifests[i], err = readManifest(ctx, name, environment, options)
		if err != nil {
			return found, err
		}
	}
	if byMonth(manifests[0]) && byMonth(manifests[1]) {
		return options.parts(ctx, manifests)
	}
	for i, manifest := range manifests {
		if found[i], err = options.version(ctx, manifest, i); err != nil {
			return found, err
		}
	}
	return found, nil
}

func readManifest(ctx context.Context, name string, environment snapshot.Environment, options Options) (snapshot.Manifest, error) {
	manifest, err := snapshot.ReadManifest(ctx, options.Bucket, name, environment.Tables[name].Fingerprint)
	if errors.Is(err, objectstore.ErrNotFound) {
		return manifest, fmt.Errorf("environment %s, version %d: its rows are not stored any more: %w", environment.Name, environment.Version, err)
	}
	return manifest, err
}

// version is the table's rows. A view is run, since what it reads has other rows, under the same names, in the other version.
func (o Options) version(ctx context.Context, manifest snapshot.Manifest, at int) (version, error) {
	if manifest.View == "" {
		relation, err := o.stored(ctx, manifest)
		return whole(relation), err
	}
	if err := snapshot.Attach(ctx, o.Session, o.Bucket, manifest.Name, manifest.Table); err != nil {
		return version{}, err
	}
	path := filepath.Join(o.Scratch, fmt.Sprintf("diff-%s-%d.parquet", manifest.Name, at))
	if _, err := o.Session.Exec(ctx, "copy (from "+manifest.Name+") to "+warehouse.Quote(path)+" "+warehouse.WorkingParquet); err != nil {
		return version{}, err
	}
	made := whole(readParquet(path))
	made.files = []string{path}
	return made, nil
}

// byMonth says that a table is in parts of months. A part of a step's table may lack rows that a later one replaces.
func byMonth(manifest snapshot.Manifest) bool {
	return manifest.InParts && !slices.ContainsFunc(manifest.Parts, func(part snapshot.Part) bool { return part.Month == "" })
}

// parts gives two tables in monthly parts. Those that both have need not be looked at.
func (o Options) parts(ctx context.Context, manifests [2]snapshot.Manifest) (found [2]version, err error) {
	months := [2]map[string]snapshot.Table{{}, {}}
	for i, manifest := range manifests {
		for _, part := range manifest.Parts {
			months[i][part.Month] = part.Table
		}
	}
	for i, manifest := range manifests {
		if found[i].all, err = o.stored(ctx, manifest); err != nil {
			return found, err
		}
		manifest.Parts = slices.DeleteFunc(slices.Clone(manifest.Parts), func(part snapshot.Part) bool {
			return sameRows(part.Table, months[1-i][part.Month])
		})
		if found[i].suspect, err = o.stored(ctx, manifest); err != nil {
			return found, err
		}
	}
	return found, nil
}

// sameRows says that two versions of a table are known to have the same rows. Not every table has a digest.
func sameRows(before, after snapshot.Table) bool {
	return before.Fingerprint == after.Fingerprint || before.Digest == after.Digest && before.Digest != ""
}

// stored is a table whose rows are in files of the store.
func (o Options) stored(ctx context.Context, manifest snapshot.Manifest) (string, error) {
	query, err := snapshot.RowsQuery(ctx, o.Bucket, manifest)
	return "(" + query + ")", err
}

func readParquet(path string) string { return "read_parquet(" + warehouse.Quote(path) + ")" }
