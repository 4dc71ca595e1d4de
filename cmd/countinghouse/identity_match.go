package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"countinghouse/internal/project"
	"countinghouse/jobs"
	"countinghouse/pipelines/linkage"

	"github.com/spf13/cobra"
)

func (a *app) identityMatchCommand() *cobra.Command {
	var options linkage.Options
	var out string
	command := &cobra.Command{
		Use: "match FILE...", Short: "Find which records of a file are of one person, and how well, given the truth", Args: cobra.MinimumNArgs(1),
		Long: `Link the records of CSV or Parquet files of persons by the model that links accounts without a common identifier (Fellegi and Sunter), with the same
settings for every file. Columns are told by their headers (first_name, surname, dob, email, phone, address, postcode, soc_sec_id, 姓名, 手机号…); where
fewer than three are known, other texts are compared as they stand. A person's record may stand there many times, with other values each time.
Several files of things (products, publications, places) are lists that have a thing once each; their columns need not be the same.

Printed are the blocking rules with their pairs, counted before any is made, and what each refused for the budget; the weights of the model, by field and
level; the clusters by size. With --truth or --labels also how many pairs of one cluster are of one person (precision), of one person are in one
cluster (recall), and F1 of both. Nothing is written but --out.`,
		Example: "  countinghouse identity match people.csv --truth person_id\n  countinghouse identity match people.csv --map nom=surname --map prenom=given --out clusters.csv",
	}
	flags := command.Flags()
	flags.StringVar(&options.Labels, "labels", "", "a CSV of the truth: the columns record_id and cluster_id")
	flags.StringVar(&options.Truth, "truth", "", "the column that says which person a record is of; it is not compared")
	flags.StringToStringVar(&options.Map, "map", nil, "header=role: given, middle, surname, full_name, birthday, email, phone, address, city, state, postcode, gender, social_id, passport, licence, national_id, text; an empty role leaves the column out")
	flags.Int64Var(&options.Budget, "pairs", linkage.MostPairs, "how many pairs may be compared; below a memory_limit of 10 GB fewer: one for each 200 bytes")
	flags.StringVar(&out, "out", "", "write each row's number and cluster to this CSV file")
	command.RunE = func(command *cobra.Command, args []string) error {
		own, err := project.Open(a.projectDir)
		if err != nil {
			return usage(err)
		}
		if err := checkMatch(options); err != nil {
			return usage(err)
		}
		options.Files, options.Threads = args, own.Resources.Threads
		if !command.Flags().Changed("pairs") {
			options.Budget = linkage.PairsWithin(own.Resources.MemoryLimit)
		}
		report, err := jobs.Match(command.Context(), options, filepath.Join(own.WorkDir(), "scratch"), own.Resources.MemoryLimit)
		if err != nil {
			return err
		}
		if err := writeClusters(out, report); err != nil {
			return err
		}
		return a.print(report, func() error { a.printMatch(report); return nil })
	}
	return command
}

func checkMatch(options linkage.Options) error {
	if options.Labels != "" && options.Truth != "" {
		return errors.New("--labels and --truth: want one of them")
	}
	if options.Budget < 1 {
		return errors.New("--pairs: want a number above 0")
	}
	return linkage.CheckRoles(options.Map)
}

func writeClusters(path string, report linkage.Report) (err error) {
	if path == "" {
		return nil
	}
	file, err := os.Create(path)
	if err != nil {
		return usage(err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	rows := slices.Clone(report.Assigned)
	slices.SortFunc(rows, func(a, b linkage.Assignment) int { return cmp.Compare(a.Row, b.Row) })
	writer := bufio.NewWriter(file)
	_, _ = writer.WriteString("row,cluster\n") // Flush tells
	for _, row := range rows {
		_, _ = fmt.Fprintf(writer, "%d,%d\n", row.Row, row.Cluster)
	}
	return writer.Flush()
}

func (a *app) printMatch(report linkage.Report) {
	var columns []string
	for _, column := range report.Columns {
		if column.Role != "" {
			columns = append(columns, column.Header+" ("+column.Role+")")
		}
	}
	a.printf("records   %d\ncolumns   %s\n\n", report.Records, strings.Join(columns, ", "))
	a.printBlocks(report)
	a.printWeights(report)
	a.printf("\nof a million pairs %.4g are of one person, %.4g of one household\n", report.Match*1e6, report.Home*1e6)
	a.printf("clusters  %d; pairs to review %d\n", report.Clusters, report.Review)
	rows := make([][]string, len(report.Sizes))
	for i, size := range report.Sizes {
		rows[i] = []string{fmt.Sprint(size.Records), fmt.Sprint(size.Clusters)}
	}
	a.grid([]string{"records", "clusters"}, rows, 2)
	if truth := report.Truth; truth != nil {
		a.printf("pairs     %d right, %d wrong, %d missed\nprecision %.4f   recall %.4f   F1 %.4f\n", truth.Right, truth.Wrong, truth.Missed, truth.Precision, truth.Recall, truth.F1)
	}
}

func (a *app) printBlocks(report linkage.Report) {
	rows := make([][]string, 0, len(report.Blocks))
	refused := int64(0)
	for _, block := range report.Blocks {
		rows = append(rows, []string{block.Rule, fmt.Sprint(block.Pairs), fmt.Sprint(block.Largest), fmt.Sprint(block.RefusedBlocks), fmt.Sprint(block.RefusedPairs)})
		refused += block.RefusedPairs
	}
	a.grid([]string{"blocking rule", "pairs", "largest block", "blocks refused", "pairs refused"}, rows, 4)
	if report.Every {
		a.printf("the file is small: every pair is compared, the rules serve the fitting only\n")
	} else if refused > 0 {
		a.printf("%d pairs of large blocks would go over the budget and are not made: raise --pairs to compare them\n", refused)
	}
	a.printf("compared  %d pairs, each once\n\n", report.Compared)
}

// printWeights draws the weights as bars: agreement to the right, disagreement to the left.
func (a *app) printWeights(report linkage.Report) {
	rows := make([][]string, len(report.Model))
	for i, weight := range report.Model {
		field := weight.Field
		if i > 0 && report.Model[i-1].Field == field {
			field = ""
		}
		rows[i] = []string{field, weight.Level, bar(weight.Weight), fmt.Sprintf("%.4f", weight.M), fmt.Sprintf("%.6f", weight.U), fmt.Sprintf("%+.1f", weight.Weight)}
	}
	a.grid([]string{"field", "level", "weight", "m", "u", "log2(m/u)"}, rows, 3)
}

const barWidth = 16

func bar(weight float64) string {
	length := min(int(max(weight, -weight)+.5), barWidth)
	if weight < 0 {
		return strings.Repeat(" ", barWidth-length) + strings.Repeat("▒", length) + "│" + strings.Repeat(" ", barWidth)
	}
	return strings.Repeat(" ", barWidth) + "│" + strings.Repeat("█", length) + strings.Repeat(" ", barWidth-length)
}
