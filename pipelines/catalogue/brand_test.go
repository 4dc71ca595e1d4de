package catalogue_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/contract"
	"countinghouse/internal/model"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/catalogue"
	"countinghouse/pipelines/estimate"
	"countinghouse/pipelines/identity"
	"countinghouse/pipelines/ledger"
	"countinghouse/pipelines/linkage"
	"countinghouse/schemas"
	"countinghouse/sql"

	"golang.org/x/net/html"
)

// definitions are the product's own feeds, models and steps.
func definitions(t testing.TB) catalogue.Definitions {
	t.Helper()
	session, err := warehouse.Open(t.Context(), warehouse.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	library, err := model.Load(func(text string) ([]byte, error) { return session.Serialize(t.Context(), text) }, model.Source{Files: sql.Files, Label: "sql"})
	if err != nil {
		t.Fatal(err)
	}
	registry, err := contract.Load(schemas.Files, nil)
	if err != nil {
		t.Fatal(err)
	}
	values, err := library.Values(map[string]any{"as_of": "2026-10-31"})
	if err != nil {
		t.Fatal(err)
	}
	return catalogue.Definitions{Library: library, Registry: registry, Steps: steps(), Values: values, Dir: "/somewhere/else"}
}

func steps() []catalogue.Step {
	made := map[string][]warehouse.Column{}
	for _, table := range ledger.Tables() {
		for _, column := range table.Columns {
			made[table.Name] = append(made[table.Name], warehouse.Column{Name: column.Name, Type: string(column.Type)})
		}
	}
	return []catalogue.Step{
		{Name: "similar", Inputs: linkage.Inputs(), Parameters: linkage.Parameters(), Tables: linkage.Tables()},
		{Name: "identity", Inputs: identity.Inputs(), Tables: identity.Tables()},
		{Name: "ledger", Inputs: []string{"dataset.point_transactions", "seed.point_pools", "seed.points_programme"}, Parameters: []string{"as_of"}, Tables: made},
		{Name: "estimate", Inputs: estimate.Inputs(), Parameters: estimate.Parameters(), Tables: estimate.Tables()},
	}
}

// builtIn is the catalogue of the product, as if mart.customer_pyramid had been published three times.
func builtIn(t testing.TB) catalogue.Catalogue {
	t.Helper()
	made, err := catalogue.New(definitions(t))
	if err != nil {
		t.Fatal(err)
	}
	made.Brand, made.Currency = "清茶 Qing & Co", "CNY"
	at := time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC)
	made.Environment = catalogue.Environment{Name: "prod", Version: 3, AsOf: "2026-10-31", RunID: "run-3", PublishedAt: at}
	pyramid := made.Table("mart.customer_pyramid")
	pyramid.SetBuilt(snapshot.Manifest{
		Name: "mart.customer_pyramid", Table: snapshot.Table{Fingerprint: "f00d", Rows: 12345}, Columns: []warehouse.Column{{Name: "AS_OF", Type: "DATE"}},
		Bytes: 2_500_000, Seconds: 1.25, BuiltAt: at, SQL: pyramid.SQL + "\n\n",
	}, time.FixedZone("CST", 8*3600))
	for i, rows := range []int64{10000, 11000, 12345} {
		pyramid.History = append(pyramid.History, catalogue.Point{Version: int64(i + 1), AsOf: "2026-10-31", PublishedAt: at, Rows: rows, Bytes: rows * 200})
	}
	made.Table("core.orders").Columns[0].Sources = []catalogue.Source{{Table: "dataset.orders", Column: "channel"}, {Feed: "tmall_orders", Column: "paid_amount"}, {Table: "gone.gone", Column: "x"}, {Parameter: "window_days"}}
	return made
}

// site is a site by file, with its pages parsed.
type site struct {
	files map[string][]byte
	pages map[string]*html.Node
}

func write(t testing.TB, c catalogue.Catalogue) site {
	t.Helper()
	files, err := catalogue.Site(c)
	if err != nil {
		t.Fatal(err)
	}
	made := site{map[string][]byte{}, map[string]*html.Node{}}
	for _, file := range files {
		if made.files[file.Path] != nil {
			t.Errorf("%s is written twice", file.Path)
		}
		made.files[file.Path] = file.Data
		if strings.HasSuffix(file.Path, ".html") {
			root, err := html.Parse(strings.NewReader(string(file.Data)))
			if err != nil {
				t.Fatal(err)
			}
			made.pages[file.Path] = root
		}
	}
	return made
}

// elements are those of some kinds below a node, all kinds where none is named.
func elements(root *html.Node, kinds ...string) []*html.Node {
	var found []*html.Node
	for node := range root.Descendants() {
		if node.Type == html.ElementNode && (len(kinds) == 0 || slices.Contains(kinds, node.Data)) {
			found = append(found, node)
		}
	}
	return found
}

func attribute(node *html.Node, name string) string {
	for _, one := range node.Attr {
		if one.Key == name {
			return one.Val
		}
	}
	return ""
}

// textOf is what an English reader sees, with a blank before each cell.
func textOf(root *html.Node) string {
	var text strings.Builder
	for node := range root.Descendants() {
		if node.Type == html.ElementNode && slices.Contains([]string{"td", "dt", "dd", "li"}, node.Data) {
			text.WriteString(" ")
		}
		chinese := node.Parent != nil && attribute(node.Parent, "class") == "zh"
		if node.Type == html.TextNode && !chinese {
			text.WriteString(node.Data)
		}
	}
	return text.String()
}

// section is the part of a page below the heading with an id.
func section(t testing.TB, root *html.Node, id string) *html.Node {
	t.Helper()
	for _, one := range elements(root, "section") {
		if attribute(one, "aria-labelledby") == id {
			return one
		}
	}
	t.Fatalf("the page has no section %q", id)
	return nil
}

// fill puts a text into every string that is empty or not below a value, in place of what is there.
func fill(value reflect.Value, text string) {
	switch value.Kind() {
	case reflect.String:
		value.SetString(text)
	case reflect.Struct:
		for i := range value.NumField() {
			if value.Type().Field(i).IsExported() {
				fill(value.Field(i), text)
			}
		}
	case reflect.Slice:
		for i := range value.Len() {
			fill(value.Index(i), text)
		}
	case reflect.Pointer:
		if !value.IsNil() {
			fill(value.Elem(), text)
		}
	}
}
