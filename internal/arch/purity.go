package arch

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strings"
)

// impure are the names through which code would see the clock, the environment or chance. They may be used in cmd and jobs
// only, which pass down what they saw: so a table stays a function of its inputs, and a test can set the clock.
var impure = map[string][]string{
	"time":        {"Now", "Since", "Until"},
	"os":          {"Getenv", "LookupEnv", "Environ", "ExpandEnv", "Hostname", "UserHomeDir"},
	"crypto/rand": {"Reader", "Read", "Int", "Prime", "Text"},
	"math/rand": {
		"ExpFloat64", "Float32", "Float64", "Int", "Int31", "Int31n", "Int63", "Int63n", "Intn", "NormFloat64", "Perm", "Read", "Seed",
		"Shuffle", "Uint32", "Uint64",
	},
	"math/rand/v2": {
		"ExpFloat64", "Float32", "Float64", "Int", "Int32", "Int32N", "Int64", "Int64N", "IntN", "N", "NormFloat64", "Perm", "Shuffle",
		"Uint", "Uint32", "Uint32N", "Uint64", "Uint64N", "UintN",
	},
}

// excused are the places that may use one of these names all the same.
var excused = map[string]string{
	// By its token a writer whose reply was lost tells its own write from another's. It decides nothing about contents.
	"internal/objectstore/open": "crypto/rand.Text",
}

// Purity finds reads of the clock, the environment and chance outside cmd and jobs; tests may read them.
func Purity(t *Tree) []Violation {
	var found []Violation
	for _, file := range t.Go {
		if file.Test || under(file.Dir, "cmd") || under(file.Dir, "jobs") {
			continue
		}
		t.uses(file, func(library, name string, line int) {
			if slices.Contains(impure[library], name) && excused[file.Dir] != library+"."+name {
				rule := fmt.Sprintf("%s.%s is read in cmd and jobs only: pass it in", path.Base(strings.TrimSuffix(library, "/v2")), name)
				found = append(found, Violation{file.Path, line, rule})
			}
		})
	}
	return found
}

// uses calls visit for each mention of a name of another package: library.Name.
func (t *Tree) uses(file *GoFile, visit func(library, name string, line int)) {
	local := locals(file)
	ast.Inspect(file.File, func(node ast.Node) bool {
		selector, ok := node.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if pkg, ok := selector.X.(*ast.Ident); ok && local[pkg.Name] != "" {
			visit(local[pkg.Name], selector.Sel.Name, t.line(selector.Pos()))
		}
		return true
	})
}

// locals gives the names under which a file knows the packages it imports.
func locals(file *GoFile) map[string]string {
	known := map[string]string{}
	for _, spec := range file.Imports {
		imported := strings.Trim(spec.Path.Value, `"`)
		name := path.Base(strings.TrimSuffix(imported, "/v2"))
		if spec.Name != nil {
			name = spec.Name.Name
		}
		known[name] = imported
	}
	return known
}

// DotImports finds imports that hide where a name comes from, and so hide it from the other rules.
func DotImports(t *Tree) []Violation {
	var found []Violation
	for _, file := range t.Go {
		for _, spec := range file.Imports {
			if spec.Name != nil && spec.Name.Name == "." {
				found = append(found, Violation{file.Path, t.line(spec.Pos()), "import " + spec.Path.Value + " by its name, not by a dot"})
			}
		}
	}
	return found
}

// CrashPoints finds calls of crash.Point with anything but one of its constants, and constants that no code passes: each
// point is a promise that a test kills a run there.
func CrashPoints(t *Tree) []Violation {
	var found []Violation
	declared, passed := map[string]Violation{}, map[string]bool{}
	for _, file := range t.Go {
		if file.Test {
			continue
		}
		if file.Dir == "internal/crash" {
			for name, line := range t.stringConstants(file) {
				declared[name] = Violation{file.Path, line, "no code passes the crash point " + name}
			}
			continue
		}
		found = append(found, t.crashCalls(file, passed)...)
	}
	for name, unpassed := range declared {
		if !passed[name] {
			found = append(found, unpassed)
		}
	}
	return found
}

// crashCalls notes the constants that a file passes to crash.Point, and finds calls with anything else.
func (t *Tree) crashCalls(file *GoFile, passed map[string]bool) []Violation {
	var found []Violation
	local := locals(file)
	isCrash := func(x ast.Expr) (name string, ok bool) {
		selector, ok := x.(*ast.SelectorExpr)
		if !ok {
			return "", false
		}
		pkg, ok := selector.X.(*ast.Ident)
		return selector.Sel.Name, ok && local[pkg.Name] == Module+"/internal/crash"
	}
	ast.Inspect(file.File, func(node ast.Node) bool {
		call, ok := node.(*ast.CallExpr)
		if !ok {
			return true
		}
		if name, ok := isCrash(call.Fun); !ok || name != "Point" || len(call.Args) != 1 {
			return true
		}
		name, ok := isCrash(call.Args[0])
		if !ok {
			found = append(found, Violation{file.Path, t.line(call.Pos()), "crash.Point takes a constant of package crash"})
		}
		passed[name] = true
		return true
	})
	return found
}

// stringConstants gives the exported constants of a file that are texts, with their lines.
func (t *Tree) stringConstants(file *GoFile) map[string]int {
	constants := map[string]int{}
	ast.Inspect(file.File, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !spec.Names[0].IsExported() {
			return true
		}
		if text, ok := spec.Values[0].(*ast.BasicLit); ok && strings.HasPrefix(text.Value, `"`) {
			constants[spec.Names[0].Name] = t.line(spec.Pos())
		}
		return true
	})
	return constants
}
