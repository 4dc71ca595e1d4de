package model

import (
	"fmt"
	"slices"
	"strings"

	"countinghouse/internal/suggest"
	"countinghouse/internal/warehouse"

	"github.com/goccy/go-yaml/ast"
)

// Audit is a query whose rows break a promise: a table with one such row is not published, unless the audit is a warning.
type Audit struct {
	Name  string `json:"name"`
	Query string `json:"query"`
	// Severity is empty, when a bad row stops publishing, or SeverityWarning.
	Severity string `json:"severity,omitempty"`
	About    string `json:"about,omitempty"`
	// File and Line are where the audit is written.
	File string `json:"-"`
	Line int    `json:"-"`
}

// SeverityWarning is that of an audit whose bad rows are told and kept, and stop nothing.
const SeverityWarning = "warning"

// audits are what a header promises of its table: its grain, what its columns say of themselves, and the queries written out.
type audits struct {
	all                []Audit
	inputs, parameters []string // read by them, besides the table itself
	reads              []auditRead
}

// auditRead is a place where an audit names a table.
type auditRead struct {
	table, file string
	line        int
}

func (r *reading) reads(lines map[string]int) []auditRead {
	var reads []auditRead
	for table, line := range lines {
		reads = append(reads, auditRead{table: table, file: r.file.label, line: line})
	}
	return reads
}

// audits reads those of a header. known are the inputs of the table's own query, which need not be named twice.
func (r *reading) audits(table string, header Header, columns []Column, places document, known []string) audits {
	var found audits
	if len(header.Grain) > 0 {
		grain := grainAudit(table, header.Grain)
		grain.File, grain.Line = r.file.label, places.line("grain")
		found.all = append(found.all, grain)
	}
	for _, column := range columns {
		r.columnAudits(table, column, &found)
	}
	for _, item := range header.Audits {
		audit, ok := r.writtenAudit(table, item)
		if !ok {
			continue
		}
		facts := r.facts(audit.Query, audit.Line, "audit "+audit.Name+": ")
		found.all = append(found.all, audit)
		found.inputs, found.parameters = append(found.inputs, facts.Inputs...), append(found.parameters, facts.Parameters...)
		found.reads = append(found.reads, r.reads(facts.InputLines)...)
	}
	r.refuseTwins(found.all)
	found.inputs = slices.DeleteFunc(unique(found.inputs), func(input string) bool { return input == table || slices.Contains(known, input) })
	found.parameters = unique(found.parameters)
	return found
}

func unique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

func (r *reading) refuseTwins(all []Audit) {
	seen := map[string]bool{}
	for _, audit := range all {
		if seen[audit.Name] {
			r.refuse(audit.Line, "audit %s: another one has that name already", audit.Name)
		}
		seen[audit.Name] = true
	}
}

func grainAudit(table string, grain []string) Audit {
	quoted := make([]string, len(grain))
	for i, column := range grain {
		quoted[i] = warehouse.QuoteName(column)
	}
	keys := strings.Join(quoted, ", ")
	nulls := strings.Join(quoted, " is null or ") + " is null"
	return Audit{Name: "grain", Query: fmt.Sprintf(
		"select %s, count(*) as how_often from %s group by %s having count(*) > 1 or %s", keys, table, keys, nulls)}
}

