// Package model reads models, seeds and audits: SQL and CSV files with a header that says what their table is.
// It parses, it does not run: inputs, parameters and the hash of a model come from DuckDB's own syntax tree.
package model

import (
	"cmp"
	"io/fs"
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"countinghouse/internal/suggest"

	"golang.org/x/sync/errgroup"
)

// Model is one SQL file and what it says.
type Model struct {
	Name    string // schema.table
	File    string // where it is, for people
	Header  Header
	Columns []Column
	Audits  []Audit
	Query   string
	// QueryLine is the line of File that Query begins in: line n of the query is line QueryLine+n-1 of the file.
	QueryLine int
	Facts
	// AuditInputs are tables that only the audits read, AuditParameters the parameters that any audit reads.
	AuditInputs, AuditParameters []string
}

// Problem is one of the model at a line of its query, counted from 1; 0 is the file as a whole.
func (m *Model) Problem(queryLine int, message string) Problem {
	problem := Problem{File: m.File, Message: message}
	if queryLine > 0 {
		problem.Line = m.QueryLine + queryLine - 1
	}
	return problem
}

// Source is a folder of models: the built-in one, or a project's.
type Source struct {
	Files fs.FS
	Label string // begins the file names in messages
}

// Library is every model, seed and audit file of a project, each sorted by name.
type Library struct {
	Models     []*Model
	Seeds      []*Seed
	Audits     []*AuditFile // those in the audits folder; each is also among the audits of its table
	Parameters map[string]Parameter

	auditReads []auditRead
}

