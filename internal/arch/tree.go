// Package arch holds the rules of the house as checks that a test runs over the whole tree: who may import whom, what code
// may read, how long things may be, and what no file may say. The compiler holds none of them.
package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// Module is the path that the imports of our own packages begin with.
const Module = "countinghouse"

// Violation is one place that breaks a rule.
type Violation struct {
	File string // slash-separated, from the root of the tree
	Line int    // from 1; 0 if it is about the file
	Rule string // what is wrong, and what would be right
}

// String gives file:line: rule, as compilers do.
func (v Violation) String() string {
	if v.Line == 0 {
		return fmt.Sprintf("%s: %s", v.File, v.Rule)
	}
	return fmt.Sprintf("%s:%d: %s", v.File, v.Line, v.Rule)
}

// Tree is the source of the product.
type Tree struct {
	Go    []*GoFile
	Texts []Text // every file that a person writes, Go too
	files *token.FileSet
}

// GoFile is a parsed Go file.
type GoFile struct {
	Path  string
	Dir   string // of Path: the package
	Test  bool   // a _test.go file
	Lines int
	*ast.File
}

// Text is a file as it is written.
type Text struct {
	Path  string
	Lines []string
}

// written are the kinds of files that people write; data is not among them.
var written = map[string]bool{".go": true, ".md": true, ".sql": true, ".yaml": true, ".yml": true, ".tf": true, ".sh": true, ".txtar": true, ".html": true, ".tftpl": true}

// Load reads a tree, but for hidden folders (.git, scratch), and for testdata as far as Go is concerned.
func Load(root fs.FS) (*Tree, error) {
	tree := &Tree{files: token.NewFileSet()}
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name != "." && (strings.HasPrefix(entry.Name(), ".") || strings.HasPrefix(entry.Name(), "_")) {
				return fs.SkipDir
			}
			return nil
		}
		return tree.add(root, name)
	})
	if err != nil {
		return nil, fmt.Errorf("read the tree: %w", err)
	}
	return tree, nil
}

func (t *Tree) add(root fs.FS, name string) error {
	if !written[path.Ext(name)] && path.Base(name) != "Makefile" {
		return nil
	}
	data, err := fs.ReadFile(root, name)
	if err != nil {
		return err
	}
	text := Text{Path: name, Lines: strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")}
	t.Texts = append(t.Texts, text)
	if path.Ext(name) != ".go" || strings.Contains(name, "testdata/") {
		return nil
	}
	file, err := parser.ParseFile(t.files, name, data, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	t.Go = append(t.Go, &GoFile{
		Path: name, Dir: path.Dir(name), Test: strings.HasSuffix(name, "_test.go"), Lines: len(text.Lines), File: file,
	})
	return nil
}

func (t *Tree) line(pos token.Pos) int { return t.files.Position(pos).Line }

// imports gives the paths that a file imports, with the lines they stand on.
func (t *Tree) imports(file *GoFile) map[string]int {
	found := map[string]int{}
	for _, spec := range file.Imports {
		if imported, err := strconv.Unquote(spec.Path.Value); err == nil {
			found[imported] = t.line(spec.Pos())
		}
	}
	return found
}

// under says whether a slash-separated path is a folder or lies in it.
func under(name, folder string) bool {
	return name == folder || strings.HasPrefix(name, folder+"/")
}
