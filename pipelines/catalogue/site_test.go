package catalogue_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"countinghouse/pipelines/catalogue"
	"countinghouse/schemas"
	"countinghouse/sql"

	"golang.org/x/net/html"
)

// TestEverythingHasAPage counts what there is by the files of the product, not by the catalogue.
func TestEverythingHasAPage(t *testing.T) {
	made := write(t, builtIn(t))
	pages := map[string]string{}
	add := func(files fs.FS, pattern, folder, prefix string) {
		found, err := fs.Glob(files, pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(found), err)
		}
		for _, file := range found {
			name := prefix + strings.TrimSuffix(path.Base(file), path.Ext(file))
			pages[folder+name+".html"] = name
		}
	}
	add(sql.Files, "core/*.sql", "tables/", "core.")
	add(sql.Files, "mart/*.sql", "tables/", "mart.")
	add(sql.Files, "restricted/*.sql", "tables/", "restricted.")
	add(sql.Files, "seeds/*.csv", "tables/", "seed.")
	add(schemas.Files, "datasets/*.yaml", "tables/", "dataset.")
	add(schemas.Files, "feeds/*.yaml", "feeds/", "")
	for _, step := range steps() {
		for table := range step.Tables {
			pages["tables/"+table+".html"] = table
		}
	}
	for page, name := range pages {
		root := made.pages[page]
		if root == nil {
			t.Errorf("%s is missing", page)
			continue
		}
		if title := textOf(elements(root, "h1")[0]); title != name {
			t.Errorf("%s is about %q", page, title)
		}
	}
	if got := len(made.pages) - 6; got != len(pages) { // start, tables, feeds, lineage, parameters, builds
		t.Errorf("%d pages of tables and feeds, want %d", got, len(pages))
	}
}

// TestLinksLead: every address in the site is relative, and is of a file and a place in it that are there; so are those of the search.
func TestLinksLead(t *testing.T) {
	made := write(t, builtIn(t))
	anchors := map[string]map[string]bool{}
	for name, root := range made.pages {
		anchors[name] = map[string]bool{}
		for _, element := range elements(root) {
			if id := attribute(element, "id"); id != "" {
				if anchors[name][id] {
					t.Errorf("%s: the id %q stands twice", name, id)
				}
				anchors[name][id] = true
			}
		}
	}
	check := func(from, address string) {
		file, anchor, _ := strings.Cut(address, "#")
		target := from
		if file != "" {
			target = path.Join(path.Dir(from), file)
		}
		if made.files[target] == nil || anchor != "" && !anchors[target][anchor] {
			t.Errorf("%s: %q leads nowhere", from, address)
		}
	}
	links := 0
	for name, root := range made.pages {
		for _, element := range elements(root) {
			for _, key := range []string{"href", "src", "data-index"} {
				if address := attribute(element, key); address != "" {
					check(name, address)
					links++
				}
			}
		}
	}
	entries := searchEntries(t, made)
	for _, entry := range entries {
		check("index.html", entry.U)
		for _, column := range entry.C {
			check("index.html", entry.U+"#"+column[3])
		}
	}
	if links < 2000 || len(entries) < 100 {
		t.Errorf("only %d links and %d entries were looked at", links, len(entries))
	}
}

type searchEntry struct {
	K, N, Z, A, T, U string
	C                [][]string
}

func searchEntries(t *testing.T, made site) []searchEntry {
	t.Helper()
	text, found := bytes.CutPrefix(bytes.TrimSpace(made.files["assets/search.js"]), []byte("window.countinghouseIndex = "))
	var entries []searchEntry
	if err := json.Unmarshal(bytes.TrimSuffix(text, []byte(";")), &entries); err != nil || !found {
		t.Fatalf("the index is no JSON in an assignment: %v", err)
	}
	return entries
}

func TestSearchFindsLabels(t *testing.T) {
	entries := searchEntries(t, write(t, builtIn(t)))
	has := func(name, column, label string) bool {
		return slices.ContainsFunc(entries, func(entry searchEntry) bool {
			return entry.N == name && slices.ContainsFunc(entry.C, func(one []string) bool { return one[0] == column && strings.Contains(one[1], label) })
		})
	}
	if !has("mart.customer_pyramid", "revenue", "净消费额") || !has("tmall_orders", "paid_amount", "买家实付金额") {
		t.Error("a Chinese label, or a header's other name, cannot be found")
	}
}

// TestNothingFromOutside: neither pages nor style nor script name an address that a browser would load from elsewhere, or ask for anything but the
// index.
func TestNothingFromOutside(t *testing.T) {
	made := write(t, builtIn(t))
	outside := regexp.MustCompile(`(?:src|href|action|data-index)="(?:\w+:|//)[^"]*`)
	for name, data := range made.files {
		if name == "assets/search.js" || name == catalogue.MarkFile {
			continue // data; its addresses are held by TestLinksLead
		}
		if found := outside.Find(data); found != nil {
			t.Errorf("%s holds %q", name, found)
		}
		for _, forbidden := range []string{"url(", "@import", "fetch(", "XMLHttpRequest", "import(", "<iframe", "<object", "<embed", "ZgotmplZ", "NaN", "%!"} {
			if bytes.Contains(data, []byte(forbidden)) {
				t.Errorf("%s holds %q", name, forbidden)
			}
		}
	}
}

