package gc

import (
	"context"
	"errors"
	"path"
	"strings"
	"time"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/snapshot"
)

const tablesFolder = "tables/"

// stored is the folder of one fingerprint of a table.
type stored struct {
	objects  []objectstore.Attributes
	manifest string    // key; empty for one that has none
	newest   time.Time // when something was written there last
}

// tables sorts what is below tables/. A table that stays only because it is young may be a view of an old one, which then stays with it.
func (c *collection) tables(ctx context.Context) error {
	folders, err := c.folders(ctx)
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if folder.manifest != "" && folder.newest.After(c.oldest) {
			if err := c.need(ctx, folder.manifest); err != nil {
				return err
			}
		}
	}
	var gone []string
	for _, folder := range folders {
		if folder.manifest != "" && !c.needed[folder.manifest] {
			gone = append(gone, folder.manifest)
		}
		c.folder(folder)
	}
	return c.order(ctx, gone)
}

func (c *collection) folders(ctx context.Context) ([]*stored, error) {
	var folders []*stored
	last := ""
	for object, err := range c.Bucket.List(ctx, tablesFolder) {
		if err != nil {
			return nil, err
		}
		if name := path.Dir(object.Key); name != last {
			folders, last = append(folders, &stored{}), name
		}
		folders[len(folders)-1].add(object)
	}
	return folders, nil
}

func (s *stored) add(object objectstore.Attributes) {
	s.objects = append(s.objects, object)
	if _, _, isManifest := snapshot.OfManifest(object.Key); isManifest {
		s.manifest = object.Key
	}
	if object.ModTime.After(s.newest) {
		s.newest = object.ModTime
	}
}

// folder sorts the objects of one fingerprint of a table.
func (c *collection) folder(folder *stored) {
	switch {
	case folder.manifest == "":
		for _, object := range folder.objects {
			c.see(object, Unfinished, !c.old(object))
		}
	case c.needed[folder.manifest]:
		c.report.KeptTables++
		c.keptFolder(folder)
	default:
		for _, object := range folder.objects {
			c.see(object, Table, false)
		}
	}
}

// keptFolder looks, in the folder of a table that stays, for rows of attempts that came to nothing and for audits that nobody asks for.
func (c *collection) keptFolder(folder *stored) {
	for _, object := range folder.objects {
		name := path.Base(object.Key)
		switch {
		case !c.old(object) || object.Key == folder.manifest:
			c.see(object, Table, true)
		case strings.HasPrefix(name, "audits-"):
			c.see(object, Audit, c.audits[object.Key])
		case strings.HasPrefix(name, "data-"):
			c.see(object, Unfinished, c.needed[object.Key])
		default:
			c.see(object, Table, true)
		}
	}
}

// order puts the manifests that go in the order in which they go: a reader before what it reads, so that no table is ever there without what
// it needs.
func (c *collection) order(ctx context.Context, gone []string) error {
	going := map[string]bool{}
	for _, key := range gone {
		going[key] = true
	}
	var visit func(key string) error
	var readFirst []string
	visit = func(key string) error {
		if !going[key] {
			return nil
		}
		delete(going, key)
		table, fingerprint, _ := snapshot.OfManifest(key)
		manifest, err := snapshot.ReadManifest(ctx, c.Bucket, table, fingerprint)
		if err != nil && !errors.Is(err, objectstore.ErrNotFound) {
			return err
		}
		references, _ := manifest.References()
		for _, reference := range references {
			if err := visit(reference); err != nil {
				return err
			}
		}
		readFirst = append(readFirst, key)
		return nil
	}
	for _, key := range gone {
		if err := visit(key); err != nil {
			return err
		}
	}
	for i := len(readFirst) - 1; i >= 0; i-- {
		c.hide = append(c.hide, readFirst[i])
	}
	return nil
}
