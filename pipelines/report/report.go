// Package report writes the page that a run leaves for people: one self-contained HTML file with inline styles and SVG, which needs no network and
// no script. It reads published marts and prints what they say; nothing is computed here but sums and the geometry of drawings.
package report

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"fmt"
	"html/template"
	"io"
	"time"
)

// Querier runs SQL over the marts: a warehouse session is one.
type Querier interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Meta is what the page says of the run that made the marts.
type Meta struct {
	Brand       string    // the title of the page
	Environment string    // prod, dev…
	Currency    string    // the unit behind money, such as CNY
	AsOf        time.Time // the day that the figures are for
	RunID       string
	StartedAt   time.Time // in the brand's time zone
	Duration    time.Duration
	Steps       []Step
	Audits      Audits
	Feeds       []Feed
	Quarantined []Quarantine
	Customers   string   // how they differ from those of the version before; may be empty
	Warnings    []string // what a person should look at, a line each
}

// Step is one step of the run, in the order in which they ran.
type Step struct {
	Name    string
	Note    string // what it did, in a few words; may be empty
	Rows    int64
	Seconds float64
}

// Audits counts the promises that were checked in the run.
type Audits struct {
	Passed int64
	Failed []string // what broke, in a line each
}

// Feed sums up the exports of one feed: Rows = Accepted + Rejected + Dropped.
type Feed struct {
	Name                                     string
	Files, Rows, Accepted, Rejected, Dropped int64
}

// Quarantine is a file of which no row was used.
type Quarantine struct{ File, Reason string }

//go:embed page.tmpl charts.tmpl run.tmpl style.css
var files embed.FS

// Write reads the marts through q and writes the page to out. Nothing is written if a mart cannot be read.
func Write(ctx context.Context, q Querier, out io.Writer, meta Meta) error {
	figures, err := load(ctx, q)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	page, err := parse()
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	style, err := files.ReadFile("style.css")
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	var html bytes.Buffer
	if err := page.ExecuteTemplate(&html, "page.tmpl", newPage(meta, figures, template.CSS(style))); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if _, err := out.Write(html.Bytes()); err != nil {
		return fmt.Errorf("report: write the page: %w", err)
	}
	return nil
}

func parse() (*template.Template, error) {
	return template.New("report").Funcs(template.FuncMap{
		"count":   count,
		"money":   money,
		"cents":   func(amount *int64) string { return money(*amount) },
		"percent": percent,
		"decimal": decimal, "probability": probability,
		"label":  newLabel,
		"day":    func(day time.Time) string { return day.Format(time.DateOnly) },
		"moment": func(at time.Time) string { return at.Format("2006-01-02 15:04:05") },
	}).ParseFS(files, "*.tmpl")
}
