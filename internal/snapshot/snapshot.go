// Package snapshot says which tables are current. A table is stored under the fingerprint of what made it and described by a
// manifest; an environment is one small object that names a fingerprint for each table, and changes by compare-and-set only.
package snapshot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/warehouse"

	"golang.org/x/sync/errgroup"
)

// Table is what an environment says of one table.
type Table struct {
	Fingerprint string `json:"fingerprint"`
	// Data is the name of the file with the rows, beside the manifest. Each attempt to make a table writes a file of its own, so
	// that what a killed one left is never in the way; the first manifest decides which file is the table.
	// It is empty where the manifest says how the rows come about: of a view, and of a table in parts.
	Data string `json:"data,omitempty"`
	// Rows is Uncounted of a view that nobody has counted.
	Rows int64 `json:"rows"`
	// Digest is of the rows as a set: two tables with the same rows have the same digest, however they are stored. Published tables have one.
	Digest string `json:"digest,omitempty"`
	// Audits is the hash of the audits that the table has passed, with all that they read; empty while it has passed none.
	Audits string `json:"audits,omitempty"`
}

// IsMart says whether a table is one that other tools read: its rows are sorted, digested and copied to marts/.
func IsMart(table string) bool { return strings.HasPrefix(table, "mart.") }

// Uncounted stands for the rows of a view.
const Uncounted = -1

// SourceFile is one conformed export that a dataset was made from.
type SourceFile struct {
	Feed       string `json:"feed"`
	SourceFile string `json:"source_file"`
	SHA256     string `json:"sha256"`
	// Contract names the contract that its rows were read by.
	Contract string `json:"contract,omitempty"`
	Rows     int64  `json:"rows"`
}

// Manifest describes a stored table and what it was made from.
type Manifest struct {
	Name string `json:"name"`
	Table
	Columns []warehouse.Column `json:"columns"`
	// Definition is the hash of the SQL, the contracts or the Go step that made the table.
	Definition string            `json:"definition"`
	Inputs     map[string]string `json:"inputs"` // table: fingerprint
	Parameters map[string]string `json:"parameters"`
	Files      []SourceFile      `json:"files,omitempty"`
	// Shape, of a dataset, is the hash of what decides its rows besides the files: with the same shape, the same file gives the same rows.
	Shape string `json:"shape,omitempty"`
	// View, of a view, is the query that gives its rows, from Inputs and from Objects, whose keys stand in it as they are in the store.
	View    string   `json:"view,omitempty"`
	Objects []string `json:"objects,omitempty"`
	// Parts are the rows of a table in parts: of one made by the month in the order of months, of a step's in that of their making. InParts says so
	// also of a table without a part.
	InParts bool   `json:"in_parts,omitempty"`
	Parts   []Part `json:"parts,omitempty"`
	// Month, of a part of a table made by the month, is its month; PartOf, of a part of a step's table, the fingerprint of the table that it was made for.
	Month  string `json:"month,omitempty"`
	PartOf string `json:"part_of,omitempty"`
	// Kept are working tables of a step that were stored with this table, by name. Only the step itself reads them, the next time.
	Kept    map[string]Table `json:"kept,omitempty"`
	SQL     string           `json:"sql,omitempty"` // of a model, for people
	BuiltAt time.Time        `json:"built_at"`
	Bytes   int64            `json:"bytes"`
	Seconds float64          `json:"seconds"` // of wall time
	// CPUSeconds is processor time: a share of the process's where several tables were made at once.
	CPUSeconds float64 `json:"cpu_seconds"`
	warehouse.Cost
}

// Part is some of the rows of a table: those of a month, or what a step wrote at once. It has a manifest of its own, under the same table's name, and
// stands for the same rows in every version of the table that names it.
type Part struct {
	Month string `json:"month,omitempty"` // yyyy-mm
	Table
	// Replaces, if set, hides rows of the parts before this one.
	Replaces *Keys `json:"replaces,omitempty"`
}

