package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// printJSON writes a value as indented JSON.
func (a *app) printJSON(value any) error {
	encoder := json.NewEncoder(a.out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// print writes the value as JSON when asked to, else as the text function does.
func (a *app) print(value any, asText func() error) error {
	a.bars.clear()
	if a.output == "json" {
		return a.printJSON(value)
	}
	return asText()
}

// printf prints text for people. What stands in it may come from an export: nothing of that is an order to the terminal.
func (a *app) printf(format string, args ...any) {
	_, _ = io.WriteString(a.out, harmless(fmt.Sprintf(format, args...)))
}

// harmless replaces control characters but line feeds and TABs by a sign that shows where they were.
func harmless(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return '\ufffd'
		}
		return r
	}, text)
}

// grid prints a table whose columns line up for Chinese text as well; numbers is how many of the last columns hold numbers.
func (a *app) grid(header []string, rows [][]string, numbers int) {
	writer := table.NewWriter()
	writer.SetStyle(table.StyleLight)
	writer.Style().Format.Header = text.FormatDefault
	writer.Style().Options.SeparateRows = false
	writer.AppendHeader(cells(header))
	for _, row := range rows {
		writer.AppendRow(cells(row))
	}
	configs := make([]table.ColumnConfig, 0, len(header))
	for i := range len(header) - numbers {
		configs = append(configs, table.ColumnConfig{Number: i + 1, WidthMax: widestText})
	}
	for i := len(header) - numbers; i < len(header); i++ {
		configs = append(configs, table.ColumnConfig{Number: i + 1, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	writer.SetColumnConfigs(configs)
	a.printf("%s\n", writer.Render())
}

// widestText is where a column of text is wrapped.
const widestText = 70

func cells(texts []string) table.Row {
	row := make(table.Row, len(texts))
	for i, cell := range texts {
		row[i] = cell
	}
	return row
}

// bars shows how long work goes on, on a terminal only.
type bars struct {
	to   io.Writer
	step string
	bar  *progressbar.ProgressBar
}

func newBars(to io.Writer) *bars {
	file, isFile := to.(*os.File)
	if !isFile || !term.IsTerminal(int(file.Fd())) {
		return &bars{}
	}
	return &bars{to: to}
}

// progress shows that done of total are done in a step; a new step has a new bar.
func (b *bars) progress(step string, done, total int) {
	if b.to == nil || total <= 0 {
		return
	}
	if b.bar == nil || b.step != step {
		b.clear()
		b.step = step
		b.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(b.to), progressbar.OptionSetDescription(step),
			progressbar.OptionClearOnFinish(), progressbar.OptionShowCount(), progressbar.OptionSetWidth(30))
	}
	_ = b.bar.Set(done) // a bar that cannot be drawn stops no work
}

func (b *bars) clear() {
	if b != nil && b.bar != nil {
		_ = b.bar.Clear()
		b.bar = nil
	}
}
