package model

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"countinghouse/internal/suggest"
)

// AuditFile is an audit in a file of its own, sql/audits/<name>.sql: one select that gives the bad rows. Load hangs it on its table,
// among whose Audits it is then found.
type AuditFile struct {
	Name      string
	File      string
	Header    AuditHeader
	Query     string
	QueryLine int // the line of File that Query begins in
	Facts
}

// AuditHeader is what the comment at the top of an audit's file says.
type AuditHeader struct {
	About    string   `yaml:"about"`
	Chinese  string   `yaml:"zh"`
	Owner    string   `yaml:"owner"`
	Tags     []string `yaml:"tags"`
	Severity string   `yaml:"severity"`
	// Table is the model or seed whose promise it is, which is not published while a row is bad. Load fills in the first one that the
	// query names.
	Table string `yaml:"table"`
}

const auditsFolder = "audits"

func (r *reading) auditFile(name string) *AuditFile {
	found, ok := r.split()
	if !ok {
		return nil
	}
	audit := &AuditFile{Name: strings.ToLower(name), File: r.file.label, Query: found.query, QueryLine: found.queryLine}
	places, ok := r.header(found.header, found.headerLine, &audit.Header)
	audit.Facts = r.facts(audit.Query, audit.QueryLine, "")
	r.auditReads = r.reads(audit.InputLines)
	switch {
	case !ok:
	case audit.Header.About == "":
		r.refuse(1, "header: about is missing: say in a sentence what a bad row is")
	case !isSeverity(audit.Header.Severity):
		r.refuse(places.line("severity"), "header: %s", wrongSeverity(audit.Header.Severity))
	case audit.Header.Table != "" && !slices.Contains(audit.Inputs, audit.Header.Table):
		r.refuse(places.line("table"), "header: table %s is not read by the query%s", audit.Header.Table, suggest.DidYouMean(audit.Header.Table, audit.Inputs))
	}
	return audit
}

// unknownTables are the tables that audits read and nothing makes, in the schemas of which this library makes some. What the other
// schemas hold is not known here.
func (l *Library) unknownTables() []Problem {
	made, schemas := []string{}, map[string]bool{}
	for _, m := range l.Models {
		made = append(made, m.Name)
	}
	for _, seed := range l.Seeds {
		made = append(made, seed.Name)
	}
	for _, table := range made {
		schemas[schemaOf(table)] = true
	}
	var problems []Problem
	for _, read := range l.auditReads {
		if schemas[schemaOf(read.table)] && !slices.Contains(made, read.table) {
			message := "an audit reads " + read.table + ", which nothing makes" + suggest.DidYouMean(read.table, made)
			problems = append(problems, Problem{File: read.file, Line: read.line, Message: message})
		}
	}
	return problems
}

func schemaOf(table string) string {
	schema, _, _ := strings.Cut(table, ".")
	return schema
}

// hangAudits gives each audit file to its table, as if the table's own header had it.
func (l *Library) hangAudits() []Problem {
	var problems []Problem
	for _, audit := range l.Audits {
		if message := l.hang(audit); message != "" {
			problems = append(problems, Problem{File: audit.File, Line: audit.QueryLine, Message: message})
		}
	}
	return problems
}

func (l *Library) hang(file *AuditFile) (problem string) {
	named := slices.Clone(file.Inputs)
	slices.SortStableFunc(named, func(a, b string) int { return cmp.Compare(file.positions[a], file.positions[b]) })
	if file.Header.Table != "" {
		named = []string{file.Header.Table}
	}
	for _, table := range named {
		audits, inputs, parameters := l.auditsOf(table)
		if audits == nil {
			continue
		}
		file.Header.Table = table
		audit := Audit{Name: file.Name, Query: file.Query, Severity: file.Header.Severity, About: file.Header.About, File: file.File, Line: file.QueryLine}
		for _, other := range *audits {
			if other.Name == audit.Name {
				return fmt.Sprintf("%s has an audit %s already, at %s:%d", table, audit.Name, other.File, other.Line)
			}
		}
		*audits = append(*audits, audit)
		*inputs = unique(append(*inputs, slices.DeleteFunc(slices.Clone(file.Inputs), func(input string) bool { return input == table })...))
		*parameters = unique(append(*parameters, file.Parameters...))
		return ""
	}
	if len(named) == 0 {
		return "it reads no table: an audit is a select that gives the bad rows of a model or seed"
	}
	return fmt.Sprintf("it reads no model and no seed of this project, only %s: whose promise is it?", strings.Join(file.Inputs, ", "))
}

// auditsOf gives the audits of a model or seed and what they read, to be added to; nil for any other table.
func (l *Library) auditsOf(table string) (audits *[]Audit, inputs, parameters *[]string) {
	for _, m := range l.Models {
		if m.Name == table {
			return &m.Audits, &m.AuditInputs, &m.AuditParameters
		}
	}
	for _, seed := range l.Seeds {
		if seed.Name == table {
			return &seed.Audits, &seed.AuditInputs, &seed.AuditParameters
		}
	}
	return nil, nil, nil
}
