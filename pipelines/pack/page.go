package pack

import (
	_ "embed"
	"html/template"
	"io"
	"strings"
	"time"

	"countinghouse/internal/figure"
)

// The page is one file, without scripts and without a network.
var (
	//go:embed page.tmpl
	pageText string
	//go:embed style.css
	styleText string
)

// page writes the page of a pack.
func page(to io.Writer, pack Pack) error {
	made, err := template.New("page").Funcs(template.FuncMap{
		"shown":  shown,
		"class":  func(kind Kind) string { return map[Kind]string{Integer: "n", Money: "n", Rate: "n", Date: "d"}[kind] },
		"first":  func(rows [][]string) [][]string { return rows[:min(len(rows), mostOnPage)] },
		"more":   func(rows [][]string) int { return max(len(rows)-mostOnPage, 0) },
		"chart":  func(sheet string) []drawing { return drawn(pack.Charts, sheet) },
		"style":  func() template.CSS { return template.CSS(styleText) },
		"moment": func(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 UTC") },
	}).Parse(pageText)
	if err != nil {
		return err
	}
	return made.Execute(to, pack)
}

// shown writes a cell for reading: thousands are parted, and of a rate six digits stand.
func shown(kind Kind, text string) string {
	switch kind {
	case Integer, Money:
		return figure.Thousands(text)
	case Rate:
		whole, decimals, _ := strings.Cut(text, ".")
		if len(decimals) > mostDecimals {
			decimals = strings.TrimRight(decimals[:mostDecimals], "0")
		}
		if decimals == "" {
			return figure.Thousands(whole)
		}
		return figure.Thousands(whole) + "." + decimals
	}
	return text
}

// mostDecimals are shown of a rate; the CSV has all.
const mostDecimals = 6
