package diff

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

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
	if manifests[0].InParts && manifests[1].InParts {
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

// version is the table's file. A view is run, since what it reads has other rows, under the same names, in the other version.
func (o Options) version(ctx context.Context, manifest snapshot.Manifest, at int) (version, error) {
	if manifest.Data != "" {
		relation, err := o.files(ctx, snapshot.DataKey(manifest.Name, manifest.Table))
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

// parts gives two tables in monthly parts. Those that both have need not be looked at.
func (o Options) parts(ctx context.Context, manifests [2]snapshot.Manifest) (found [2]version, err error) {
	byMonth := [2]map[string]snapshot.Table{{}, {}}
	for i, manifest := range manifests {
		for _, part := range manifest.Parts {
			byMonth[i][part.Month] = part.Table
		}
	}
	for i, manifest := range manifests {
		var all, suspect []string
		for _, part := range manifest.Parts {
			key := snapshot.DataKey(manifest.Name, part.Table)
			all = append(all, key)
			if !sameRows(part.Table, byMonth[1-i][part.Month]) {
				suspect = append(suspect, key)
			}
		}
		if found[i].all, err = o.filesOrNone(ctx, manifest, all); err != nil {
			return found, err
		}
		if found[i].suspect, err = o.filesOrNone(ctx, manifest, suspect); err != nil {
			return found, err
		}
	}
	return found, nil
}

// sameRows says that two versions of a table are known to have the same rows. Not every table has a digest.
func sameRows(before, after snapshot.Table) bool {
	return before.Fingerprint == after.Fingerprint || before.Digest == after.Digest && before.Digest != ""
}

func (o Options) filesOrNone(ctx context.Context, manifest snapshot.Manifest, keys []string) (string, error) {
	if len(keys) > 0 {
		return o.files(ctx, keys...)
	}
	columns := make([]string, len(manifest.Columns))
	for i, column := range manifest.Columns {
		columns[i] = "cast(null as " + column.Type + ") as " + warehouse.QuoteName(column.Name)
	}
	return "(select " + strings.Join(columns, ", ") + " where false)", nil
}

func (o Options) files(ctx context.Context, keys ...string) (string, error) {
	paths := make([]string, len(keys))
	for i, key := range keys {
		path, err := o.Bucket.LocalPath(ctx, key)
		if err != nil {
			return "", err
		}
		paths[i] = path
	}
	return readParquet(paths...), nil
}

func readParquet(paths ...string) string {
	quoted := make([]string, len(paths))
	for i, path := range paths {
		quoted[i] = warehouse.Quote(path)
	}
	return "read_parquet([" + strings.Join(quoted, ", ") + "])"
}
