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

// A Registry holds every feed and every canonical dataset, by name. It is immutable, and may be used from several goroutines.
type Registry struct {
	feeds    map[string]*entry
	datasets map[string]*Dataset
}

// An entry is one feed of a registry.
type entry struct {
	read func() source[Contract] // once; gives the same ever after
	// names are the patterns of file names, for which alone a contract need not be read.
	names func() []string
}

func (e *entry) contract() *Contract { return e.read().value }

// Load reads feeds/*.yaml and datasets/*.yaml of builtin and then of project, where a name of the project replaces
// the built-in one. Project may be nil, and may lack either folder. All that is wrong is reported at once, each
// with file (as seen from the folder that holds schemas/), line and column.
func Load(builtin, project fs.FS) (*Registry, error) {
	sources := newLoader()
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

func newLoader() loader {
	return loader{feeds: map[string]source[Contract]{}, datasets: map[string]source[Dataset]{}}
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
	registry := &Registry{feeds: map[string]*entry{}, datasets: map[string]*Dataset{}}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(l.datasets)) {
		dataset := l.datasets[name]
		problems = append(problems, dataset.place.errors(validateDataset(name, dataset.value))...)
		registry.datasets[name] = dataset.value
	}
	for _, name := range slices.Sorted(maps.Keys(l.feeds)) {
		feed := l.feeds[name]
		problems = append(problems, feed.place.errors(validateContract(name, feed.value, registry.datasets))...)
		registry.feeds[name] = &entry{read: func() source[Contract] { return feed }, names: func() []string { return feed.value.Files.Names }}
	}
	return registry, errors.Join(problems...)
}

// Feed finds a contract by its name.
func (r *Registry) Feed(name string) (*Contract, bool) {
	feed, ok := r.feeds[name]
	if !ok {
		return nil, false
	}
	return feed.contract(), true
}

// Names lists the names of all feeds, in their order.
func (r *Registry) Names() []string { return slices.Sorted(maps.Keys(r.feeds)) }

// Feeds lists all contracts by name.
func (r *Registry) Feeds() []*Contract {
	names := r.Names()
	feeds := make([]*Contract, len(names))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, name := range names {
		group.Go(func() error {
			feeds[i] = r.feeds[name].contract()
			return nil
		})
	}
	_ = group.Wait() // nothing fails
	return feeds
}

// Taking lists the contracts that take a file of this base name, by name. The others are not read for it.
func (r *Registry) Taking(base string) []*Contract {
	var taking []*Contract
	for _, name := range r.Names() {
		if takes(r.feeds[name].names(), base) {
			taking = append(taking, r.feeds[name].contract())
		}
	}
	return taking
}

// Dataset finds a canonical dataset by its name.
func (r *Registry) Dataset(name string) (*Dataset, bool) {
	dataset, ok := r.datasets[name]
	return dataset, ok
}

// Datasets lists all canonical datasets by name.
func (r *Registry) Datasets() []*Dataset {
	sorted := make([]*Dataset, 0, len(r.datasets))
	for _, name := range slices.Sorted(maps.Keys(r.datasets)) {
		sorted = append(sorted, r.datasets[name])
	}
	return sorted
}

// Giving lists the contracts that give rows of a dataset, by name.
func (r *Registry) Giving(dataset string) []*Contract {
	return slices.DeleteFunc(r.Feeds(), func(feed *Contract) bool {
		_, gives := feed.Gives[dataset]
		return !gives
	})
}
