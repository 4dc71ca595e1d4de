package diff

import (
	_ "embed" // of the page
	"fmt"
	"html/template"
	"io"
)

//go:embed page.tmpl
var page string

// HTML writes a comparison as one page that needs nothing else: to be attached to a review, or sent to whoever owns the figures.
func (r Result) HTML(to io.Writer) error {
	parsed, err := template.New("page").Funcs(template.FuncMap{
		"isNumber": func(section Section, column int) bool { return column >= len(section.Header)-section.Numbers },
	}).Parse(page)
	if err != nil {
		return fmt.Errorf("page of a comparison: %w", err)
	}
	return parsed.Execute(to, struct {
		Title    string
		Sections []Section
	}{r.Before.Name + " -> " + r.After.Name, r.Sections()})
}
