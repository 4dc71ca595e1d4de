package closing

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"countinghouse/internal/contract/landing"
	"countinghouse/internal/objectstore"
)

// The layers of sources: those of the program, and over them those of the project, by the path that models and contracts have there.
const (
	BuiltinSQL     = "program/sql"
	OwnSQL         = "project/sql"
	BuiltinSchemas = "program/schemas"
	OwnSchemas     = "project/schemas"
)

// ReadSources reads the files of a layer that decide figures: no tests, nothing hidden. files may be nil.
func ReadSources(layer string, files fs.FS) ([]Source, error) {
	if files == nil {
		return nil, nil
	}
	var sources []Source
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(path.Base(name), ".") || strings.Contains(name, "testdata/") {
			return err
		}
		switch path.Ext(name) {
		case ".sql", ".csv", ".yaml", ".yml":
		default:
			return nil
		}
		text, err := fs.ReadFile(files, name)
		sources = append(sources, Source{Layer: layer, Path: name, SHA256: Hash(text), Text: string(text)})
		return err
	})
	return sources, err
}

// Files gives a layer's sources as a file system, which is an archive in memory; nil if it has none.
func Files(sources []Source, layer string) (fs.FS, error) {
	var packed bytes.Buffer
	archive := zip.NewWriter(&packed)
	files := 0
	for _, source := range sources {
		if source.Layer != layer {
			continue
		}
		file, err := archive.CreateHeader(&zip.FileHeader{Name: source.Path, Method: zip.Store})
		if err == nil {
			_, err = io.WriteString(file, source.Text)
		}
		if err != nil {
			return nil, fmt.Errorf("%s/%s: %w", layer, source.Path, err)
		}
		files++
	}
	if err := archive.Close(); err != nil || files == 0 {
		return nil, err
	}
	return zip.NewReader(bytes.NewReader(packed.Bytes()), int64(packed.Len()))
}

// Change is one thing that is not as it was when the period was closed.
type Change struct {
	What string `json:"what"` // parameter, sql, seed, contract, setting, code, file
	Name string `json:"name"`
	Line int    `json:"line,omitempty"`
	Was  string `json:"was"`
	Is   string `json:"is"`
}

// SourceChanges compares sources as they count: a project's file stands for the program's of the same path. Of each changed file the lines
// that differ are told.
func SourceChanges(was, is []Source) []Change {
	before, after := effective(was), effective(is)
	names := maps.Clone(before)
	maps.Copy(names, after)
	var changes []Change
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if before[name] != after[name] {
			changes = append(changes, lines(name, before[name], after[name])...)
		}
	}
	return changes
}

// effective gives the texts that count, by the kind of source and path. Parameters add up and are compared by their values.
func effective(sources []Source) map[string]string {
	texts := map[string]string{}
	for _, layer := range []string{BuiltinSQL, BuiltinSchemas, OwnSQL, OwnSchemas} {
		for _, source := range sources {
			if source.Layer == layer && path.Base(source.Path) != "parameters.yaml" {
				texts[path.Base(layer)+"/"+source.Path] = source.Text
			}
		}
	}
	return texts
}

// mostLines bounds what is told of one file.
const mostLines = 20

// lines tells where two texts differ, between the lines that both begin and end with.
func lines(name, was, is string) []Change {
	what := "sql"
	switch {
	case strings.HasPrefix(name, "sql/seeds/"):
		what = "seed"
	case strings.HasPrefix(name, "schemas/"):
		what = "contract"
	}
	before, after := split(was), split(is)
	begin := 0
	for begin < min(len(before), len(after)) && before[begin] == after[begin] {
		begin++
	}
	end := 0
	for end < min(len(before), len(after))-begin && before[len(before)-1-end] == after[len(after)-1-end] {
		end++
	}
	before, after = before[begin:len(before)-end], after[begin:len(after)-end]
	var changes []Change
	for i := range min(max(len(before), len(after)), mostLines) {
		if one, other := at(before, i), at(after, i); one != other {
			changes = append(changes, Change{What: what, Name: name, Line: begin + i + 1, Was: one, Is: other})
		}
	}
	return changes
}

func split(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}

// ValueChanges compares names and values.
func ValueChanges(what string, was, is map[string]string) []Change {
	names := maps.Clone(was)
	if names == nil {
		names = map[string]string{}
	}
	maps.Copy(names, is)
	var changes []Change
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if was[name] != is[name] {
			changes = append(changes, Change{What: what, Name: name, Was: was[name], Is: is[name]})
		}
	}
	return changes
}

