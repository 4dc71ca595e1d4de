package arch_test

import (
	"os"
	"testing"

	"countinghouse/internal/arch"
)

// TestTheHouseRules runs every rule over the whole tree. What each rule finds is tested beside it, on made-up trees.
func TestTheHouseRules(t *testing.T) {
	tree, err := arch.Load(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Go) < 50 || len(tree.Texts) < 100 {
		t.Fatalf("only %d Go files of %d: this is not the whole tree", len(tree.Go), len(tree.Texts))
	}
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			for _, v := range rule(tree) {
				t.Error(v)
			}
		})
	}
}

var rules = map[string]func(*arch.Tree) []arch.Violation{
	"imports go one way":                arch.Directions,
	"schemas and sql are leaves":        arch.Leaves,
	"one importer per heavy library":    arch.Importers,
	"no dot imports":                    arch.DotImports,
	"the world is read at the top only": arch.Purity,
	"crash points are registered":       arch.CrashPoints,
	"nothing is too long":               arch.Sizes,
	"no init":                           arch.Inits,
	"every package says what it is for": arch.PackageComments,
	"packages are about something":      arch.PackageNames,
	"nothing is left unfinished":        arch.Words,
}
