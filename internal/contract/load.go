package contract

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// A Registry holds every feed and every canonical dataset, by name. It is immutable.
type Registry struct {
	feeds    map[string]*Contract
	datasets map[string]*Dataset
	places   map[string]document // where the parts of each feed stand
}

// Load reads feeds/*.yaml and datasets/*.yaml of builtin and then of project, where a name of the project replaces
// the built-in one. Project may be nil, and may lack either folder. All that is wrong is reported at once, each
// with file (as seen from the folder that holds schemas/), line and column.
func Load(builtin, project fs.FS) (*Registry, error) {
	sources := loader{feeds: map[string]source[Contract]{}, datasets: map[string]source[Dataset]{}}
	err := sources.read(builtin)
	if project != nil {
		err = errors.Join(err, sources.read(project))
	}
	if err != nil {
		return nil, err
	}
	return sources.registry()
}

// A source is a decoded file with what is needed to point into it.
type source[T any] struct {
	place document
	value *T
}

type loader struct {
	feeds    map[string]source[Contract]
	datasets map[string]source[Dataset]
}

func (l loader) read(files fs.FS) error {
	return errors.Join(readAll(files, "datasets", l.datasets), readAll(files, "feeds", l.feeds))
}

func readAll[T any](files fs.FS, folder string, into map[string]source[T]) error {
	names, err := fs.Glob(files, folder+"/*.yaml")
	if err != nil {
		return fmt.Errorf("list schemas/%s: %w", folder, err)
	}
	// Side by side: every command waits for all of them.
	read, problems := make([]source[T], len(names)), make([]error, len(names))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, name := range names {
		group.Go(func() error {
			read[i], problems[i] = readOne[T](files, name)
			return nil
		})
	}
	_ = group.Wait() // each file's problem is told by itself
	for i, name := range names {
		if problems[i] == nil {
			into[strings.TrimSuffix(path.Base(name), ".yaml")] = read[i]
		}
	}
	return errors.Join(problems...)
}

func readOne[T any](files fs.FS, name string) (source[T], error) {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return source[T]{}, fmt.Errorf("read schemas/%s: %w", name, err)
	}
	value := new(T)
	place, err := decode(path.Join("schemas", name), text, value)
	return source[T]{place: place, value: value}, err
}

func (l loader) registry() (*Registry, error) {
	registry := &Registry{feeds: map[string]*Contract{}, datasets: map[string]*Dataset{}, places: map[string]document{}}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(l.datasets)) {
		dataset := l.datasets[name]
		problems = append(problems, dataset.place.errors(validateDataset(name, dataset.value))...)
		registry.datasets[name] = dataset.value
	}
	for _, name := range slices.Sorted(maps.Keys(l.feeds)) {
		feed := l.feeds[name]
		problems = append(problems, feed.place.errors(validateContract(name, feed.value, registry.datasets))...)
		registry.feeds[name] = feed.value
		registry.places[name] = feed.place
	}
	return registry, errors.Join(problems...)
}

// Feed finds a contract by its name.
func (r *Registry) Feed(name string) (*Contract, bool) {
	feed, ok := r.feeds[name]
	return feed, ok
}

// Feeds lists all contracts by name.
func (r *Registry) Feeds() []*Contract { return sortedValues(r.feeds) }

// Dataset finds a canonical dataset by its name.
func (r *Registry) Dataset(name string) (*Dataset, bool) {
	dataset, ok := r.datasets[name]
	return dataset, ok
}

// Datasets lists all canonical datasets by name.
func (r *Registry) Datasets() []*Dataset { return sortedValues(r.datasets) }

// Giving lists the contracts that give rows of a dataset, by name.
func (r *Registry) Giving(dataset string) []*Contract {
	return slices.DeleteFunc(r.Feeds(), func(feed *Contract) bool {
		_, gives := feed.Gives[dataset]
		return !gives
	})
}

func sortedValues[T any](values map[string]*T) []*T {
	sorted := make([]*T, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		sorted = append(sorted, values[name])
	}
	return sorted
}
