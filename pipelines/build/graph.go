package build

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"countinghouse/internal/model"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/suggest"
	"countinghouse/internal/warehouse"
)

// Dataset is a canonical dataset as the feeds give it today: one query over conformed files.
type Dataset struct {
	Name  string // dataset.orders
	Query string // over local files
	// Definition is the query with the objects' keys in place of local paths: it decides the fingerprint.
	Definition string
	Objects    []string           // the keys
	Columns    []warehouse.Column // what the query gives; nil: it is asked for
	// Grain, if set, is what two rows must not share: of rows that do, the newest export's counts.
	Grain []string
	// Personal says that rows say who somebody is: they stay where they are, and the dataset is a view of them.
	Personal bool
	Files    []snapshot.SourceFile
	// Of, if set, is Query over some of the files only.
	Of func(files []snapshot.SourceFile) string
	// Shape, if set, gives what decides the rows of the dataset besides its files.
	Shape func() string
}

// node is one thing to make: a model, a seed, a dataset, or a Go step that makes several tables at once.
type node struct {
	name       string
	tables     []string // what it makes; one, but for steps
	inputs     []string
	parameters []string
	definition string // hash of the SQL, the file or the step's version
	kind       string // as a model's header has it; of a dataset that only one node reads, a view
	published  bool
	order      []string
	query      string   // empty for steps
	huge       []string // columns of a model that are stored as BIGINT, see exact; known once it was bound
	model      *model.Model
	seed       *model.Seed
	dataset    *Dataset
	step       *Step
	// fingerprint names what comes out: it is set when the graph is resolved.
	fingerprint string
}

func (n *node) files() []snapshot.SourceFile {
	if n.dataset == nil {
		return nil
	}
	return n.dataset.Files
}

// Graph is every table in an order in which each comes after what it reads, with its fingerprint.
type Graph struct {
	nodes  []*node // in build order
	makers map[string]*node
	values map[string]any
}

// Resolve links the tables, refuses unknown inputs and circles, and computes fingerprints. Nothing is run.
func Resolve(library *model.Library, datasets []Dataset, steps []Step, values map[string]any) (*Graph, error) {
	graph := &Graph{makers: map[string]*node{}, values: values}
	var all []*node
	for _, seed := range library.Seeds {
		all = append(all, seedNode(seed))
	}
	for i := range datasets {
		all = append(all, datasetNode(&datasets[i]))
	}
	for i := range steps {
		all = append(all, stepNode(&steps[i]))
	}
	for _, made := range library.Models {
		all = append(all, modelNode(made))
	}
	var problems []error
	for _, maker := range all {
		for _, table := range maker.tables {
			if graph.makers[table] != nil {
				problems = append(problems, fmt.Errorf("table %s is made twice: by %s and %s", table, graph.makers[table].place(), maker.place()))
			}
			graph.makers[table] = maker
		}
	}
	for i := range steps {
		for name := range steps[i].Kept {
			if maker := graph.makers[name]; maker != nil {
				problems = append(problems, fmt.Errorf("table %s is kept by %s and made by %s", name, steps[i].Name, maker.place()))
			}
		}
	}
	problems = append(problems, graph.unknownInputs(all)...)
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	if err := graph.sort(all); err != nil {
		return nil, err
	}
	graph.viewDatasets()
	return graph, nil
}

// problem tells an error of DuckDB's with the file and the line of the model.
func (n *node) problem(err error) error {
	if n.model == nil {
		return err
	}
	return n.model.EngineProblem(err)
}

// place is where a node is defined, for people.
func (n *node) place() string {
	switch {
	case n.model != nil:
		return n.model.File
	case n.seed != nil:
		return n.seed.File
	}
	return n.name
}

func modelNode(m *model.Model) *node {
	return &node{
		name: m.Name, tables: []string{m.Name}, inputs: m.Inputs, parameters: m.Parameters, definition: m.Hash,
		kind: cmp.Or(m.Header.Kind, model.KindTable), published: snapshot.IsMart(m.Name), order: sortOrder(m), query: m.Query, model: m,
	}
}

func datasetNode(dataset *Dataset) *node {
	return &node{
		name: dataset.Name, tables: []string{dataset.Name}, definition: hash(dataset.Definition), kind: model.KindTable, query: dataset.Query,
		dataset: dataset,
	}
}

// viewDatasets stores no rows of a dataset that is read once: they would be written, and read again, for nothing. Nor does it of a personal one,
// so that clear values stand in conformed files only.
func (g *Graph) viewDatasets() {
	readers := map[string]int{}
	for _, n := range g.nodes {
		for _, input := range n.inputs {
			readers[input]++
		}
	}
	for _, n := range g.nodes {
		if n.dataset != nil && (n.dataset.Personal || readers[n.name] < 2) {
			n.kind = model.KindView
		}
	}
}

// sortOrder sorts marts by their grain, which makes looking up a row cheap; the tables between are written as they come.
func sortOrder(m *model.Model) []string {
	if snapshot.IsMart(m.Name) {
		return m.Header.Grain
	}
	return nil
}

func seedNode(seed *model.Seed) *node {
	return &node{name: seed.Name, tables: []string{seed.Name}, definition: seed.Hash, kind: model.KindTable, query: seedQuery(seed), seed: seed}
}

