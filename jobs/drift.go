package jobs

import (
	"context"
	"fmt"

	"countinghouse/internal/project"
	"countinghouse/internal/run"
	"countinghouse/internal/snapshot"
	"countinghouse/pipelines/drift"
)

// fewCustomers are no drift, whatever their share, where the project has no limit of its own.
const fewCustomers = 10

// accountCustomers is the table by which versions are compared.
const accountCustomers = "identity.account_customers"

// Drift compares the customers of an environment's candidate with those that are published. Nil where there is nothing to compare.
func (w *Workshop) Drift(ctx context.Context, environment string) (*run.Drift, error) {
	current, _, err := snapshot.Read(ctx, w.Bucket, environment)
	if err != nil || current.Version == 0 {
		return nil, err
	}
	candidate, err := w.candidate(ctx, environment)
	if err != nil {
		return nil, err
	}
	if current.Tables[accountCustomers].Fingerprint == "" {
		return nil, nil
	}
	before, after, err := w.rowsOnBothSides(ctx, accountCustomers, current, candidate)
	if err != nil {
		return nil, err
	}
	found, err := drift.Between(ctx, w.Session, before, after)
	found.Version = current.Version
	return &found, err
}

func (w *Workshop) rowsOf(ctx context.Context, table string, environment snapshot.Environment) (string, error) {
	manifest, err := snapshot.ReadManifest(ctx, w.Bucket, table, environment.Tables[table].Fingerprint)
	if err != nil {
		return "", err
	}
	return snapshot.RowsQuery(ctx, w.Bucket, manifest)
}

// DriftWarning says that a run changed more customers than the project wants to pass unseen; empty if it did not.
func (w *Workshop) DriftWarning(found *run.Drift) string {
	limit := w.Project.Identity.MaxChangedShare
	if found == nil || found.ChangedShare() <= limit || limit == project.DefaultChangedShare && found.ChangedCustomers < fewCustomers {
		return ""
	}
	return fmt.Sprintf("identity: %s, more than identity.max_changed_share (%.4g %%): see `countinghouse diff --select core.accounts prod@%d prod`",
		DriftDetail(*found), 100*limit, found.Version)
}

// DriftDetail tells in one line how customers changed.
func DriftDetail(found run.Drift) string {
	return fmt.Sprintf("%d of %d customers (%.2g %%) are not those of version %d: %d accounts moved (%d merged, %d split, %d reassigned, %d renamed), %d new, %d gone",
		found.ChangedCustomers, found.Customers, 100*found.ChangedShare(), found.Version, found.MovedAccounts, found.Merged, found.Split,
		found.Reassigned, found.Renamed, found.NewAccounts, found.GoneAccounts)
}
