package objectstore

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// folderReplacer is a Driver that can exchange a whole folder of objects in one step.
type folderReplacer interface {
	ReplaceFolder(ctx context.Context, folder string, files map[string]string) error
}

// ReplaceFolder makes the objects below folder copies of the local files: names within the folder to paths; what else was there is gone.
// For published copies only. In a store that is a folder, readers see all the old objects or all the new ones. Elsewhere each
// object changes at once but not all together, in the order of their names and after them those with no folder of their own, so that
// a reader who needs a whole set reads the small file that says which set it is, last.
func (b *Bucket) ReplaceFolder(ctx context.Context, folder string, files map[string]string) error {
	for name := range files {
		if err := CheckKey(folder + "/" + name); err != nil {
			return b.failed("replace", folder+"/"+name, err)
		}
	}
	if driver, ok := b.driver.(folderReplacer); ok {
		return b.failed("replace", folder, driver.ReplaceFolder(ctx, folder, files))
	}
	for _, name := range deepestFirst(files) {
		if err := b.Replace(ctx, folder+"/"+name, files[name]); err != nil {
			return err
		}
	}
	return b.deleteOthers(ctx, folder, files)
}

func deepestFirst(files map[string]string) []string {
	names := slices.Sorted(maps.Keys(files))
	slices.SortStableFunc(names, func(a, b string) int { return strings.Count(b, "/") - strings.Count(a, "/") })
	return names
}

func (b *Bucket) deleteOthers(ctx context.Context, folder string, files map[string]string) error {
	for object, err := range b.List(ctx, folder+"/") {
		if err != nil {
			return err
		}
		if _, wanted := files[strings.TrimPrefix(object.Key, folder+"/")]; wanted {
			continue
		}
		if err := b.Delete(ctx, object.Key); err != nil {
			return err
		}
	}
	return nil
}