func stepNode(step *Step) *node {
	definition := hash(fmt.Sprintf("%s %d %s", step.Name, step.Version, step.Definition))
	return &node{name: step.Name, tables: slices.Sorted(maps.Keys(step.Tables)), inputs: step.Inputs, parameters: step.Parameters, definition: definition, step: step}
}

func (g *Graph) unknownInputs(nodes []*node) []error {
	var problems []error
	for _, reader := range nodes {
		for _, input := range reader.inputs {
			if g.makers[input] == nil {
				problems = append(problems, reader.refuse(input, "reads "+input+", which nothing makes"+g.suggest(input)))
			}
		}
	}
	return problems
}

// refuse is a problem of a node at the line of a model's query that names a table; readers of the message know where to look.
func (n *node) refuse(table, message string) error {
	if n.model == nil {
		return errors.New(n.name + " " + message)
	}
	for i, line := range strings.Split(n.query, "\n") {
		if strings.Contains(strings.ToLower(line), table) {
			return n.model.Problem(i+1, message)
		}
	}
	return n.model.Problem(1, message)
}

// suggest names the table that an unknown one was probably meant to be: the same name in another schema, or else the nearest one.
func (g *Graph) suggest(unknown string) string {
	_, base, _ := strings.Cut(unknown, ".")
	for _, table := range slices.Sorted(maps.Keys(g.makers)) {
		if _, other, _ := strings.Cut(table, "."); other == base {
			return suggest.DidYouMean(table, []string{table})
		}
	}
	return suggest.DidYouMean(unknown, slices.Collect(maps.Keys(g.makers)))
}

func (g *Graph) sort(nodes []*node) error {
	slices.SortFunc(nodes, func(a, b *node) int { return strings.Compare(a.name, b.name) })
	state := map[*node]int{} // 1: being visited, 2: done
	var visit func(n *node, path []string) error
	visit = func(n *node, path []string) error {
		path = append(path, n.name)
		switch state[n] {
		case 2:
			return nil
		case 1:
			return n.refuse(path[slices.Index(path, n.name)+1], "models read each other in a circle: "+strings.Join(path[slices.Index(path, n.name):], " -> "))
		}
		state[n] = 1
		for _, input := range n.inputs {
			if err := visit(g.makers[input], path); err != nil {
				return err
			}
		}
		state[n] = 2
		g.nodes = append(g.nodes, n)
		n.fingerprint = g.fingerprint(n)
		return nil
	}
	for _, n := range nodes {
		if err := visit(n, nil); err != nil {
			return err
		}
	}
	return nil
}

// engineVersion changes when the way tables are written or hashed does, so that old results are not taken for new ones.
const engineVersion = "2"

// fingerprint is of everything that decides a table's rows: its definition, its inputs' fingerprints and the parameters it reads.
func (g *Graph) fingerprint(n *node) string {
	identity := struct {
		Engine, Name, Definition, Kind string
		Order, Grain                   []string
		Inputs, Parameters             map[string]string
		Month                          string
		Reads                          map[string]model.Read
	}{Engine: engineVersion, Name: n.name, Definition: n.definition, Order: n.order, Inputs: g.inputsOf(n), Parameters: g.parametersOf(n)}
	if n.model != nil {
		identity.Kind, identity.Month, identity.Reads = n.kind, n.model.Header.Month, n.model.Header.Reads
	}
	if n.dataset != nil {
		identity.Grain = n.dataset.Grain
		if n.dataset.Personal {
			identity.Kind = "personal view" // a table that an older version stored is not taken for it
		}
	}
	return hashOf(identity)
}

func hashOf(identity any) string {
	text, err := json.Marshal(identity)
	if err != nil {
		panic(err) // strings and maps of strings always encode
	}
	return hash(string(text))[:32]
}

// above gives the nodes that make the tables, and all that they read, in build order.
func (g *Graph) above(tables map[string]bool) []*node {
	wanted := map[*node]bool{}
	for _, n := range slices.Backward(g.nodes) {
		for _, table := range n.tables {
			wanted[n] = wanted[n] || tables[table]
		}
		if wanted[n] {
			for _, input := range n.inputs {
				wanted[g.makers[input]] = true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(g.nodes), func(n *node) bool { return !wanted[n] })
}

func (g *Graph) inputsOf(n *node) map[string]string {
	inputs := map[string]string{}
	for _, input := range n.inputs {
		inputs[input] = g.makers[input].fingerprint
	}
	return inputs
}

func (g *Graph) parametersOf(n *node) map[string]string {
	parameters := map[string]string{}
	for _, name := range n.parameters {
		parameters[name] = warehouse.Literal(g.values[name])
	}
	return parameters
}

// Fingerprints gives the fingerprint of every table.
func (g *Graph) Fingerprints() map[string]string {
	fingerprints := map[string]string{}
	for table, maker := range g.makers {
		fingerprints[table] = maker.fingerprint
	}
	return fingerprints
}

// Inputs gives the tables that a table is made from, directly.
func (g *Graph) Inputs(table string) []string {
	if maker := g.makers[table]; maker != nil {
		return maker.inputs
	}
	return nil
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
