// Package model reads models and seeds: SQL and CSV files with a header that says what their table is.
// It parses, it does not run: inputs, parameters and the hash of a model come from DuckDB's own syntax tree.
package model

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"

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
	Facts
	// AuditInputs are tables that only the audits read, AuditParameters the parameters that any audit reads.
	AuditInputs, AuditParameters []string
}

// Seed is one CSV file with the types of its columns.
type Seed struct {
	Name    string // seed.table
	File    string
	Header  Header
	Columns []Column
	Audits  []Audit
	CSV     []byte
	Hash    string
}

// Source is a folder of models: the built-in one, or a project's.
type Source struct {
	Files fs.FS
	Label string // begins the file names in messages
}

// Library is every model and seed of a project, sorted by name.
type Library struct {
	Models     []*Model
	Seeds      []*Seed
	Parameters map[string]Parameter
}

// Load reads the sources in order; a later one replaces an earlier one's file of the same path. All broken files are reported, not
// only the first. serialize is called by several goroutines.
func Load(serialize Serializer, sources ...Source) (*Library, error) {
	files, err := overlay(sources)
	if err != nil {
		return nil, err
	}
	library := &Library{}
	problems := library.addAll(serialize, files)
	if library.Parameters, err = files.parameters(); err != nil {
		problems = append(problems, err)
	}
	problems = append(problems, library.undeclared()...)
	slices.SortFunc(library.Models, func(a, b *Model) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(library.Seeds, func(a, b *Seed) int { return cmp.Compare(a.Name, b.Name) })
	return library, errors.Join(problems...)
}

// addAll parses the files side by side, since parsing is most of what a command does before it begins.
func (l *Library) addAll(serialize Serializer, files overlaid) []error {
	names := files.names()
	parts, problems := make([]Library, len(names)), make([]error, len(names))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, name := range names {
		group.Go(func() error {
			if err := parts[i].add(serialize, files, name); err != nil {
				problems[i] = fmt.Errorf("%s: %w", files[name].label, err)
			}
			return nil
		})
	}
	_ = group.Wait() // each file's problem is told by itself
	for _, part := range parts {
		l.Models, l.Seeds = append(l.Models, part.Models...), append(l.Seeds, part.Seeds...)
	}
	return problems
}

func (l *Library) add(serialize Serializer, files overlaid, name string) error {
	folder, base := path.Split(name)
	schema := strings.TrimSuffix(folder, "/")
	switch {
	case schema == "seeds" && path.Ext(base) == ".csv":
		seed, err := readSeed(files, name)
		if err != nil {
			return err
		}
		l.Seeds = append(l.Seeds, seed)
	case path.Ext(base) == ".sql" && schema != "" && !strings.Contains(schema, "/"):
		model, err := readModel(serialize, schema+"."+strings.TrimSuffix(base, ".sql"), files[name])
		if err != nil {
			return err
		}
		l.Models = append(l.Models, model)
	}
	return nil
}

func readModel(serialize Serializer, name string, file file) (*Model, error) {
	headerText, query, err := splitHeader(string(file.data))
	if err != nil {
		return nil, err
	}
	model := &Model{Name: strings.ToLower(name), File: file.label, Query: strings.TrimRight(strings.TrimSpace(query), ";")}
	if model.Header, err = parseHeader(headerText); err != nil {
		return nil, err
	}
	if len(model.Header.Grain) == 0 {
		return nil, errors.New("header: grain is missing: name the columns that identify a row")
	}
	if model.Header.Kind == "" {
		model.Header.Kind = KindTable
	}
	if model.Columns, err = model.Header.columns(); err != nil {
		return nil, err
	}
	if model.Audits, err = model.Header.audits(model.Name); err != nil {
		return nil, err
	}
	if model.Facts, err = Analyse(serialize, model.Query); err != nil {
		return nil, err
	}
	if slices.Contains(model.Inputs, model.Name) {
		return nil, errors.New("it reads itself")
	}
	if err := model.Header.checkKind(model.Columns, model.Inputs); err != nil {
		return nil, err
	}
	return model, model.readAudits(serialize)
}

func (m *Model) readAudits(serialize Serializer) error {
	inputs, parameters := map[string]bool{}, map[string]bool{}
	for _, audit := range m.Audits {
		facts, err := Analyse(serialize, audit.Query)
		if err != nil {
			return fmt.Errorf("audit %s: %w", audit.Name, err)
		}
		for _, parameter := range facts.Parameters {
			parameters[parameter] = true
		}
		for _, input := range facts.Inputs {
			if input != m.Name && !slices.Contains(m.Inputs, input) {
				inputs[input] = true
			}
		}
	}
	m.AuditInputs, m.AuditParameters = sorted(inputs), sorted(parameters)
	return nil
}

func readSeed(files overlaid, name string) (*Seed, error) {
	base := strings.TrimSuffix(path.Base(name), ".csv")
	headerFile, found := files["seeds/"+base+".yaml"]
	if !found {
		return nil, fmt.Errorf("a seed needs its header beside it: %s.yaml", base)
	}
	seed := &Seed{Name: "seed." + strings.ToLower(base), File: files[name].label, CSV: files[name].data}
	var err error
	if seed.Header, err = parseHeader(string(headerFile.data)); err != nil {
		return nil, err
	}
	if seed.Columns, err = seed.Header.columns(); err != nil {
		return nil, err
	}
	if seed.Header.Kind != "" || seed.Header.Month != "" || len(seed.Header.Reads) > 0 {
		return nil, fmt.Errorf("%s: kind, month and reads are a model's: a seed is stored as its CSV says", headerFile.label)
	}
	for _, column := range seed.Columns {
		if column.Type == "" {
			return nil, fmt.Errorf("%s: column %s has no type", headerFile.label, column.Name)
		}
	}
	if seed.Audits, err = seed.Header.audits(seed.Name); err != nil {
		return nil, err
	}
	hash := sha256.New()
	hash.Write(headerFile.data)
	hash.Write([]byte{0})
	hash.Write(seed.CSV)
	seed.Hash = hex.EncodeToString(hash.Sum(nil))
	return seed, nil
}

// undeclared are the parameters that models read and nobody declares: DuckDB would give NULL for them without a word.
func (l *Library) undeclared() []error {
	var problems []error
	for _, model := range l.Models {
		for _, name := range slices.Concat(model.Parameters, model.AuditParameters) {
			if _, found := l.Parameters[name]; !found {
				problems = append(problems, fmt.Errorf("%s: parameter %q is not declared in parameters.yaml", model.File, name))
			}
		}
	}
	return problems
}
