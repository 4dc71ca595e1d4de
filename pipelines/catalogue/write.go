package catalogue

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// MarkFile is in every folder that was written here: the catalogue as JSON. A folder with other things and without it is left alone.
const MarkFile = "catalogue.json"

// ErrNotOurs says that a folder holds something else and nothing was written.
var ErrNotOurs = errors.New("the folder is not empty, and not one that docs has written: name another one")

// Write puts files into a folder, makes it where it is missing, and removes pages of tables and feeds that are no more. Files that are not of a
// site (a .git folder, a CNAME) stay, and files that are the same are not written again.
func Write(dir string, files []File) error {
	if err := checkOurs(dir); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	wanted := map[string]bool{}
	for _, file := range files {
		wanted[file.Path] = true
		if err := writeFile(filepath.Join(dir, filepath.FromSlash(file.Path)), file.Data); err != nil {
			return fmt.Errorf("write the documentation: %w", err)
		}
	}
	if err := removeStale(dir, wanted); err != nil {
		return fmt.Errorf("write the documentation: %w", err)
	}
	return nil
}

func checkOurs(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	visible := func(entry fs.DirEntry) bool { return !strings.HasPrefix(entry.Name(), ".") }
	if _, err := os.Stat(filepath.Join(dir, MarkFile)); err != nil && slices.ContainsFunc(entries, visible) {
		return ErrNotOurs
	}
	return nil
}

func writeFile(path string, data []byte) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { // it is made to be read by everybody
		return err
	}
	return os.WriteFile(path, data, 0o644) // it is made to be read by everybody
}

func removeStale(dir string, wanted map[string]bool) error {
	for _, folder := range []string{"tables", "feeds"} {
		entries, err := os.ReadDir(filepath.Join(dir, folder))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, entry := range entries {
			name := folder + "/" + entry.Name()
			isPage := strings.HasSuffix(name, ".html") || strings.HasSuffix(name, ".md")
			if isPage && !wanted[name] {
				if err := os.Remove(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
