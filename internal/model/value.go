package model

import (
	"encoding/json"
	"regexp"

	"countinghouse/internal/warehouse"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// Value is a constant that a header names: a number, a text (also a day, as 2026-10-31), true or false.
type Value struct {
	text   string
	quoted bool
}

// String is the value as a person writes it.
func (v Value) String() string { return v.text }

// SQL is the value as a literal. A text takes the type of the column that it is compared with.
func (v Value) SQL() string {
	if v.quoted {
		return warehouse.Quote(v.text)
	}
	return v.text
}

// MarshalJSON writes numbers, true and false as such.
func (v Value) MarshalJSON() ([]byte, error) {
	if v.quoted {
		return json.Marshal(v.text)
	}
	return []byte(v.text), nil
}

// plainNumber is how a number is written in SQL and JSON alike.
var plainNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// UnmarshalYAML takes numbers digit by digit: a decimal of 18 digits is not the next float.
func (v *Value) UnmarshalYAML(node ast.Node) error {
	token := node.GetToken()
	switch n := node.(type) {
	case *ast.StringNode:
		*v = Value{text: n.Value, quoted: true}
		return nil
	case *ast.BoolNode:
		*v = Value{text: n.String()}
		return nil
	case *ast.IntegerNode, *ast.FloatNode:
		if plainNumber.MatchString(token.Value) {
			*v = Value{text: token.Value}
			return nil
		}
		return &yaml.SyntaxError{Message: "write the number in plain digits, such as 0.5", Token: token}
	}
	return &yaml.SyntaxError{Message: "want a number, a text, true or false", Token: token}
}
