// Package scaffold makes a new project folder: a configuration, an example from export file to tested mart, and the JSON schemas by which
// editors complete and check the project's YAML files.
package scaffold

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"countinghouse/internal/project"
)

// template is the project that Create writes. gitignore gets its dot on the way out: with it, it would be one of this repository.
//
//go:embed project
var template embed.FS

// ErrProject says that a folder has a project in it already, and that nothing was written.
var ErrProject = errors.New("there is a project already")

// File is one file of the new project, its path as seen from the folder, with slashes.
type File struct {
	Path string `json:"path"`
	// Kept says that a file of the name was there and was left as it is.
	Kept bool `json:"kept,omitempty"`
}

// Create writes a new project into a folder, which is made if it isn't there; name is the brand's, for titles. It refuses a folder with a
// countinghouse.yaml, schemas or sql in it, and never overwrites a file. The files come back in the order of their paths. After an error
// what was written is taken away again.
func Create(dir, name string) ([]File, error) {
	for _, part := range []string{project.ConfigFile, "schemas", "sql"} {
		if _, err := os.Lstat(filepath.Join(dir, part)); err == nil {
			return nil, fmt.Errorf("%w: %s", ErrProject, filepath.Join(dir, part))
		}
	}
	texts, err := contents(name)
	if err != nil {
		return nil, err
	}
	var files []File
	for _, file := range slices.Sorted(maps.Keys(texts)) {
		kept, err := writeNew(filepath.Join(dir, filepath.FromSlash(file)), texts[file])
		if err != nil {
			return nil, errors.Join(fmt.Errorf("write %s: %w", file, err), remove(dir, files))
		}
		files = append(files, File{Path: file, Kept: kept})
	}
	return files, nil
}

// WriteSchemas renews the editors' schemas of a project, which must be there: a newer version of the product may know more keys.
func WriteSchemas(dir string) ([]File, error) {
	var files []File
	texts, err := Schemas()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(dir, schemaFolder), 0o750); err != nil {
		return nil, fmt.Errorf("write schemas: %w", err)
	}
	for _, file := range slices.Sorted(maps.Keys(texts)) {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(file)), texts[file], 0o640); err != nil {
			return nil, fmt.Errorf("write schemas: %w", err)
		}
		files = append(files, File{Path: file})
	}
	return files, nil
}

// contents are the files of a new project by path.
func contents(name string) (map[string][]byte, error) {
	texts, err := Schemas()
	if err != nil {
		return nil, err
	}
	if texts[".vscode/settings.json"], err = editorSettings(); err != nil {
		return nil, err
	}
	quoted, err := json.Marshal(name) // a JSON text is a YAML text
	if err != nil {
		return nil, fmt.Errorf("name of the brand: %w", err)
	}
	fill := strings.NewReplacer("{{name}}", string(quoted), "{{title}}", name)
	err = fs.WalkDir(template, "project", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := template.ReadFile(file)
		texts[finalName(file)] = []byte(fill.Replace(string(text)))
		return err
	})
	return texts, err
}

func finalName(file string) string {
	file = strings.TrimPrefix(file, "project/")
	if path.Base(file) == "gitignore" {
		return path.Join(path.Dir(file), ".gitignore")
	}
	return file
}

// writeNew writes a file that isn't there yet; one that is stays, and kept is true.
func writeNew(name string, text []byte) (kept bool, err error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		return false, err
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if errors.Is(err, fs.ErrExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	_, err = file.Write(text)
	return false, errors.Join(err, file.Close())
}

func remove(dir string, files []File) error {
	var problems []error
	for _, file := range files {
		if !file.Kept {
			problems = append(problems, os.Remove(filepath.Join(dir, filepath.FromSlash(file.Path))))
		}
	}
	return errors.Join(problems...)
}
