package jobs

import (
	"context"

	"countinghouse/internal/contract"
	"countinghouse/internal/project"
	"countinghouse/pipelines/inspect"
	"countinghouse/schemas"
)

// Inspect looks at export files with the feeds of the product and of a project. The store is not opened. feed is the name of the drafts' feed;
// empty: made from each file's name.
func Inspect(ctx context.Context, own project.Project, paths []string, feed string) ([]inspect.Report, error) {
	registry, err := contract.Load(schemas.Files, own.Schemas())
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
