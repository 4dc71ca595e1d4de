package scaffold_test

import (
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"countinghouse/internal/contract"
	"countinghouse/internal/model"
	"countinghouse/pipelines/scaffold"
	"countinghouse/schemas"
	"countinghouse/sql"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// builtin are the files of the product that are of one kind.
func builtin(t *testing.T, kind string) map[string][]byte {
	t.Helper()
	place := map[string]struct {
		tree    fs.FS
		pattern string
		fewest  int
	}{
		"feed": {schemas.Files, "feeds/*.yaml", 30}, "dataset": {schemas.Files, "datasets/*.yaml", 15},
		"seed": {sql.Files, "seeds/*.yaml", 5}, "parameters": {sql.Files, "parameters.yaml", 1},
	}[kind]
	names, err := fs.Glob(place.tree, place.pattern)
	if err != nil || len(names) < place.fewest {
		t.Fatalf("%d files, %v", len(names), err)
	}
	texts := map[string][]byte{}
	for _, name := range names {
		if texts[name], err = fs.ReadFile(place.tree, name); err != nil {
			t.Fatal(err)
		}
	}
	return texts
}

func TestBuiltinFilesFitTheirSchemas(t *testing.T) {
	for _, kind := range []string{"feed", "dataset", "seed", "parameters"} {
		schema := read(t, kind)
		for name, text := range builtin(t, kind) {
			for _, problem := range validate(schema, parsed(t, text), name) {
				t.Error(problem)
			}
		}
	}
}

// TestUnknownKeysAreRefused puts a key that nobody knows into every object of the built-in files.
func TestUnknownKeysAreRefused(t *testing.T) {
	free := regexp.MustCompile(`^\.(gives|gives\.\w+\.columns|columns\[\d+\]\.values|example\.gives.*|columns|audits)?$`)
	for _, kind := range []string{"feed", "dataset", "seed"} {
		schema, tried := read(t, kind), 0
		for name, text := range builtin(t, kind) {
			whole := parsed(t, text)
			eachObject(whole, "", func(place string, held object) {
				if place != "" && kind != "dataset" && free.MatchString(place) {
					return // the writer chooses the keys
				}
				held["unheard_of"], tried = "x", tried+1
				if len(validate(schema, whole, name)) == 0 {
					t.Errorf("%s: %s may have any key", name, place)
				}
				delete(held, "unheard_of")
			})
		}
		if tried < 20 {
			t.Errorf("%s: only %d objects tried", kind, tried)
		}
	}
}

func eachObject(value any, place string, visit func(place string, held object)) {
	switch v := value.(type) {
	case object:
		visit(place, v)
		for _, key := range slices.Sorted(maps.Keys(v)) {
			eachObject(v[key], place+"."+key, visit)
		}
	case []any:
		for _, item := range v {
			eachObject(item, place+"[0]", visit)
		}
	}
}

const (
	smallFeed = `{feed: a, files: {names: ["a*"], container: csv}, columns: [{name: k, header: [k], type: id}], gives: {d: {columns: {k: k}}}}`
	smallSet  = `{dataset: d, grain: [k], columns: [{name: k, type: text}]}`
)

// loaded reads a feed and a dataset as the product does.
func loaded(feed, dataset string) string {
	_, err := contract.Load(fstest.MapFS{"feeds/a.yaml": {Data: []byte(feed)}, "datasets/d.yaml": {Data: []byte(dataset)}}, nil)
	if err != nil {
		return err.Error()
	}
	return ""
}

// TestWordsAreTheCodes compares the words that a schema knows with those that the product names when it is given another one.
func TestWordsAreTheCodes(t *testing.T) {
	if problem := loaded(smallFeed, smallSet); problem != "" {
		t.Fatal(problem)
	}
	for place, c := range map[string]struct{ kind, feed, dataset string }{
		"files.container":  {"feed", strings.Replace(smallFeed, "csv", "zzz", 1), smallSet},
		"files.encoding":   {"feed", strings.Replace(smallFeed, "csv", "csv, encoding: zzz", 1), smallSet},
		"files.header":     {"feed", strings.Replace(smallFeed, "csv", "csv, header: zzz", 1), smallSet},
		"columns.type":     {"feed", strings.Replace(smallFeed, "type: id", "type: zzz", 1), smallSet},
		"columns.empty":    {"feed", strings.Replace(smallFeed, "type: id", "type: id, empty: zzz", 1), smallSet},
		"columns.unit":     {"feed", strings.Replace(smallFeed, "type: id", "type: money, unit: zzz", 1), smallSet},
		"columns.type (d)": {"dataset", smallFeed, strings.Replace(smallSet, "type: text", "type: zzz", 1)},
	} {
		message := loaded(c.feed, c.dataset)
		_, list, found := strings.Cut(message, `unknown value "zzz", want one of `)
		if !found {
			t.Errorf("%s: the product says %q", place, message)
			continue
		}
		first, _, _ := strings.Cut(list, "\n")
		known := slices.DeleteFunc(strings.Split(first, ", "), func(word string) bool { return word == "" })
		if difference := cmp.Diff(known, words(t, c.kind, strings.TrimSuffix(place, " (d)"))); difference != "" {
			t.Errorf("%s: - the product's words, + the schema's\n%s", place, difference)
		}
	}
}

// words are those of the value at a place of a schema.
func words(t *testing.T, kind, place string) []string {
	t.Helper()
	at := read(t, kind)
	for _, key := range strings.Split(place, ".") {
		if items, isList := at["items"].(object); isList {
			at = items
		}
		at = at["properties"].(object)[key].(object)
	}
	var known []string
	for _, word := range at["enum"].([]any) {
		known = append(known, word.(string))
	}
	return known
}

// TestRequiredKeysAreRequired takes away each key that a schema requires, and the product refuses what is left.
func TestRequiredKeysAreRequired(t *testing.T) {
	for kind, text := range map[string]string{"feed": smallFeed, "dataset": smallSet} {
		whole, tried := parsed(t, []byte(text)), 0
		eachObject(whole, "", func(place string, held object) {
			for _, key := range slices.Sorted(maps.Keys(held)) {
				kept := held[key]
				delete(held, key)
				refused := len(validate(read(t, kind), whole, kind)) > 0
				feed, dataset := smallFeed, smallSet
				if kind == "feed" {
					feed = marshal(t, whole)
				} else {
					dataset = marshal(t, whole)
				}
				if refused && loaded(feed, dataset) == "" {
					t.Errorf("%s: %s.%s: the schema requires it, the product does not", kind, place, key)
				}
				held[key], tried = kept, tried+1
			}
		})
		if tried < 5 {
			t.Errorf("%s: only %d keys tried", kind, tried)
		}
	}
}

func marshal(t *testing.T, value any) string {
	t.Helper()
	text, err := yaml.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestEditorsKnowTheNames looks where the writer of a file chooses a name that comes with the product; another one is allowed too.
func TestEditorsKnowTheNames(t *testing.T) {
	gives := read(t, "feed")["properties"].(object)["gives"].(object)
	orders := gives["properties"].(object)["orders"].(object)["properties"].(object)["columns"].(object)["properties"].(object)
	if text := orders["paid_amount"].(object)["description"]; text != "实付金额 · money" {
		t.Errorf("gives.orders.columns.paid_amount is described by %q", text)
	}
	if got := len(gives["properties"].(object)); got != len(builtin(t, "dataset")) {
		t.Errorf("%d datasets are known, want %d", got, len(builtin(t, "dataset")))
	}
	window := read(t, "countinghouse")["properties"].(object)["parameters"].(object)["properties"].(object)["window_days"].(object)
	if window["default"] != 365.0 || window["type"] != "integer" {
		t.Errorf("window_days: %v", window)
	}
	for text, bad := range map[string]int{
		"parameters: {window_days: 180, my_own: x}": 0, "parameters: {window_days: many}": 1, "parameters: {churn_drop_share: 0.4, tier_downgrade: year_end}": 0,
	} {
		if problems := validate(read(t, "countinghouse"), parsed(t, []byte(text)), "$"); len(problems) != bad {
			t.Errorf("%s: %v", text, problems)
		}
	}
}

// TestParameterTypes holds the types of parameters against the code that reads them.
func TestParameterTypes(t *testing.T) {
	types := read(t, "parameters")["additionalProperties"].(object)["properties"].(object)["type"].(object)["enum"].([]any)
	sample := map[string]any{"date": "2026-10-31", "integer": 1, "decimal": 0.5, "text": "x", "boolean": true}
	if len(types) != len(sample) {
		t.Errorf("%d types, want %d", len(types), len(sample))
	}
	for _, name := range types {
		library := model.Library{Parameters: map[string]model.Parameter{"p": {Type: name.(string), Default: sample[name.(string)]}}}
		if _, err := library.Values(nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSchemasAreTheSameEachTime(t *testing.T) {
	first, err := scaffold.Schemas()
	if err != nil {
		t.Fatal(err)
	}
	second, err := scaffold.Schemas()
	if err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff(first, second); difference != "" {
		t.Error(difference)
	}
	for name := range first {
		if path.Dir(name) != "editor" {
			t.Errorf("%s is elsewhere", name)
		}
	}
}
