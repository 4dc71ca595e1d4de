package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"countinghouse/internal/scratch"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/linkage"
)

// Match links the records of files, in a session of its own below the folder work. memory is DuckDB's limit, such as "4GB", or empty.
func Match(ctx context.Context, options linkage.Options, work, memory string) (report linkage.Report, err error) {
	folders, err := absolute(&options)
	if err != nil {
		return report, err
	}
	folder, err := scratch.New(work)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	session, err := warehouse.Open(ctx, warehouse.Options{Threads: options.Threads, MemoryLimit: memory, ScratchDir: folder.Path, AllowedDirs: folders})
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	return linkage.Match(ctx, session, options)
}

// absolute makes the paths absolute and gives their folders.
func absolute(options *linkage.Options) ([]string, error) {
	paths := make([]*string, 0, len(options.Files)+1)
	for i := range options.Files {
		paths = append(paths, &options.Files[i])
	}
	if options.Labels != "" {
		paths = append(paths, &options.Labels)
	}
	folders := make([]string, 0, len(paths))
	for _, path := range paths {
		if _, err := os.Stat(*path); err != nil {
			return nil, ProjectError{err}
		}
		whole, err := filepath.Abs(*path)
		if err != nil {
			return nil, fmt.Errorf("match %s: %w", *path, err)
		}
		*path = whole
		folders = append(folders, filepath.Dir(whole))
	}
	return folders, nil
}