// Keys are stored values of some columns. A part that replaces them hides every row of the parts before it that has one of them; a missing value
// is one like any other.
type Keys struct {
	Name    string   `json:"name"` // of the table below which they are stored, as a part
	Columns []string `json:"columns"`
	Table
}

// IsPart says that the manifest is of a part and not of a whole table.
func (m Manifest) IsPart() bool { return m.Month != "" || m.PartOf != "" }

// DataKey is where a table's rows are.
func DataKey(name string, table Table) string {
	return tableFolder(name, table.Fingerprint) + table.Data
}

// ManifestKey is where a table's manifest is; the table exists when this object does.
func ManifestKey(table, fingerprint string) string {
	return tableFolder(table, fingerprint) + manifestName
}

// AuditsKey is where the results of a set of audits over a table are.
func AuditsKey(table, fingerprint, audits string) string {
	return tableFolder(table, fingerprint) + "audits-" + audits + ".json"
}

// MonthsKey is where the hashes of a table's months are, by one of its columns.
func MonthsKey(table, fingerprint, by string) string {
	return tableFolder(table, fingerprint) + "months-" + by + ".json"
}

func tableFolder(table, fingerprint string) string {
	return "tables/" + strings.ReplaceAll(table, ".", "/") + "/" + fingerprint + "/"
}

// ReadManifest gives a table's manifest; objectstore.ErrNotFound if the table is not stored.
func ReadManifest(ctx context.Context, bucket *objectstore.Bucket, table, fingerprint string) (Manifest, error) {
	data, _, err := bucket.Read(ctx, ManifestKey(table, fingerprint))
	if err != nil {
		return Manifest{}, fmt.Errorf("read manifest of %s: %w", table, err)
	}
	var manifest Manifest
	if err := json.Unmarshal(data, &manifest); err != nil {
		return Manifest{}, fmt.Errorf("read manifest of %s: %w", table, err)
	}
	return manifest, nil
}

// Reference names a stored table.
type Reference struct{ Table, Fingerprint string }

