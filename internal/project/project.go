// Package project reads a project folder: countinghouse.yaml, and the feeds and models that the folder adds to the built-in ones.
package project

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// ConfigFile is the project's configuration; a folder without one is a project with every default.
const ConfigFile = "countinghouse.yaml"

// Config is countinghouse.yaml.
type Config struct {
	Brand struct {
		Name     string `yaml:"name"`
		Zone     string `yaml:"zone"`     // an IANA name; days end by it
		Currency string `yaml:"currency"` // for labels
		Country  string `yaml:"country"`  // of phone numbers without a code
	} `yaml:"brand"`
	// Store is a folder (relative to the project) or gs://bucket/prefix.
	Store string `yaml:"store"`
	// Inbox is a folder whose files every run lands; empty: none.
	Inbox string `yaml:"inbox"`
	// Sources are places that export files are fetched from.
	Sources []Source `yaml:"sources"`
	// HashKeyFile holds the secret of the keyed hashes; the environment variable goes before it.
	HashKeyFile string         `yaml:"hash_key_file"`
	Parameters  map[string]any `yaml:"parameters"`
	// OpenLineage is told what each run made: the address of a lineage server, or a file; empty: nobody.
	OpenLineage string `yaml:"openlineage"`
	Resources   struct {
		Threads     int    `yaml:"threads"` // 0 in the file: as many as Go uses
		MemoryLimit string `yaml:"memory_limit"`
	} `yaml:"resources"`
	Identity struct {
		// MaxChangedShare is the share of customers above which a run that changes them warns.
		MaxChangedShare float64 `yaml:"max_changed_share"`
	} `yaml:"identity"`
	Schedule struct {
		Daily string `yaml:"daily"` // cron, in the brand's time zone
	} `yaml:"schedule"`
}

// Project is a project folder, read.
type Project struct {
	Config
	Dir  string // absolute
	Zone *time.Location
}

// Open reads the project in a folder. The defaults are a folder store in store/, Asia/Shanghai and CNY.
func Open(dir string) (Project, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return Project{}, fmt.Errorf("open project: %w", err)
	}
	if info, err := os.Stat(absolute); err != nil || !info.IsDir() {
		return Project{}, fmt.Errorf("open project: there is no folder %s", absolute)
	}
	project := Project{Dir: absolute, Config: defaults()}
	text, err := os.ReadFile(filepath.Join(absolute, ConfigFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Project{}, fmt.Errorf("open project: %w", err)
	}
	if len(strings.TrimSpace(string(text))) > 0 {
		if err := yaml.UnmarshalWithOptions(text, &project.Config, yaml.Strict()); err != nil {
			return Project{}, fmt.Errorf("%s: %s", filepath.Join(dir, ConfigFile), yaml.FormatError(err, false, false))
		}
	}
	if share := project.Identity.MaxChangedShare; share < 0 || share > 1 {
		return Project{}, fmt.Errorf("%s: identity.max_changed_share: want a share between 0 and 1, got %v", filepath.Join(dir, ConfigFile), share)
	}
	if project.Resources.Threads < 0 {
		return Project{}, fmt.Errorf("%s: resources.threads: want 0 or more, got %d", filepath.Join(dir, ConfigFile), project.Resources.Threads)
	}
	if project.Resources.Threads == 0 {
		project.Resources.Threads = runtime.GOMAXPROCS(0)
	}
	if err := project.checkSources(); err != nil {
		return Project{}, fmt.Errorf("%s: %w", filepath.Join(dir, ConfigFile), err)
	}
	if project.Zone, err = time.LoadLocation(project.Brand.Zone); err != nil {
		return Project{}, fmt.Errorf("%s: brand.zone: %w", filepath.Join(dir, ConfigFile), err)
	}
	return project, nil
}

// DefaultChangedShare is Identity.MaxChangedShare where the project says nothing.
const DefaultChangedShare = 0.05

func defaults() Config {
	var config Config
	config.Brand.Zone, config.Brand.Currency, config.Brand.Country = "Asia/Shanghai", "CNY", "CN"
	config.Store = "store"
	config.Identity.MaxChangedShare = DefaultChangedShare
	config.Schedule.Daily = "0 6 * * *"
	return config
}

// StoreURL is the store as the object store opens it: folders made absolute.
func (p Project) StoreURL() string {
	if strings.Contains(p.Store, "://") {
		return p.Store
	}
	return p.path(p.Store)
}

// InboxDir is the folder that every run lands, empty if there is none.
func (p Project) InboxDir() string {
	if p.Inbox == "" {
		return ""
	}
	return p.path(p.Inbox)
}

// WorkDir holds what may be lost: scratch folders and the cache of a remote store.
func (p Project) WorkDir() string { return filepath.Join(p.Dir, ".countinghouse") }

func (p Project) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(p.Dir, name)
}

// Schemas is the project's own feeds and datasets, nil if it has none.
func (p Project) Schemas() fs.FS { return p.folder("schemas") }

// SQL is the project's own models and seeds, nil if it has none.
func (p Project) SQL() fs.FS { return p.folder("sql") }

func (p Project) folder(name string) fs.FS {
	dir := filepath.Join(p.Dir, name)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil
	}
	return os.DirFS(dir)
}

// developmentKey makes a demo and its tests come out the same on every machine. It protects nothing.
const developmentKey = "countinghouse development key"

// Keys are the secrets of the keyed hashes.
type Keys struct {
	// ID makes customer ids, and account ids that are a hash: the oldest key, which stays for as long as the ids shall.
	ID []byte
	// Value makes the hashes of identifiers: the newest key; nil where there is but one.
	Value []byte
	// Development says that no secret was given.
	Development bool
}

// HashKeys gives the secrets of the keyed hashes: fromEnvironment if it is set, else the key file, which fileFromEnvironment names before
// hash_key_file does. A secret is one line; where a key was rotated there are two, the new one first. A store in the cloud must have one; a
// folder may go without.
func (p Project) HashKeys(fromEnvironment, fileFromEnvironment string) (Keys, error) {
	if secret := strings.TrimSpace(fromEnvironment); secret != "" {
		return keysOf("COUNTINGHOUSE_HASH_KEY", secret)
	}
	if file := cmp.Or(fileFromEnvironment, p.HashKeyFile); file != "" {
		text, err := os.ReadFile(p.path(file))
		if err != nil {
			return Keys{}, err
		}
		return keysOf(file, strings.TrimSpace(string(text)))
	}
	if strings.Contains(p.Store, "://") && !strings.HasPrefix(p.Store, "file://") {
		return Keys{}, errors.New("a store in the cloud needs a secret for its keyed hashes: set COUNTINGHOUSE_HASH_KEY or hash_key_file")
	}
	return Keys{ID: []byte(developmentKey), Development: true}, nil
}

// shortestKey is in characters: fewer could be guessed.
const shortestKey = 16

// keysOf reads a secret of one line, or of two: the new key and the one that made the ids.
func keysOf(place, secret string) (Keys, error) {
	lines := strings.FieldsFunc(secret, func(r rune) bool { return r == '\n' || r == '\r' })
	if len(lines) == 0 || len(lines) > 2 {
		return Keys{}, fmt.Errorf("%s: want one key, or two lines after a rotation: the new key, and the one that made the ids", place)
	}
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
		if len(lines[i]) < shortestKey {
			return Keys{}, fmt.Errorf("%s: the key is too short: want at least %d characters", place, shortestKey)
		}
	}
	keys := Keys{ID: []byte(lines[len(lines)-1])}
	if len(lines) == 2 && lines[0] != lines[1] {
		keys.Value = []byte(lines[0])
	}
	return keys, nil
}
