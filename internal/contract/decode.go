package contract

import (
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// A document is a parsed YAML file that can say where a value stands.
type document struct {
	name string
	tree *ast.File
}

// decode reads one YAML document into value, refusing unknown and repeated keys.
func decode(name string, text []byte, value any) (document, error) {
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		return document{}, positioned(name, err)
	}
	if len(tree.Docs) != 1 || tree.Docs[0].Body == nil {
		return document{}, fmt.Errorf("%s: want one YAML document", name)
	}
	if err := yaml.NodeToValue(tree.Docs[0].Body, value, yaml.Strict()); err != nil {
		return document{}, positioned(name, err)
	}
	return document{name: name, tree: tree}, nil
}

func positioned(name string, err error) error {
	var at yaml.Error
	if !errors.As(err, &at) || at.GetToken() == nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	position := at.GetToken().Position
	return fmt.Errorf("%s:%d:%d: %s", name, position.Line, position.Column, at.GetMessage())
}

// A problem is something wrong at a YAML path such as $.columns[2].type.
type problem struct {
	path    string
	message string
}

func (d document) errors(problems []problem) []error {
	placed := make([]error, 0, len(problems))
	for _, p := range problems {
		placed = append(placed, fmt.Errorf("%s: %s", d.position(p.path), p.message))
	}
	return placed
}

// position is file:line:column of the value at path, or the file alone where the path leads nowhere (a key that is
// missing has no place).
func (d document) position(path string) string {
	parsed, err := yaml.PathString(path)
	if err != nil {
		return d.name
	}
	node, err := parsed.FilterFile(d.tree)
	if err != nil || node == nil {
		return d.name
	}
	at := node.GetToken().Position
	return fmt.Sprintf("%s:%d:%d", d.name, at.Line, at.Column)
}