// NewFiles are those that landed since.
func NewFiles(was, is []File) []File {
	known := map[string]bool{}
	for _, file := range was {
		known[file.Feed+"/"+file.SHA256] = true
	}
	return slices.DeleteFunc(slices.Clone(is), func(file File) bool { return known[file.Feed+"/"+file.SHA256] })
}

// Landed lists every landed file of some feeds, sorted by feed and hash.
func Landed(ctx context.Context, bucket *objectstore.Bucket, feeds []string) ([]File, error) {
	files := []File{}
	for _, feed := range feeds {
		hashes, err := landing.List(ctx, bucket, feed)
		if err != nil {
			return nil, err
		}
		for _, hash := range hashes {
			manifest, err := landing.Read(ctx, bucket, feed, hash)
			if err != nil {
				return nil, err
			}
			files = append(files, File{Feed: feed, Name: manifest.Name, Key: manifest.Key, SHA256: manifest.SHA256, Size: manifest.Size})
		}
	}
	return files, nil
}

// CheckFiles reads every file again and tells of those whose bytes are not what their hash says.
func CheckFiles(ctx context.Context, bucket *objectstore.Bucket, files []File) ([]string, error) {
	var problems []string
	for _, file := range files {
		hash, err := hashOf(ctx, bucket, file.Key)
		switch {
		case errors.Is(err, objectstore.ErrNotFound):
			problems = append(problems, fmt.Sprintf("%s (feed %s, %s): the file is not in the store any more", file.Name, file.Feed, file.Key))
		case err != nil:
			return nil, err
		case hash != file.SHA256:
			problems = append(problems, fmt.Sprintf("%s (feed %s, %s): its bytes were changed: SHA-256 is %s and was %s when the period was closed",
				file.Name, file.Feed, file.Key, short(hash), short(file.SHA256)))
		}
	}
	return problems, nil
}

func hashOf(ctx context.Context, bucket *objectstore.Bucket, key string) (string, error) {
	stream, _, err := bucket.Open(ctx, key)
	if err != nil {
		return "", err
	}
	defer func() { _ = stream.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, stream); err != nil {
		return "", fmt.Errorf("read %s: %w", key, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// TableChanges compares digests: which tables do not come out as they were closed.
func TableChanges(was, is []Table) []string {
	now := map[string]Table{}
	for _, table := range is {
		now[table.Name] = table
	}
	var problems []string
	for _, table := range was {
		again, made := now[table.Name]
		switch {
		case table.Digest == "":
		case !made:
			problems = append(problems, table.Name+": it cannot be made any more")
		case again.Digest != table.Digest:
			problems = append(problems, fmt.Sprintf("%s: its content digest is %s (%d rows) and was %s (%d rows)", table.Name, short(again.Digest), again.Rows, short(table.Digest), table.Rows))
		}
	}
	return problems
}

// FigureProblems tells of recorded figures that come out otherwise.
func FigureProblems(was, is []Figure) []string {
	var problems []string
	for _, change := range FigureChanges(was, is) {
		if change.Was != "" && change.Was != change.Is {
			problems = append(problems, fmt.Sprintf("%s.%s: the record says %s, and it comes out as %s", change.Table, change.Column, change.Was, orNone(change.Is)))
		}
	}
	return problems
}

// SameRows says that every table that has a digest has as many rows as it had.
func SameRows(was, is []Table) bool {
	now := map[string]Table{}
	for _, table := range is {
		now[table.Name] = table
	}
	return !slices.ContainsFunc(was, func(table Table) bool {
		again, made := now[table.Name]
		return table.Digest != "" && (!made || again.Rows != table.Rows)
	})
}

// FigureChange is a figure that differs.
type FigureChange struct {
	Table  string `json:"table"`
	Column string `json:"column"`
	Was    string `json:"was"`
	Is     string `json:"is"`
}

// FigureChanges compares figures.
func FigureChanges(was, is []Figure) []FigureChange {
	before, after := map[[2]string]string{}, map[[2]string]string{}
	for _, figure := range was {
		before[[2]string{figure.Table, figure.Column}] = figure.Value
	}
	for _, figure := range is {
		after[[2]string{figure.Table, figure.Column}] = figure.Value
	}
	names := maps.Clone(before)
	maps.Copy(names, after)
	changes := []FigureChange{}
	for _, name := range slices.SortedFunc(maps.Keys(names), func(a, b [2]string) int { return strings.Compare(a[0]+"\x00"+a[1], b[0]+"\x00"+b[1]) }) {
		if before[name] != after[name] {
			changes = append(changes, FigureChange{Table: name[0], Column: name[1], Was: before[name], Is: after[name]})
		}
	}
	return changes
}
