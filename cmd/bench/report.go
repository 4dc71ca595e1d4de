package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"text/tabwriter"
)

// report is all that a run of the benchmark found.
type report struct {
	Machine header   `json:"machine"`
	Results []result `json:"results"`
}

// add keeps a result and says so, since a whole run takes minutes.
func (b *bencher) add(results ...result) {
	for _, r := range results {
		b.results = append(b.results, r)
		log.Printf("%s: %s s, bare %s s", r.Name, number(r.A.Wall, 3), number(r.B.Wall, 3))
	}
}

func (r report) print(out io.Writer, format string) error {
	if format == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	}
	if _, err := fmt.Fprintln(out, r.Machine); err != nil {
		return err
	}
	return r.table(out)
}

// table prints A (countinghouse), B (bare DuckDB) and their ratios, one line per result.
func (r report) table(out io.Writer) error {
	writer := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(writer, "benchmark\tpairs\tA wall s\tcpu s\tpeak MB\tB wall s\tcpu s\tpeak MB\twall A/B\tcpu A/B\tpeak A/B\tgoal\t")
	for _, r := range r.Results {
		_, _ = fmt.Fprintf(writer, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", r.Name, r.Pairs, number(r.A.Wall, 3), number(r.A.CPU, 2), number(r.A.Peak, 0),
			number(r.B.Wall, 3), number(r.B.CPU, 2), number(r.B.Peak, 0), number(r.WallRatio, 2), number(r.CPURatio, 2), number(r.PeakRatio, 2), r.verdict())
	}
	if err := writer.Flush(); err != nil {
		return err
	}
	for _, r := range r.Results {
		if r.Note != "" {
			_, _ = fmt.Fprintf(out, "%s: %s\n", r.Name, r.Note)
		}
	}
	return nil
}

func number(value float64, places int) string {
	if value == 0 {
		return "-"
	}
	return fmt.Sprintf("%.*f", places, value)
}

// verdict says whether the goal is met, or which share a step has of all steps.
func (r result) verdict() string {
	if r.WallShare > 0 {
		return fmt.Sprintf("%.0f %% of wall, %.0f %% of cpu", 100*r.WallShare, 100*r.CPUShare)
	}
	if r.Value == nil {
		return ""
	}
	word := "missed"
	if r.met() {
		word = "met"
	}
	return fmt.Sprintf("%s: %.2f of at most %g %s", word, *r.Value, r.Goal, r.Unit)
}