// columnAudits turn the promises of a column into queries. They are made here and need no parsing.
func (r *reading) columnAudits(table string, column Column, found *audits) {
	name := warehouse.QuoteName(column.Name)
	add := func(key, condition string) {
		found.all = append(found.all, Audit{
			Name: column.Name + "." + key, Query: "select * from " + table + " where " + condition, Severity: column.Severity,
			File: r.file.label, Line: column.Line,
		})
	}
	if !isSeverity(column.Severity) {
		r.refuse(column.Line, "header: column %s: %s", column.Name, wrongSeverity(column.Severity))
	}
	if column.NotNull {
		add("not_null", name+" is null")
	}
	if slices.Contains(column.Accepted, Value{}) {
		r.refuse(column.Line, "header: column %s: accepted: null is always accepted, say not_null: true where it is not", column.Name)
	}
	if len(column.Accepted) > 0 {
		add("accepted", name+" not in ("+literals(column.Accepted)+")")
	}
	if column.References != "" {
		if to, ok := r.referred(column); ok {
			found.inputs = append(found.inputs, to.table)
			found.reads = append(found.reads, r.reads(map[string]int{to.table: column.Line})...)
			add("references", name+" is not null and not exists (select 1 from "+to.table+" as referred where referred."+
				warehouse.QuoteName(to.column)+" = "+table+"."+name+")")
		}
	}
	if column.Range != nil {
		if condition := column.Range.broken(name); condition != "" {
			add("range", condition)
		} else {
			r.refuse(column.Line, "header: column %s: range: give min, max or both", column.Name)
		}
	}
}

func literals(values []Value) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = value.SQL()
	}
	return strings.Join(texts, ", ")
}

// broken is the condition that a row outside the range meets; empty when both ends are open.
func (b Range) broken(name string) string {
	var outside []string
	if b.Min != nil {
		outside = append(outside, name+" < "+b.Min.SQL())
	}
	if b.Max != nil {
		outside = append(outside, name+" > "+b.Max.SQL())
	}
	return strings.Join(outside, " or ")
}

type reference struct{ table, column string }

// referred reads schema.table.column; the names go into SQL, so they are plain ones.
func (r *reading) referred(column Column) (reference, bool) {
	names := strings.Split(column.References, ".")
	plain := func(name string) bool { return name != "" && !strings.ContainsAny(name, "\"'`;()/*- \t\n") }
	if len(names) != 3 || !plain(names[0]) || !plain(names[1]) || !plain(names[2]) {
		r.refuse(column.Line, "header: column %s: references %q: want schema.table.column, such as core.customers.customer_id", column.Name, column.References)
		return reference{}, false
	}
	return reference{table: strings.ToLower(names[0] + "." + names[1]), column: names[2]}, true
}

// writtenAudit reads an audit that is a condition, a query, or an object with one of them.
func (r *reading) writtenAudit(table string, item entry) (Audit, bool) {
	var object struct {
		Query    placedText `yaml:"query"`
		Where    placedText `yaml:"where"`
		Severity string     `yaml:"severity"`
		About    string     `yaml:"about"`
	}
	before := len(r.problems)
	target := any(&object)
	if item.value.Type() != ast.MappingType && item.value.Type() != ast.MappingValueType {
		target = &object.Query
	}
	for _, problem := range decodeNode(item.value, target) {
		r.refuse(max(problem.Line, item.line), "header: audit %s: %s", item.key, problem.Message)
	}
	if target == any(&object.Query) && !isQuery(object.Query.text) {
		object.Where, object.Query = object.Query, placedText{}
	}
	switch {
	case len(r.problems) > before:
	case (object.Query.text == "") == (object.Where.text == ""):
		r.refuse(item.line, "header: audit %s: want a condition that a bad row meets, or a query that gives the bad rows (as an object: where or query)", item.key)
	case !isSeverity(object.Severity):
		r.refuse(item.line, "header: audit %s: %s", item.key, wrongSeverity(object.Severity))
	}
	audit := Audit{Name: item.key, Query: object.Query.text, Severity: object.Severity, About: object.About, File: r.file.label, Line: object.Query.line}
	if object.Where.text != "" {
		audit.Query, audit.Line = "select * from "+table+" where "+object.Where.text, object.Where.line
	}
	return audit, len(r.problems) == before
}

func isQuery(text string) bool {
	word, _, _ := strings.Cut(strings.ToLower(strings.Join(strings.Fields(text), " ")), " ")
	return word == "select" || word == "with" || word == "from"
}

func isSeverity(severity string) bool { return severity == "" || severity == SeverityWarning }

func wrongSeverity(severity string) string {
	return fmt.Sprintf("severity %q: want %s, or nothing for an audit that stops publishing%s", severity, SeverityWarning, suggest.DidYouMean(severity, []string{SeverityWarning}))
}