const hostile = `</script><script>alert("1")</script><img src=x onerror=alert(1)>{{.}}' onmouseover='x" onfocus="y javascript:alert(1) --> ]]>` + "` | [a](javascript:x)\n# h"

// TestHostileTextIsText puts such a text into every place of a catalogue that holds text.
func TestHostileTextIsText(t *testing.T) {
	bad := builtIn(t)
	bad.Tables, bad.Feeds, bad.Parameters = bad.Tables[:0:0], bad.Feeds[:0:0], bad.Parameters[:1]
	good := builtIn(t)
	for _, name := range []string{"mart.customer_pyramid", "core.orders", "seed.pyramid_layers", "dataset.orders"} {
		bad.Tables = append(bad.Tables, *good.Table(name))
	}
	for _, feed := range good.Feeds {
		if feed.Name == "tmall_orders" {
			bad.Feeds = append(bad.Feeds, feed)
		}
	}
	fill(reflect.ValueOf(&bad).Elem(), hostile)
	for i := range bad.Tables {
		bad.Tables[i].Name = strings.Repeat("x", i) + hostile
	}
	made := write(t, bad)
	if len(made.pages) != 6+5 {
		t.Errorf("%d pages", len(made.pages))
	}
	for name, root := range made.pages {
		if !regexp.MustCompile(`^[a-z0-9_.\-/]+$`).MatchString(name) {
			t.Errorf("the file name %q", name)
		}
		checkHarmless(t, name, root)
		if !strings.Contains(textOf(root), `</script><script>alert("1")</script>`) {
			t.Errorf("%s: the text is lost", name)
		}
	}
	index := string(made.files["assets/search.js"])
	if strings.ContainsAny(index, "<>") || strings.Count(index, "\n") != 1 {
		t.Error("the index could end its script, or holds a line end")
	}
	if entries := searchEntries(t, made); entries[0].A != hostile {
		t.Errorf("the search knows %q", entries[0].A)
	}
}

func checkHarmless(t *testing.T, name string, root *html.Node) {
	t.Helper()
	for _, element := range elements(root) {
		if element.Data == "img" || element.Data == "script" && attribute(element, "src") != "../assets/site.js" && attribute(element, "src") != "assets/site.js" {
			t.Errorf("%s: the text became an element %s", name, element.Data)
		}
		for _, one := range element.Attr {
			address := one.Key == "href" || one.Key == "src" || one.Key == "action"
			if strings.HasPrefix(one.Key, "on") || address && strings.Contains(one.Val, ":") {
				t.Errorf("%s: the text became an attribute %s=%q", name, one.Key, one.Val)
			}
		}
	}
}

func TestSameCatalogueSameBytes(t *testing.T) {
	first, second := write(t, builtIn(t)), write(t, builtIn(t))
	for name, data := range first.files {
		if !bytes.Equal(data, second.files[name]) {
			t.Errorf("%s differs", name)
		}
	}
}

// TestCanBeReadByAll: one heading of the first level and none left out, tables with a name and with headers that say what they head, drawings and
// fields with a name.
func TestCanBeReadByAll(t *testing.T) {
	for name, root := range write(t, builtIn(t)).pages {
		level := 0
		for _, heading := range elements(root, "h1", "h2", "h3", "h4") {
			next := int(heading.Data[1] - '0')
			if next > level+1 || next == 1 && level != 0 {
				t.Errorf("%s: %s %q after a heading of level %d", name, heading.Data, textOf(heading), level)
			}
			level = next
		}
		for _, table := range elements(root, "table") {
			if len(elements(table, "caption")) == 0 && attribute(table.Parent, "aria-label") == "" {
				t.Errorf("%s: a table without a name", name)
			}
		}
		for _, cell := range elements(root, "th") {
			if attribute(cell, "scope") == "" {
				t.Errorf("%s: the header %q says not what it heads", name, textOf(cell))
			}
		}
		for _, drawing := range elements(root, "svg") {
			if attribute(drawing, "aria-label") == "" || attribute(drawing, "role") == "" {
				t.Errorf("%s: a drawing without a name", name)
			}
		}
		for _, field := range elements(root, "input") {
			id := attribute(field, "id")
			labelled := slices.ContainsFunc(elements(root, "label"), func(label *html.Node) bool { return attribute(label, "for") == id })
			if !labelled && attribute(field, "aria-label") == "" {
				t.Errorf("%s: the field %q has no label", name, id)
			}
		}
	}
}
