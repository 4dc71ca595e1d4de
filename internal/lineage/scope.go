package lineage

import (
	"fmt"
	"strings"
)

// relation is something in a from clause that columns can be asked of by its name.
type relation struct {
	schema, name string
	columns      []column
	others       *column
}

// from is a whole from clause: its relations, and the columns of a star in their order.
type from struct {
	relations []relation
	columns   []column
	rows      sources
	others    *column
}

// scope is where the names of one select are looked up; parent is the query around it.
type scope struct {
	parent *scope
	ctes   map[string]result
	from   *from
	// aliases are the columns of the select list so far.
	aliases []column
	// selecting is set while the select list is read: then a column of an input goes before an alias.
	selecting bool
	// names are a lambda's parameters: what they hold is counted where the list is.
	names []string
	// star is the column that a star within an expression stands for now.
	star *column
}

func (s *scope) cte(name string) (result, bool) {
	for at := s; at != nil; at = at.parent {
		if found, ok := at.ctes[strings.ToLower(name)]; ok {
			return found, true
		}
	}
	return result{}, false
}

// resolve finds what a name of one or more parts means. Where a relation on the way has columns of unknown names, these count as well.
func (r *reader) resolve(names []string, s *scope) column {
	perhaps, loose := newColumn(""), false
	for at := s; at != nil; at = at.parent {
		found, exact, maybe := at.find(names)
		if maybe != nil {
			perhaps, loose = perhaps.merge(*maybe), true
		}
		if exact && loose {
			return perhaps.merge(found)
		}
		if exact {
			return found
		}
	}
	if !loose {
		r.refuse("column %s: nothing that is read here has it", strings.Join(names, "."))
	}
	return perhaps
}

// find looks at one level: exact is the column of that name, maybe those that could be it.
func (s *scope) find(names []string) (found column, exact bool, maybe *column) {
	for _, name := range s.names {
		if same(name, names[0]) {
			return newColumn(""), true, nil
		}
	}
	if s.from != nil {
		found, exact, maybe = s.from.find(names)
	}
	if exact && (s.selecting || len(names) > 1) {
		return found, true, nil
	}
	for i := range s.aliases {
		if alias := s.aliases[i]; same(alias.name, names[0]) {
			if exact {
				return found.merge(alias), true, nil
			}
			return alias, true, maybe
		}
	}
	return found, exact, maybe
}

func (f *from) find(names []string) (found column, exact bool, maybe *column) {
	for _, relation := range f.relations {
		rest, fits := relation.called(names)
		if !fits {
			continue
		}
		if found, ok := byName(relation.columns, rest[0]); ok {
			return part(found, rest[1:], names), true, nil
		}
		if relation.others != nil {
			return column{}, false, relation.others
		}
	}
	if found, ok := byName(f.columns, names[0]); ok {
		return part(found, names[1:], names), true, nil
	}
	if found, ok := f.row(names[0]); ok && len(names) == 1 {
		return found, true, nil
	}
	return column{}, false, f.unnamed()
}

// called says whether a name of several parts begins with the relation's, and gives the rest.
func (r relation) called(names []string) (rest []string, fits bool) {
	if len(names) > 2 && same(names[0], r.schema) && same(names[1], r.name) {
		return names[2:], true
	}
	if len(names) > 1 && same(names[0], r.name) {
		return names[1:], true
	}
	return nil, false
}

// row is a whole relation as one value, which its name alone means.
func (f *from) row(name string) (column, bool) {
	for _, relation := range f.relations {
		if !same(relation.name, name) {
			continue
		}
		whole := newColumn(name)
		for _, column := range relation.columns {
			whole = whole.merge(column)
		}
		if relation.others != nil {
			whole = whole.merge(*relation.others)
		}
		return whole, true
	}
	return column{}, false
}

// unnamed is what a name may mean that no column has: one that DuckDB named.
func (f *from) unnamed() *column {
	perhaps, loose := newColumn(""), false
	for _, column := range f.columns {
		if column.name == "" {
			perhaps, loose = perhaps.merge(column), true
		}
	}
	if f.others != nil {
		perhaps, loose = perhaps.merge(*f.others), true
	}
	if !loose {
		return nil
	}
	return &perhaps
}

func byName(columns []column, name string) (column, bool) {
	for _, column := range columns {
		if name != "" && same(column.name, name) {
			return column, true
		}
	}
	return column{}, false
}

// part is a field of a column: it comes from the whole, and is more than the column's name.
func part(whole column, fields, names []string) column {
	if len(fields) > 0 {
		whole.expressions = []any{map[string]any{"class": "COLUMN_REF", "type": "COLUMN_REF", "alias": "", "column_names": names}}
	}
	return whole
}

// relation makes a result one that can be read from: columns of one name are told apart as DuckDB does, a_1 being the second a, and
// names, if there are any, go before the columns' own.
func (r result) relation(schema, name string, names []string) relation {
	made := relation{schema: schema, name: name, others: r.others}
	taken := map[string]bool{}
	for i, column := range r.columns {
		if i < len(names) {
			column.name = names[i]
		}
		column.name, column.of, column.shared = free(column.name, taken), strings.ToLower(name), false
		made.columns = append(made.columns, column)
	}
	return made
}

func free(name string, taken map[string]bool) string {
	if name == "" {
		return ""
	}
	given := name
	for i := 1; taken[strings.ToLower(given)]; i++ {
		given = fmt.Sprintf("%s_%d", name, i)
	}
	taken[strings.ToLower(given)] = true
	return given
}

// alone is a from clause of one relation.
func (r relation) alone(rows sources) *from {
	return &from{relations: []relation{r}, columns: r.columns, rows: rows, others: r.others}
}