// ReadManifests reads several manifests at once; those of tables that are not stored are missing in the result.
func ReadManifests(ctx context.Context, bucket *objectstore.Bucket, wanted []Reference) (map[Reference]Manifest, error) {
	read := make([]Manifest, len(wanted))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(requests)
	for i, one := range wanted {
		group.Go(func() (err error) {
			read[i], err = ReadManifest(ctx, bucket, one.Table, one.Fingerprint)
			if errors.Is(err, objectstore.ErrNotFound) {
				return nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	found := make(map[Reference]Manifest, len(wanted))
	for i, one := range wanted {
		if read[i].Name != "" {
			found[one] = read[i]
		}
	}
	return found, nil
}

// OfEnvironment reads the manifests of an environment's tables by name; those of tables that are gone are missing in the result.
func OfEnvironment(ctx context.Context, bucket *objectstore.Bucket, environment Environment) (map[string]Manifest, error) {
	wanted := make([]Reference, 0, len(environment.Tables))
	for name, table := range environment.Tables {
		wanted = append(wanted, Reference{name, table.Fingerprint})
	}
	read, err := ReadManifests(ctx, bucket, wanted)
	manifests := make(map[string]Manifest, len(read))
	for one, manifest := range read {
		manifests[one.Table] = manifest
	}
	return manifests, err
}

// References are the objects besides its manifest that a stored table needs to be read: its rows, or the manifests of what it is a view of,
// which refer further, and other objects of the store. manifests are those of tables/, objects the rest.
func (m Manifest) References() (manifests, objects []string) {
	if m.Data != "" {
		return nil, []string{DataKey(m.Name, m.Table)}
	}
	for _, part := range m.Parts {
		manifests = append(manifests, ManifestKey(m.Name, part.Fingerprint))
		objects = append(objects, DataKey(m.Name, part.Table))
		if keys := part.Replaces; keys != nil {
			manifests = append(manifests, ManifestKey(keys.Name, keys.Fingerprint))
			objects = append(objects, DataKey(keys.Name, keys.Table))
		}
	}
	for name, table := range m.Kept {
		manifests = append(manifests, ManifestKey(name, table.Fingerprint))
	}
	if m.View != "" {
		for input, fingerprint := range m.Inputs {
			manifests = append(manifests, ManifestKey(input, fingerprint))
		}
		objects = append(objects, m.Objects...)
	}
	return manifests, objects
}

// Attach makes a stored table readable in a session under its own name; of a view also what it reads.
func Attach(ctx context.Context, session *warehouse.Session, bucket *objectstore.Bucket, name string, table Table) error {
	attaching := attaching{session: session, bucket: bucket, done: map[string]bool{}}
	if err := attaching.table(ctx, name, table); err != nil {
		return fmt.Errorf("attach %s: %w", name, err)
	}
	return nil
}

// attaching is one Attach: what several views read is attached once.
type attaching struct {
	session *warehouse.Session
	bucket  *objectstore.Bucket
	done    map[string]bool
}

func (a attaching) table(ctx context.Context, name string, table Table) error {
	if table.Data != "" {
		return AttachManifest(ctx, a.session, a.bucket, Manifest{Name: name, Table: table})
	}
	return a.stored(ctx, name, table.Fingerprint)
}

func (a attaching) stored(ctx context.Context, name, fingerprint string) error {
	if a.done[name] {
		return nil
	}
	a.done[name] = true
	manifest, err := ReadManifest(ctx, a.bucket, name, fingerprint)
	if err != nil {
		return err
	}
	if manifest.View != "" {
		for _, input := range sortedKeys(manifest.Inputs) {
			if err := a.stored(ctx, input, manifest.Inputs[input]); err != nil {
				return err
			}
		}
	}
	return AttachManifest(ctx, a.session, a.bucket, manifest)
}

// AttachManifest is Attach of a table whose manifest is at hand, in a session where all that a view reads is attached already.
func AttachManifest(ctx context.Context, session *warehouse.Session, bucket *objectstore.Bucket, manifest Manifest) error {
	query, err := RowsQuery(ctx, bucket, manifest)
	if err != nil {
		return fmt.Errorf("attach %s: %w", manifest.Name, err)
	}
	return session.CreateView(ctx, manifest.Name, query)
}

// RowsQuery gives a table's rows, in a session that may read the bucket's files; of a view where all that it reads is attached.
func RowsQuery(ctx context.Context, bucket *objectstore.Bucket, manifest Manifest) (string, error) {
	switch {
	case manifest.Data != "":
		return filesQuery(ctx, bucket, DataKey(manifest.Name, manifest.Table))
	case manifest.InParts:
		return partsQuery(ctx, bucket, manifest)
	}
	return localView(ctx, bucket, manifest)
}

func filesQuery(ctx context.Context, bucket *objectstore.Bucket, keys ...string) (string, error) {
	paths := make([]string, len(keys))
	for i, key := range keys {
		path, err := bucket.LocalPath(ctx, key)
		if err != nil {
			return "", err
		}
		paths[i] = warehouse.Quote(path)
	}
	return "select * from read_parquet([" + strings.Join(paths, ", ") + "])", nil
}

// localView is a view's query with the places of objects on this machine in place of their keys.
func localView(ctx context.Context, bucket *objectstore.Bucket, manifest Manifest) (string, error) {
	places := make([]string, 0, 2*len(manifest.Objects))
	for _, key := range manifest.Objects {
		path, err := bucket.LocalPath(ctx, key)
		if err != nil {
			return "", err
		}
		places = append(places, warehouse.Quote(key), warehouse.Quote(path))
	}
	return strings.NewReplacer(places...).Replace(manifest.View), nil
}
