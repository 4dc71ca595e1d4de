package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"countinghouse/internal/model"
	"countinghouse/pipelines/diff"
	"countinghouse/pipelines/identity"
	"countinghouse/sql"
)

// OverridesFile is where a project keeps what people decided about accounts.
func (w *Workshop) OverridesFile() string {
	return filepath.Join(w.Project.Dir, "sql", "seeds", "identity_overrides.csv")
}

// WithOverrides gives the text of the project's file of overrides with some more.
func (w *Workshop) WithOverrides(more []identity.Override) ([]byte, error) {
	text, err := os.ReadFile(w.OverridesFile())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if text, err = identity.Append(text, more); err != nil {
		return nil, ProjectError{err}
	}
	return text, nil
}

// WithoutOverride gives the text of the project's file of overrides without the decision on two accounts.
func (w *Workshop) WithoutOverride(one, other identity.Account) ([]byte, error) {
	text, err := os.ReadFile(w.OverridesFile())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if text, err = identity.Withdraw(text, one, other); err != nil {
		return nil, ProjectError{err}
	}
	return text, nil
}

// WriteOverrides replaces the project's file of overrides at once.
func (w *Workshop) WriteOverrides(text []byte) error {
	path := w.OverridesFile()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	staged := path + ".new"
	if err := os.WriteFile(staged, text, 0o644); err != nil {
		return err
	}
	return os.Rename(staged, path)
}

// affected are the tables by which the effect of an override is told: whose accounts are, layers and ranks, tiers, points and what they are worth.
func affected() map[string]bool {
	return map[string]bool{
		"core.accounts": true, "core.customers": true, "core.member_tiers": true, "mart.customer_pyramid": true,
		"mart.point_liability": true,
	}
}

// OverridesEffect tells what the tables would be with another file of overrides. The tables are made beside the environment's, and nothing is
// published. After it the workshop has the other file.
func (w *Workshop) OverridesEffect(ctx context.Context, environment string, text []byte) (Effect, error) {
	before, err := w.Build(ctx, BuildOptions{Environment: environment, Only: affected()})
	if err != nil {
		return Effect{}, fmt.Errorf("as it is: %w", err)
	}
	if err := w.overlay(ctx, text); err != nil {
		return Effect{}, err
	}
	after, err := w.Build(ctx, BuildOptions{Environment: environment, Only: affected()})
	if err != nil {
		return Effect{}, fmt.Errorf("with the decision: %w", err)
	}
	result, err := w.measureEffect(ctx, before, after)
	if err != nil {
		return Effect{}, err
	}
	result.Result = diff.Result{Before: setOf("as it is", before), After: setOf("with the decision", after)}
	result.Tables, err = diff.Environments(ctx, before, after, func(name string) bool { return affected()[name] }, diff.Options{
		Bucket: w.Bucket, Session: w.Session, Scratch: w.Scratch, Grain: w.grainOf, Samples: effectSamples,
	})
	return result, err
}

const effectSamples = 5

// overlay reads the models again with another file of overrides over the project's.
func (w *Workshop) overlay(ctx context.Context, text []byte) error {
	dir := filepath.Join(w.Scratch, "overrides")
	if err := os.MkdirAll(filepath.Join(dir, "seeds"), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "seeds", "identity_overrides.csv"), text, 0o600); err != nil {
		return err
	}
	sources := []model.Source{{Files: sql.Files, Label: "sql"}}
	if own := w.Project.SQL(); own != nil {
		sources = append(sources, model.Source{Files: own, Label: w.Project.Dir + "/sql"})
	}
	sources = append(sources, model.Source{Files: os.DirFS(dir), Label: w.Project.Dir + "/sql"})
	library, err := model.Load(func(text string) ([]byte, error) { return w.Session.Serialize(ctx, text) }, sources...)
	if err != nil {
		return ProjectError{err}
	}
	w.Library, w.graph = library, nil
	return nil
}

// WithIdentity attaches the identity tables of an environment that is published.
func (w *Workshop) WithIdentity(ctx context.Context, environment string) error {
	current, err := w.Revision(ctx, environment)
	if err != nil {
		return err
	}
	return w.AttachAll(ctx, current, func(name string) bool {
		return strings.HasPrefix(name, "identity.") || name == "seed.identity_rules" || name == "seed.identity_overrides"
	})
}