// Load reads the sources in order; a later one replaces an earlier one's file of the same path. The error is every Problem of every
// file, joined. serialize is called by several goroutines.
func Load(serialize Serializer, sources ...Source) (*Library, error) {
	files, err := overlay(sources)
	if err != nil {
		return nil, err
	}
	library := &Library{}
	parameters, problems := files.parameters()
	library.Parameters = parameters
	problems = append(problems, library.addAll(&project{serialize: serialize, files: files, parameters: parameters})...)
	slices.SortFunc(library.Models, func(a, b *Model) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(library.Seeds, func(a, b *Seed) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(library.Audits, func(a, b *AuditFile) int { return cmp.Compare(a.Name, b.Name) })
	if len(problems) == 0 {
		problems = slices.Concat(library.twins(), library.unknownTables(), library.hangAudits())
	}
	return library, joined(problems)
}

// LoadParameters is Load of the parameters alone, which is much quicker.
func LoadParameters(sources ...Source) (*Library, error) {
	files, err := overlay(sources)
	if err != nil {
		return nil, err
	}
	parameters, problems := files.parameters()
	return &Library{Parameters: parameters}, joined(problems)
}

// project is what the reading of one file may need of the others.
type project struct {
	serialize  Serializer
	files      overlaid
	parameters map[string]Parameter
}

// addAll parses the files side by side, since parsing is most of what a command does before it begins.
func (l *Library) addAll(from *project) []Problem {
	names := from.files.names()
	parts, problems := make([]Library, len(names)), make([][]Problem, len(names))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, name := range names {
		group.Go(func() error {
			problems[i] = parts[i].add(from, name)
			return nil
		})
	}
	_ = group.Wait() // each file's problems are told by themselves
	for _, part := range parts {
		l.Models, l.Seeds, l.Audits = append(l.Models, part.Models...), append(l.Seeds, part.Seeds...), append(l.Audits, part.Audits...)
		l.auditReads = append(l.auditReads, part.auditReads...)
	}
	return slices.Concat(problems...)
}

// add reads the file if it is a model, a seed or an audit; it is added only when nothing is wrong with it.
func (l *Library) add(from *project, name string) []Problem {
	folder, base := path.Split(name)
	schema, table := strings.TrimSuffix(folder, "/"), strings.TrimSuffix(base, path.Ext(base))
	r := &reading{project: from, file: from.files[name]}
	var part Library
	switch {
	case !utf8.Valid(r.file.data):
		r.refuse(notUTF8(r.file.data), "this is not UTF-8: save the file in that encoding")
	case schema == seedsFolder && path.Ext(base) == ".csv":
		part.Seeds = []*Seed{r.seed(name)}
	case path.Ext(base) != ".sql":
	case schema == "" || strings.Contains(schema, "/") || !isName(schema) || !isName(table):
		r.refuse(0, "a model is sql/<schema>/<table>.sql, an audit sql/audits/<name>.sql, each name of letters, digits and _ only")
	case isTaken(schema):
		r.refuse(0, "tables of %s do not come from models: put it into core, mart or a schema of your own", schema)
	case schema == auditsFolder:
		part.Audits = []*AuditFile{r.auditFile(table)}
	default:
		part.Models = []*Model{r.model(schema + "." + table)}
	}
	if len(r.problems) == 0 {
		*l = part
		l.auditReads = r.auditReads
	}
	return r.problems
}

// isTaken knows the schemas that are filled by feeds, Go steps and seeds, and those of DuckDB itself.
func isTaken(schema string) bool {
	switch strings.ToLower(schema) {
	case "dataset", "feed", "identity", "ledger", "seed", "main", "temp", "system", "information_schema", "pg_catalog":
		return true
	}
	return false
}

// notUTF8 is the line of the first bytes that are no UTF-8, from 1.
func notUTF8(data []byte) int {
	line := 1
	for len(data) > 0 {
		letter, size := utf8.DecodeRune(data)
		if letter == utf8.RuneError && size == 1 {
			break
		}
		if letter == '\n' {
			line++
		}
		data = data[size:]
	}
	return line
}

// isName says whether a name can stand in SQL as it is.
func isName(name string) bool {
	for i, letter := range name {
		if letter != '_' && !unicode.IsLetter(letter) && (i == 0 || !unicode.IsDigit(letter)) {
			return false
		}
	}
	return name != ""
}

// twins are the tables that two files make: their names differ in capitals only, which SQL does not tell apart.
func (l *Library) twins() []Problem {
	files := map[string]string{}
	var problems []Problem
	add := func(table, file string) {
		if other, found := files[table]; found {
			problems = append(problems, Problem{File: file, Message: table + " is made by " + other + " already: give one of them another name"})
		}
		files[table] = file
	}
	for _, m := range l.Models {
		add(m.Name, m.File)
	}
	for _, seed := range l.Seeds {
		add(seed.Name, seed.File)
	}
	return problems
}

func (r *reading) model(name string) *Model {
	found, ok := r.split()
	if !ok {
		return nil
	}
	m := &Model{Name: strings.ToLower(name), File: r.file.label, Query: found.query, QueryLine: found.queryLine}
	places, ok := r.header(found.header, found.headerLine, &m.Header)
	m.Facts = r.facts(m.Query, m.QueryLine, "")
	if slices.Contains(m.Inputs, m.Name) {
		r.refuse(m.InputLines[m.Name], "it reads itself")
	}
	if !ok {
		return nil
	}
	r.checkAbout(m.Header)
	if len(m.Header.Grain) == 0 {
		r.refuse(places.line("grain"), "header: grain is missing: name the columns that identify a row")
	}
	m.Header.Kind = cmp.Or(m.Header.Kind, KindTable)
	m.Columns = r.columns(m.Header.Columns)
	r.checkGrain(m.Header, m.Columns, places)
	r.checkKind(m, places)
	audits := r.audits(m.Name, m.Header, m.Columns, places, m.Inputs)
	m.Audits, m.AuditInputs, m.AuditParameters, r.auditReads = audits.all, audits.inputs, audits.parameters, audits.reads
	return m
}

func (r *reading) checkAbout(header Header) {
	if header.About == "" {
		r.refuse(1, "header: about is missing: say in a sentence what a row is")
	}
}

// facts analyses a statement that begins in the given line of the file, and refuses parameters that nobody declares: DuckDB would give
// NULL for them without a word.
func (r *reading) facts(query string, firstLine int, about string) Facts {
	facts, problems := analyse(r.serialize, query)
	r.refuseAll(problems, firstLine, about)
	facts.InputLines, facts.ParameterLines = shifted(facts.InputLines, firstLine), shifted(facts.ParameterLines, firstLine)
	for _, name := range facts.Parameters {
		if _, found := r.parameters[name]; !found {
			known := slices.Collect(maps.Keys(r.parameters))
			r.refuse(facts.ParameterLines[name], "%sparameter %q is not declared in parameters.yaml%s", about, name, suggest.DidYouMean(name, known))
		}
	}
	return facts
}

func shifted(lines map[string]int, firstLine int) map[string]int {
	for name := range lines {
		lines[name] += firstLine - 1
	}
	return lines
}
