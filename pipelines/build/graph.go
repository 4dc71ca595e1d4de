package build

import (
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
	"countinghouse/internal/warehouse"
)

// Dataset is a canonical dataset as the feeds give it today: one query over conformed files.
type Dataset struct {
	Name  string // dataset.orders
	Query string // over local files
	// Definition is the query with the objects' keys in place of local paths: it decides the fingerprint.
	Definition string
	// Grain, if set, is what two rows must not share: of rows that do, the newest export's counts.
	Grain []string
	Files []snapshot.SourceFile
}

// node is one thing to make: a model, a seed, a dataset, or a Go step that makes several tables at once.
type node struct {
	name       string
	tables     []string // what it makes; one, but for steps
	inputs     []string
	parameters []string
	definition string // hash of the SQL, the file or the step's version
	order      []string
	unique     []string // of rows that share these, the newest export's is kept
	query      string   // empty for steps
	files      []snapshot.SourceFile
	step       *Step
	// fingerprint names what comes out: it is set when the graph is resolved.
	fingerprint string
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
	for _, dataset := range datasets {
		all = append(all, &node{name: dataset.Name, tables: []string{dataset.Name}, definition: hash(dataset.Definition), unique: dataset.Grain, query: dataset.Query, files: dataset.Files})
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
				problems = append(problems, fmt.Errorf("table %s is made twice", table))
			}
			graph.makers[table] = maker
		}
	}
	problems = append(problems, graph.unknownInputs(all)...)
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return graph, graph.sort(all)
}

func modelNode(m *model.Model) *node {
	return &node{
		name: m.Name, tables: []string{m.Name}, inputs: m.Inputs, parameters: m.Parameters, definition: m.Hash,
		order: sortOrder(m), query: m.Query,
	}
}

// sortOrder sorts marts by their grain, which makes looking up a row cheap; the tables between are written as they come.
func sortOrder(m *model.Model) []string {
	if strings.HasPrefix(m.Name, "mart.") {
		return m.Header.Grain
	}
	return nil
}

func seedNode(seed *model.Seed) *node {
	return &node{name: seed.Name, tables: []string{seed.Name}, definition: seed.Hash, query: seedQuery(seed)}
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
				problems = append(problems, fmt.Errorf("%s reads %s, which nothing makes%s", reader.name, input, g.suggest(input)))
			}
		}
	}
	return problems
}

// suggest names the table that an unknown one was probably meant to be: one of its schema rather than another's.
func (g *Graph) suggest(unknown string) string {
	schema, base, _ := strings.Cut(unknown, ".")
	likely := ""
	for _, table := range slices.Sorted(maps.Keys(g.makers)) {
		ownSchema, other, _ := strings.Cut(table, ".")
		if strings.TrimSuffix(other, "s") != strings.TrimSuffix(base, "s") {
			continue
		}
		if likely == "" || ownSchema == schema {
			likely = table
		}
	}
	if likely == "" {
		return ""
	}
	return ": did you mean " + likely + "?"
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
			return fmt.Errorf("models read each other in a circle: %s", strings.Join(path, " -> "))
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
const engineVersion = "1"

// fingerprint is of everything that decides a table's rows: its definition, its inputs' fingerprints and the parameters it reads.
func (g *Graph) fingerprint(n *node) string {
	identity := struct {
		Engine, Name, Definition string
		Order, Unique            []string
		Inputs, Parameters       map[string]string
	}{engineVersion, n.name, n.definition, n.order, n.unique, g.inputsOf(n), g.parametersOf(n)}
	text, err := json.Marshal(identity)
	if err != nil {
		panic(err) // strings and maps of strings always encode
	}
	return hash(string(text))[:32]
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
