package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"countinghouse/internal/model"
	"countinghouse/jobs"
	"countinghouse/pipelines/lint"

	"github.com/spf13/cobra"
)

func (a *app) lintCommand() *cobra.Command {
	command := &cobra.Command{
		Use: "lint [SELECTOR...]", Short: "Find what breaks the rules for SQL models",
		Long: `Check models against the house's rules: those of the project or, if selectors are given, the models that they pick. Each finding is one line,
file:line: rule: message. A comment in the file lifts a rule from it, with a reason:

    -- lint: allow star because …

Warnings are about marts without an owner, Chinese labels or a unit test; they do not change the exit code. Findings end with exit code 2.`,
		Example: "  countinghouse lint\n  countinghouse lint 'mart.point_*' -o json",
	}
	command.RunE = func(command *cobra.Command, selectors []string) error {
		return a.withWorkshop(func(ctx context.Context, workshop *jobs.Workshop) error {
			findings, models, err := a.lint(ctx, workshop, selectors)
			if err != nil {
				return err
			}
			if err := a.print(findings, func() error { a.printFindings(findings, models); return nil }); err != nil {
				return err
			}
			if broken := len(findings) - countWarnings(findings); broken > 0 {
				return usage(fmt.Errorf("%d places break a rule", broken))
			}
			return nil
		})(command, selectors)
	}
	return command
}

// lint gives the findings, and how many models were looked at.
func (a *app) lint(ctx context.Context, workshop *jobs.Workshop, selectors []string) ([]lint.Finding, int, error) {
	wanted, err := a.modelsToLint(ctx, workshop, selectors)
	if err != nil {
		return nil, 0, err
	}
	tested, err := workshop.Tested()
	if err != nil {
		return nil, 0, usage(err)
	}
	serialize := func(text string) ([]byte, error) { return workshop.Session.Serialize(ctx, text) }
	findings := []lint.Finding{}
	for _, subject := range wanted {
		found, err := lint.Check(serialize, subject, tested[subject.Name])
		if err != nil {
			return nil, 0, err
		}
		findings = append(findings, found...)
	}
	return findings, len(wanted), nil
}

func (a *app) modelsToLint(ctx context.Context, workshop *jobs.Workshop, selectors []string) ([]*model.Model, error) {
	own := filepath.Join(workshop.Project.Dir, "sql") + "/"
	isWanted := func(m *model.Model) bool { return strings.HasPrefix(m.File, own) }
	if len(selectors) > 0 {
		picked, err := workshop.Select(ctx, a.environment, selectors, nil)
		if err != nil {
			return nil, err
		}
		isWanted = func(m *model.Model) bool { return picked[m.Name] }
	}
	return slices.DeleteFunc(slices.Clone(workshop.Library.Models), func(m *model.Model) bool { return !isWanted(m) }), nil
}

func countWarnings(findings []lint.Finding) int {
	warnings := 0
	for _, finding := range findings {
		if finding.Warning {
			warnings++
		}
	}
	return warnings
}

func (a *app) printFindings(findings []lint.Finding, models int) {
	for _, finding := range findings {
		note := ""
		if finding.Warning {
			note = " (warning)"
		}
		a.printf("%s%s\n", finding, note)
	}
	warnings := countWarnings(findings)
	a.printf("%d models, %d findings, %d warnings\n", models, len(findings)-warnings, warnings)
}
