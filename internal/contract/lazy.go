package contract

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
)

// Open is Load for built-in contracts that are known to be right: each is read when somebody asks for it. What lands and conforms a few files so does not
// wait for the contracts of every other feed. One that is wrong after all is a fault of the program, and ends it.
func Open(builtin, project fs.FS) (*Registry, error) {
	sources := newLoader()
	err := readAll(builtin, "datasets", sources.datasets)
	if project != nil {
		err = errors.Join(err, sources.read(project))
	}
	if err != nil {
		return nil, err
	}
	registry, err := sources.registry()
	if err != nil {
		return nil, err
	}
	files, err := fs.Glob(builtin, "feeds/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list schemas/feeds: %w", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".yaml")
		if _, own := registry.feeds[name]; !own {
			registry.feeds[name] = unread(builtin, file, name, registry.datasets)
		}
	}
	return registry, nil
}

// unread is a built-in feed that nobody has asked for.
func unread(builtin fs.FS, file, name string, datasets map[string]*Dataset) *entry {
	read := sync.OnceValue(func() source[Contract] {
		feed, err := readOne[Contract](builtin, file)
		if err == nil {
			err = errors.Join(feed.place.errors(validateContract(name, feed.value, datasets))...)
		}
		if err != nil {
			panic("contract: a built-in feed is wrong: " + err.Error())
		}
		return feed
	})
	names := sync.OnceValue(func() []string {
		if text, err := fs.ReadFile(builtin, file); err == nil {
			if names := namesIn(text); len(names) > 0 {
				return names
			}
		}
		return read().value.Files.Names
	})
	return &entry{read: read, names: names}
}

// namesIn reads the patterns of file names from a contract's text, and nothing else of it: its part "files" alone is taken for YAML. It is nil where that
// cannot be done.
func namesIn(text []byte) []string {
	const key = "\nfiles:"
	begin := bytes.Index(text, []byte(key))
	if begin < 0 {
		return nil
	}
	part := text[begin+1:]
	end := min(len(key), len(part))
	for end < len(part) && (part[end-1] != '\n' || bytes.IndexByte([]byte(" #\n"), part[end]) >= 0) {
		end++
	}
	var found struct {
		Files struct {
			Names []string `yaml:"names"`
		} `yaml:"files"`
	}
	if yaml.Unmarshal(part[:end], &found) != nil {
		return nil
	}
	return found.Files.Names
}
