package jobs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"countinghouse/internal/project"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/suggest"
	"countinghouse/pipelines/check"
	"countinghouse/pipelines/diff"
	"countinghouse/pipelines/unittest"
)

// LookOptions say how a model is looked at.
type LookOptions struct {
	Environment string    // whose tables the model reads
	AsOf        time.Time // zero: the environment's, whatever it is at the time
	Limit       int       // of the rows shown
	Tests       bool      // run the model's unit tests as well
}

// Look is what came of a model as its file is now. Nothing of it is stored.
type Look struct {
	Model string     `json:"model"`
	File  string     `json:"file"`
	First check.Rows `json:"first"` // by grain
	Rows  int64      `json:"rows"`
	// Seconds are those of the model's own query.
	Seconds float64 `json:"seconds"`
	// Computed are the tables that the model reads and that are not in the environment as they are in the project: they were computed too.
	Computed []string     `json:"computed,omitempty"`
	Audits   check.Result `json:"audits"`
	Tests    *TestResult  `json:"tests,omitempty"`
	// Against is how the table differs from that of the environment; nil when the environment has none.
	Against *diff.Table `json:"against,omitempty"`
	Version int64       `json:"version"` // of the environment
	// Readers are the problems of models that read this one, which do not keep it from being run.
	Readers []string `json:"readers,omitempty"`
}

// Failed says whether the model would be kept from being published, as far as was looked.
func (l Look) Failed() bool {
	return len(l.Audits.Findings) > 0 || len(l.Readers) > 0 || l.Tests != nil && l.Tests.Failed > 0
}

// Look reads the project's models and runs one of them over the tables of an environment, without storing anything: what its audits and unit
// tests say, and how its table differs from the current one. Tables that it reads and that changed are computed first, so that a chain of
// changes works. A ProjectError if a file of the project keeps it from being run. The workshop may be one of OpenIntake: models are read with
// each look.
func (w *Workshop) Look(ctx context.Context, name string, options LookOptions) (Look, error) {
	current, _, err := snapshot.Read(ctx, w.Bucket, options.Environment)
	if err != nil {
		return Look{}, err
	}
	if current.Version == 0 {
		return Look{}, ProjectError{fmt.Errorf("environment %s has no tables yet: run `countinghouse run --env %[1]s` first", options.Environment)}
	}
	if err := w.reload(ctx, current, options.AsOf); err != nil {
		return Look{}, ProjectError{err}
	}
	target, err := w.modelNamed(name)
	if err != nil {
		return Look{}, ProjectError{err}
	}
	looking := newLooking(w, target, current)
	if err := looking.run(ctx, options.Limit); err != nil {
		return Look{}, err
	}
	if options.Tests && len(looking.look.Readers) == 0 { // a test is bound with all models
		looking.look.Tests, err = w.testsOf(ctx, options.Environment, target.Name)
	}
	return looking.look, err
}

// reload reads the project's configuration and models as they are now.
func (w *Workshop) reload(ctx context.Context, current snapshot.Environment, asOf time.Time) (err error) {
	if w.AsOf = asOf; asOf.IsZero() {
		if w.AsOf, err = time.Parse(time.DateOnly, current.AsOf); err != nil {
			return fmt.Errorf("environment %s: as of: %w", current.Name, err)
		}
	}
	own, err := project.Open(w.Project.Dir)
	if err != nil {
		return err
	}
	w.Project.Parameters, w.graph = own.Parameters, nil
	w.defined = definitionsOf(own) // the folder of the project's models may be new
	return w.loadModels(ctx)
}

func (w *Workshop) testsOf(ctx context.Context, environment, name string) (*TestResult, error) {
	result, err := w.Test(ctx, environment, []string{name}, false)
	if err != nil && !errors.Is(err, unittest.ErrFailed) {
		return nil, err
	}
	return &result, nil
}

// fileState is what tells that a file was saved.
type fileState struct {
	modified time.Time
	size     int64
}

// Watcher tells which files of a project's sql folder are saved, and whether the configuration is. It looks again and again, since not every
// file system tells of changes.
type Watcher struct {
	dir    string
	before map[string]fileState
}

// NewWatcher notes how the files of the project are now.
func NewWatcher(dir string) *Watcher { return &Watcher{dir: dir, before: watchedFiles(dir)} }

// Run calls saved with the files that came, went or changed since it last looked, as paths below the project, until the context ends.
func (w *Watcher) Run(ctx context.Context, every time.Duration, saved func(files []string)) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := watchedFiles(w.dir)
		changed := changedFiles(w.before, now)
		w.before = now
		if len(changed) > 0 {
			saved(changed)
		}
	}
}

func changedFiles(before, now map[string]fileState) []string {
	changed := map[string]bool{}
	for path := range now {
		if before[path] != now[path] {
			changed[path] = true
		}
	}
	for path := range before {
		if _, there := now[path]; !there {
			changed[path] = true
		}
	}
	return slices.Sorted(maps.Keys(changed))
}

// watchedFiles are the files that a look depends on. What cannot be read now is not there.
func watchedFiles(dir string) map[string]fileState {
	files := map[string]fileState{}
	note := func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil //nolint:nilerr // an editor may just be replacing the file
		}
		if info, err := entry.Info(); err == nil {
			if below, err := filepath.Rel(dir, path); err == nil {
				files[filepath.ToSlash(below)] = fileState{info.ModTime(), info.Size()}
			}
		}
		return nil
	}
	_ = filepath.WalkDir(filepath.Join(dir, "sql"), note)
	if info, err := os.Stat(filepath.Join(dir, project.ConfigFile)); err == nil {
		files[project.ConfigFile] = fileState{info.ModTime(), info.Size()}
	}
	return files
}

// SavedModel is the model that a saved file is of: its SQL, or one of its unit tests; empty for any other file.
func SavedModel(file string) string {
	parts := strings.Split(file, "/")
	if len(parts) < 3 || parts[0] != "sql" {
		return ""
	}
	base := parts[len(parts)-1]
	switch {
	case len(parts) == 3 && strings.HasSuffix(base, ".sql") && parts[1] != "audits":
		return parts[1] + "." + strings.TrimSuffix(base, ".sql")
	case len(parts) == 4 && parts[2] == "testdata" && strings.HasSuffix(base, ".txtar"):
		name, _, _ := strings.Cut(strings.TrimSuffix(base, ".txtar"), "__")
		return parts[1] + "." + name
	}
	return ""
}

// unknownModel says which name was probably meant.
func (w *Workshop) unknownModel(name string) error {
	var names []string
	for _, made := range w.Library.Models {
		_, table, _ := strings.Cut(made.Name, ".")
		names = append(names, made.Name, table)
	}
	return fmt.Errorf("there is no model %s%s", name, suggest.DidYouMean(name, names))
}
