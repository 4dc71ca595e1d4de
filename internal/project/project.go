// Package project reads a project folder: countinghouse.yaml, and the feeds and models that the folder adds to the built-in ones.
package project

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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
		Threads     int    `yaml:"threads"`
		MemoryLimit string `yaml:"memory_limit"`
	} `yaml:"resources"`
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
	if err := project.checkSources(); err != nil {
		return Project{}, fmt.Errorf("%s: %w", filepath.Join(dir, ConfigFile), err)
	}
	if project.Zone, err = time.LoadLocation(project.Brand.Zone); err != nil {
		return Project{}, fmt.Errorf("%s: brand.zone: %w", filepath.Join(dir, ConfigFile), err)
	}
	return project, nil
}

func defaults() Config {
	var config Config
	config.Brand.Zone, config.Brand.Currency, config.Brand.Country = "Asia/Shanghai", "CNY", "CN"
	config.Store = "store"
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

// HashKey gives the secret of the keyed hashes: fromEnvironment if it is set, else the key file. A store in the cloud must have one; a
// folder may go without, and development is then true.
func (p Project) HashKey(fromEnvironment string) (key []byte, development bool, err error) {
	if secret := strings.TrimSpace(fromEnvironment); secret != "" {
		return longEnough("COUNTINGHOUSE_HASH_KEY", secret)
	}
	if p.HashKeyFile != "" {
		text, err := os.ReadFile(p.path(p.HashKeyFile))
		if err != nil {
			return nil, false, err
		}
		return longEnough(p.HashKeyFile, strings.TrimSpace(string(text)))
	}
	if strings.Contains(p.Store, "://") && !strings.HasPrefix(p.Store, "file://") {
		return nil, false, errors.New("a store in the cloud needs a secret for its keyed hashes: set COUNTINGHOUSE_HASH_KEY or hash_key_file")
	}
	return []byte(developmentKey), true, nil
}

// shortestKey is in characters: fewer could be guessed.
const shortestKey = 16

func longEnough(place, secret string) (key []byte, development bool, err error) {
	if len(secret) < shortestKey {
		return nil, false, fmt.Errorf("%s: the key is too short: want at least %d characters", place, shortestKey)
	}
	return []byte(secret), false, nil
}
