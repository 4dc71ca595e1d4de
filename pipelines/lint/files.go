package lint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"countinghouse/internal/model"
)

// Formatted is what came of one file.
type Formatted struct {
	File    string `json:"file"`
	Changed bool   `json:"changed,omitempty"` // its layout was not the house's
	Problem string `json:"problem,omitempty"` // why it could not be formatted; it is as it was
	Line    int    `json:"line,omitempty"`    // of the problem, as far as it has one
}

// Files are the SQL files among the paths and below those that are folders, sorted. Hidden folders are passed over.
func Files(paths []string) ([]string, error) {
	var files []string
	for _, path := range paths {
		err := filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
			hidden := entry != nil && entry.IsDir() && name != path && entry.Name()[0] == '.'
			switch {
			case err != nil:
				return err
			case hidden:
				return fs.SkipDir
			case !entry.IsDir() && (filepath.Ext(name) == ".sql" || name == path):
				files = append(files, name)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("find SQL files: %w", err)
		}
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

// FormatFiles formats the files and, with write, replaces those that change, each in one step. A file that cannot be formatted keeps no
// other from it.
func FormatFiles(serialize model.Serializer, files []string, write bool) []Formatted {
	results := make([]Formatted, len(files))
	for i, file := range files {
		changed, err := formatFile(serialize, file, write)
		results[i] = Formatted{File: file, Changed: changed}
		var problem model.Problem
		switch {
		case errors.As(err, &problem):
			results[i].Line, results[i].Problem = problem.Line, problem.Message
		case err != nil:
			results[i].Problem = err.Error()
		}
	}
	return results
}

func formatFile(serialize model.Serializer, file string, write bool) (changed bool, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return false, err
	}
	formatted, err := Format(serialize, string(text))
	if err != nil || formatted == string(text) {
		return false, err
	}
	if !write {
		return true, nil
	}
	return true, replace(file, formatted)
}

// replace writes beside the file and renames, so that nobody ever sees half a file. A link is followed.
func replace(file, text string) error {
	target, err := filepath.EvalSymlinks(file)
	if err != nil {
		return err
	}
	info, err := os.Stat(target)
	if err != nil {
		return err
	}
	beside, err := os.CreateTemp(filepath.Dir(target), ".fmt-*")
	if err != nil {
		return err
	}
	_, err = beside.WriteString(text)
	err = errors.Join(err, beside.Chmod(info.Mode().Perm()), beside.Close())
	if err == nil {
		err = os.Rename(beside.Name(), target)
	}
	if err != nil {
		return errors.Join(err, os.Remove(beside.Name()))
	}
	return nil
}
