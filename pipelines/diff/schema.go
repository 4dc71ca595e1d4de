package diff

import (
	"strings"

	"countinghouse/internal/warehouse"
)

// column is one that both versions have, with its type on each side.
type column struct{ name, before, after string }

// compareSchemas gives what changed and what both have, in the order of the second version. The case of names does not count, as in SQL.
func compareSchemas(before, after []warehouse.Column) (changes []SchemaChange, shared []column) {
	types := map[string]string{}
	for _, old := range before {
		types[strings.ToLower(old.Name)] = old.Type
	}
	for _, fresh := range after {
		key := strings.ToLower(fresh.Name)
		old, had := types[key]
		if old != fresh.Type {
			changes = append(changes, SchemaChange{Column: fresh.Name, Before: old, After: fresh.Type})
		}
		if had {
			shared = append(shared, column{fresh.Name, old, fresh.Type})
		}
		delete(types, key)
	}
	for _, old := range before {
		if _, gone := types[strings.ToLower(old.Name)]; gone {
			changes = append(changes, SchemaChange{Column: old.Name, Before: old.Type})
		}
	}
	return changes, shared
}

// kind is what of a value counts.
type kind int

const (
	anything kind = iota
	integer
	decimal
	floating
)

func kindOf(columnType string) kind {
	base, _, _ := strings.Cut(columnType, "(")
	switch base { // a list, such as DECIMAL(18,2)[], is no number; integers of 128 bits are hashes and cannot be added up
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT":
		return integer
	case "FLOAT", "DOUBLE":
		return floating
	case "DECIMAL":
		if !strings.HasSuffix(columnType, "]") {
			return decimal
		}
	}
	return anything
}

// kind is the wider one of both sides: an integer that became a decimal is one.
func (c column) kind() kind {
	before, after := kindOf(c.before), kindOf(c.after)
	if before == anything || after == anything {
		return anything
	}
	return max(before, after)
}

// value is the column as SQL. Where the types of the sides do not fit each other, both are compared as text.
func (c column) value() string {
	if c.before == c.after || c.kind() != anything || isTime(c.before) && isTime(c.after) {
		return warehouse.QuoteName(c.name)
	}
	return warehouse.QuoteName(c.name) + "::varchar"
}

func isTime(columnType string) bool {
	return columnType == "DATE" || strings.HasPrefix(columnType, "TIMESTAMP")
}

// number is the column as SQL that may be added up and subtracted without leaving its range.
func (c column) number(of string) string {
	switch c.kind() {
	case integer:
		return of + "::hugeint"
	case floating:
		return of + "::double"
	}
	return of
}
