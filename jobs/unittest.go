package jobs

import (
	"context"
	"maps"
	"path/filepath"
	"slices"

	"countinghouse/internal/model"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/build"
	"countinghouse/pipelines/unittest"
	"countinghouse/sql"
)

// TestResult is what came of the unit tests.
type TestResult struct {
	Cases   []unittest.Outcome `json:"cases"`
	Passed  int                `json:"passed"`
	Failed  int                `json:"failed"`
	Updated int                `json:"updated"`
	// Untested are the marts that finance owns and no case wants: a check refuses them.
	Untested []string `json:"untested,omitempty"`
	Seconds  float64  `json:"seconds"`
}

// Test runs the unit tests of the models: the built-in ones, but for those that the project replaces by a file of the same path, and the
// project's own. Words select models as --select does, or name cases; without one all are run; state:changed is seen from the environment. With update the project's cases are
// rewritten so that they want what came. The error is unittest.ErrFailed when some case failed, and the result is then whole.
func (w *Workshop) Test(ctx context.Context, environment string, words []string, update bool) (TestResult, error) {
	begun := w.Now()
	builtin, own, err := w.testCases()
	if err != nil {
		return TestResult{}, err
	}
	chosen, err := w.chooseCases(ctx, environment, slices.Concat(builtin, own), words)
	if err != nil {
		return TestResult{}, err
	}
	suites, err := w.suites(ctx, builtin, own, chosen)
	if err != nil {
		return TestResult{}, err
	}
	outcomes, err := unittest.Run(ctx, suites, unittest.Options{Workers: workers(w.Project), Update: update, Now: w.Now})
	if err != nil {
		return TestResult{}, err
	}
	result := TestResult{Cases: outcomes, Untested: w.untested(unittest.Covered(slices.Concat(builtin, own))), Seconds: w.Now().Sub(begun).Seconds()}
	return result, result.count()
}

// count fills in how many cases passed, and says whether some failed.
func (r *TestResult) count() error {
	for _, outcome := range r.Cases {
		switch {
		case !outcome.Passed():
			r.Failed++
		case outcome.Updated:
			r.Updated++
		default:
			r.Passed++
		}
	}
	if r.Failed > 0 {
		return unittest.ErrFailed
	}
	return nil
}

// testCases gives the built-in cases in use and the project's.
func (w *Workshop) testCases() (builtin, own []*unittest.Case, err error) {
	if builtin, err = unittest.Read(unittest.Source{Files: sql.Cases, Label: "sql"}); err != nil {
		return nil, nil, err
	}
	if files := w.Project.SQL(); files != nil {
		dir := filepath.Join(w.Project.Dir, "sql")
		if own, err = unittest.Read(unittest.Source{Files: files, Label: dir, Dir: dir}); err != nil {
			return nil, nil, err
		}
	}
	return unittest.Overlay(builtin, own), own, nil
}

// Tested are the models of which some unit test wants the rows.
func (w *Workshop) Tested() (map[string]bool, error) {
	builtin, own, err := w.testCases()
	return unittest.Covered(slices.Concat(builtin, own)), err
}

// untested names the marts that finance owns and no unit test wants, sorted.
func (w *Workshop) untested(tested map[string]bool) []string {
	var names []string
	for _, made := range w.Library.Models {
		if made.Header.Owner == "finance" && snapshot.IsMart(made.Name) && !tested[made.Name] {
			names = append(names, made.Name)
		}
	}
	return names
}

// chooseCases gives the cases that a word names, and those that want a model which the other words select; without words all.
func (w *Workshop) chooseCases(ctx context.Context, environment string, cases []*unittest.Case, words []string) (map[*unittest.Case]bool, error) {
	chosen, named := map[*unittest.Case]bool{}, map[string]bool{}
	for _, each := range cases {
		if len(words) == 0 || slices.Contains(words, each.Name()) {
			chosen[each], named[each.Name()] = true, true
		}
	}
	others := slices.DeleteFunc(slices.Clone(words), func(word string) bool { return named[word] })
	if len(others) == 0 {
		return chosen, nil
	}
	models, err := w.Select(ctx, environment, others, nil)
	if err != nil {
		return nil, err
	}
	for _, each := range cases {
		if slices.ContainsFunc(each.Wants(), func(name string) bool { return models[name] }) {
			chosen[each] = true
		}
	}
	return chosen, nil
}

// suites put the chosen cases over the tables that they are about. The built-in ones count on the built-in seeds and parameters: a brand
// that sets its own percentages has broken nothing.
func (w *Workshop) suites(ctx context.Context, builtin, own []*unittest.Case, chosen map[*unittest.Case]bool) ([]unittest.Suite, error) {
	var project, product unittest.Catalogue
	err := w.withBench(ctx, func(bench *warehouse.Session) (err error) {
		project, err = w.catalogue(ctx, bench, w.Library, Datasets(w.Registry, nil, w.Key), Steps(StepOptions{Identity: w.identity()}))
		if err != nil {
			return ProjectError{err}
		}
		seeds, err := model.Load(func(text string) ([]byte, error) { return bench.Serialize(ctx, text) }, model.Source{Files: sql.Seeds, Label: "sql"})
		if err != nil {
			return err
		}
		seeds.Parameters = merged(w.Library.Parameters, seeds.Parameters)
		product, err = w.catalogue(ctx, bench, seeds, nil, nil)
		return err
	})
	left := func(each *unittest.Case) bool { return !chosen[each] }
	return []unittest.Suite{
		{Cases: slices.DeleteFunc(slices.Clone(builtin), left), Catalogue: product},
		{Cases: slices.DeleteFunc(slices.Clone(own), left), Catalogue: project},
	}, err
}

// catalogue binds every table of a library once, over no exports, and notes the columns of all that the session then has.
func (w *Workshop) catalogue(ctx context.Context, session *warehouse.Session, library *model.Library, datasets []build.Dataset, steps []build.Step) (unittest.Catalogue, error) {
	columns, err := w.boundColumns(ctx, session, library, datasets, steps)
	if err != nil {
		return unittest.Catalogue{}, err
	}
	models := make(map[string]*model.Model, len(w.Library.Models))
	for _, made := range w.Library.Models {
		models[made.Name] = made
	}
	return unittest.Catalogue{Models: models, Columns: columns, Parameters: library.Parameters}.WithSeeds(ctx, session)
}

// boundColumns gives the columns of every table of a library that can be bound, over no exports; the error is about the others. The session is
// an empty one.
func (w *Workshop) boundColumns(ctx context.Context, session *warehouse.Session, library *model.Library, datasets []build.Dataset, steps []build.Step) (build.Columns, error) {
	graph, err := build.Resolve(library, datasets, steps, w.Values)
	if err != nil {
		return nil, err
	}
	return build.Bind(ctx, session, graph, nil)
}

func merged(under, over map[string]model.Parameter) map[string]model.Parameter {
	both := maps.Clone(under)
	maps.Copy(both, over)
	return both
}
