package catalogue

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// File is one file of a site, with its path from the top, in slashes.
type File struct {
	Path string
	Data []byte
}

//go:embed site/*.tmpl site/style.css site/site.js
var siteFiles embed.FS

// Site makes a static site that works from a folder: every address in it is relative, and the search has its index as a script, since a browser
// reads no other file beside a page that was opened without a server.
func Site(c Catalogue) ([]File, error) {
	templates, err := template.New("site").Funcs(words()).ParseFS(siteFiles, "site/*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	s := &site{Catalogue: c, network: newNetwork(c), templates: templates}
	pages := s.pages()
	files := make([]File, len(pages))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, page := range pages {
		group.Go(func() error {
			var html bytes.Buffer
			if err := s.templates.ExecuteTemplate(&html, page.template, page.make()); err != nil {
				return fmt.Errorf("site: %s: %w", page.path, err)
			}
			files[i] = File{page.path, html.Bytes()}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return s.withAssets(files)
}

type site struct {
	Catalogue
	network   network
	templates *template.Template
}

// sheet is a page that is still to be made.
type sheet struct {
	path, template string
	make           func() any
}

func (s *site) pages() []sheet {
	pages := []sheet{
		{"index.html", "start.tmpl", func() any { return s.start() }},
		{"tables.html", "tables.tmpl", func() any { return s.frame("Tables", "表", "tables.html") }},
		{"feeds.html", "feeds.tmpl", func() any { return s.frame("Feeds", "数据源", "feeds.html") }},
		{"lineage.html", "lineage.tmpl", func() any { return s.whole() }},
		{"parameters.html", "parameters.tmpl", func() any { return s.frame("Parameters", "参数", "parameters.html") }},
		{"builds.html", "builds.tmpl", func() any { return s.builds() }},
	}
	for i := range s.Tables {
		pages = append(pages, sheet{tablePage(s.Tables[i].Name), "table.tmpl", func() any { return s.table(&s.Tables[i]) }})
	}
	for i := range s.Feeds {
		pages = append(pages, sheet{feedPage(s.Feeds[i].Name), "feed.tmpl", func() any { return s.feed(&s.Feeds[i]) }})
	}
	return pages
}

func (s *site) withAssets(files []File) ([]File, error) {
	for _, name := range []string{"style.css", "site.js"} {
		data, err := siteFiles.ReadFile("site/" + name)
		if err != nil {
			return nil, fmt.Errorf("site: %w", err)
		}
		files = append(files, File{"assets/" + name, data})
	}
	index, err := searchIndex(s.Catalogue)
	if err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	files = append(files, File{"assets/search.js", index})
	var catalogue bytes.Buffer
	if err := WriteJSON(&catalogue, s.Catalogue); err != nil {
		return nil, err
	}
	return append(files, File{MarkFile, catalogue.Bytes()}), nil
}

// entry is one thing that the search finds, with short keys, since a large project has thousands.
type entry struct {
	Kind    string     `json:"k"` // a schema, feed or parameter
	Name    string     `json:"n"`
	Chinese string     `json:"z,omitempty"`
	About   string     `json:"a,omitempty"`
	Tags    string     `json:"t,omitempty"` // and owner
	Address string     `json:"u"`
	Columns [][]string `json:"c,omitempty"` // name, label, about, anchor
}

// searchIndex is a script, since that is what a page opened from a folder may load. encoding/json writes < and > as escapes, so that no text can end
// the script or begin another.
func searchIndex(c Catalogue) ([]byte, error) {
	entries := []entry{}
	for _, table := range c.Tables {
		schema, _, _ := strings.Cut(table.Name, ".")
		made := entry{Kind: schema, Name: table.Name, Chinese: table.Chinese, About: table.About, Tags: tags(table), Address: tablePage(table.Name)}
		for _, column := range table.Columns {
			made.Columns = append(made.Columns, []string{column.Name, column.Chinese, column.About, columnAnchor(column.Name)})
		}
		entries = append(entries, made)
	}
	for _, feed := range c.Feeds {
		made := entry{Kind: "feed", Name: feed.Name, Chinese: feed.Chinese, About: feed.About, Address: feedPage(feed.Name)}
		for _, column := range feed.Columns {
			made.Columns = append(made.Columns, []string{column.Name, labels(column), column.About, columnAnchor(column.Name)})
		}
		entries = append(entries, made)
	}
	for _, parameter := range c.Parameters {
		entries = append(entries, entry{Kind: "parameter", Name: parameter.Name, Chinese: parameter.Chinese, About: parameter.About, Address: "parameters.html#" + columnAnchor(parameter.Name)})
	}
	text, err := json.Marshal(entries)
	if err != nil {
		return nil, err
	}
	return slices.Concat([]byte("window.countinghouseIndex = "), text, []byte(";\n")), nil
}

// tags is by whom and under what a table is kept.
func tags(table Table) string {
	return strings.TrimSpace(strings.Join(table.Tags, " ") + " " + table.Owner)
}

// labels are the other names of a feed's column: in Chinese, and in the files.
func labels(column FeedColumn) string {
	names := append([]string{column.Chinese}, column.Headers...)
	return strings.Join(slices.DeleteFunc(names, func(name string) bool { return name == "" || name == column.Name }), " ")
}
