package jobs

import (
	"context"
	"io/fs"
	"path"
	"slices"

	"countinghouse/internal/contract"
	"countinghouse/internal/project"
	"countinghouse/pipelines/inspect"
	"countinghouse/schemas"
)

// Inspect looks at export files with the feeds of the product and of a project. The store is not opened. feed is the name of the drafts' feed;
// empty: made from each file's name.
func Inspect(ctx context.Context, own project.Project, paths []string, feed string) ([]inspect.Report, error) {
	files := own.Schemas()
	if files != nil && feed != "" {
		files = unwritten{files, "feeds/" + feed + ".yaml"}
	}
	registry, err := contract.Load(schemas.Files, files)
	if err != nil {
		return nil, ProjectError{err}
	}
	var reports []inspect.Report
	for _, path := range paths {
		some, err := inspect.File(ctx, registry, path, feed)
		reports = append(reports, some...)
		if err != nil {
			return reports, err
		}
	}
	return reports, nil
}

// unwritten leaves out one file while it is empty: a draft goes to its own place with >, and the shell makes that file before the command begins.
type unwritten struct {
	fs.FS
	file string
}

// ReadDir is how contracts are found.
func (u unwritten) ReadDir(folder string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(u.FS, folder)
	return slices.DeleteFunc(entries, func(entry fs.DirEntry) bool {
		info, err := entry.Info()
		return path.Join(folder, entry.Name()) == u.file && err == nil && info.Size() == 0
	}), err
}
