package model

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"countinghouse/internal/suggest"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// document is a parsed YAML text.
type document struct {
	root ast.Node // nil when the text is empty
}

// parseYAML parses a text whose first line has the given number.
func parseYAML(text string, firstLine int) (document, []Problem) {
	// Empty lines before the text make the parser's numbers those of the file.
	file, err := parser.ParseBytes([]byte(strings.Repeat("\n", firstLine-1)+text), 0)
	if err != nil {
		return document{}, []Problem{yamlProblem(err, nil)}
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return document{}, nil
	}
	return document{root: file.Docs[0].Body}, nil
}

// decode reads the document into a struct and refuses keys that it does not know.
func (d document) decode(into any) []Problem {
	if d.root == nil {
		return nil
	}
	return decodeNode(d.root, into)
}

// line is that of the value below the keys, or of the last key that is there.
func (d document) line(keys ...string) int {
	node, line := d.root, 1
	for _, key := range keys {
		var below entries
		if node == nil || below.UnmarshalYAML(node) != nil {
			return line
		}
		at := slices.IndexFunc(below, func(e entry) bool { return e.key == key })
		if at < 0 {
			return line
		}
		node, line = below[at].value, below[at].line
	}
	return line
}

func decodeNode(node ast.Node, into any) []Problem {
	if node.Type() == ast.NullType {
		return nil
	}
	if err := yaml.NodeToValue(node, into, yaml.Strict()); err != nil {
		return []Problem{yamlProblem(err, into)}
	}
	return nil
}

// yamlProblem says what is wrong in words of YAML rather than of Go.
func yamlProblem(err error, into any) Problem {
	var located yaml.Error
	if !errors.As(err, &located) || located.GetToken() == nil {
		return Problem{Message: firstLine(err.Error())}
	}
	token := located.GetToken()
	problem := Problem{Line: token.Position.Line, Message: firstLine(located.GetMessage())}
	var unknown *yaml.UnknownFieldError
	var wrongType *yaml.TypeError
	var wrongNode *yaml.UnexpectedNodeTypeError
	switch {
	case errors.As(err, &unknown):
		known := keysOf(reflect.TypeOf(into))
		problem.Message = fmt.Sprintf("unknown key %q", token.Value)
		if hint := suggest.DidYouMean(token.Value, known); hint != "" {
			problem.Message += hint
		} else {
			problem.Message += "; known are " + strings.Join(known, ", ")
		}
	case errors.As(err, &wrongType):
		problem.Message = fmt.Sprintf("want %s, got %q", kindWords(wrongType.DstType), token.Value)
	case errors.As(err, &wrongNode):
		problem.Message = fmt.Sprintf("want %s, got %s", nodeWords(wrongNode.Expected), nodeWords(wrongNode.Actual))
	}
	return problem
}

func nodeWords(kind ast.NodeType) string {
	switch kind {
	case ast.SequenceType:
		return "a list in brackets"
	case ast.MappingType, ast.MappingValueType:
		return "keys with values"
	case ast.StringType, ast.LiteralType:
		return "a text"
	case ast.IntegerType, ast.FloatType:
		return "a number"
	default:
		return strings.ToLower(kind.String())
	}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

func kindWords(wanted reflect.Type) string {
	switch wanted.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	case reflect.String:
		return "a text"
	default:
		return "keys with values"
	}
}

// keysOf are the YAML keys of a struct and of the structs in it, sorted.
func keysOf(described reflect.Type) []string {
	for described.Kind() == reflect.Pointer || described.Kind() == reflect.Map || described.Kind() == reflect.Slice {
		described = described.Elem()
	}
	if described.Kind() != reflect.Struct {
		return nil
	}
	var keys []string
	for i := range described.NumField() {
		field := described.Field(i)
		if key := field.Tag.Get("yaml"); key != "" && key != "-" {
			keys = append(append(keys, key), keysOf(field.Type)...)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// entry is one key of a mapping whose keys are the user's own names.
type entry struct {
	key   string
	line  int
	value ast.Node
}

// entries are such a mapping in the order of the file.
type entries []entry

// UnmarshalYAML keeps the values as they are parsed.
func (e *entries) UnmarshalYAML(node ast.Node) error {
	var pairs []*ast.MappingValueNode
	switch n := node.(type) {
	case *ast.NullNode:
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		return &yaml.UnexpectedNodeTypeError{Actual: node.Type(), Expected: ast.MappingType, Token: node.GetToken()}
	}
	*e = nil
	for _, pair := range pairs {
		token := pair.Key.GetToken()
		*e = append(*e, entry{key: token.Value, line: token.Position.Line, value: pair.Value})
	}
	return nil
}

// placedText is a text and the line that it begins in.
type placedText struct {
	text string
	line int
}

// UnmarshalYAML takes texts only: a number or true is a mistake where SQL is wanted.
func (p *placedText) UnmarshalYAML(node ast.Node) error {
	line := node.GetToken().Position.Line
	switch n := node.(type) {
	case *ast.StringNode:
		p.text, p.line = strings.TrimSpace(n.Value), line
	case *ast.LiteralNode: // its text begins in the line after its | or >
		p.text, p.line = strings.TrimSpace(n.Value.Value), line+1
	default:
		return &yaml.UnexpectedNodeTypeError{Actual: node.Type(), Expected: ast.StringType, Token: node.GetToken()}
	}
	return nil
}
