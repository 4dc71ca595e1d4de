package unittest

import (
	"context"
	"fmt"
	"slices"

	"countinghouse/internal/model"
)

// audit runs the audits of the models whose rows are wanted: what the case wants must keep the model's own promises.
func (t *trial) audit(ctx context.Context) error {
	for _, subject := range t.models {
		for _, audit := range subject.Audits {
			if audit.Severity == model.SeverityWarning {
				continue
			}
			meant, err := t.meant(ctx, subject, audit)
			if err != nil {
				return err
			}
			if !meant {
				continue
			}
			if err := t.promise(ctx, subject, audit); err != nil {
				return err
			}
		}
	}
	return nil
}

// meant says whether an audit says anything in this case: one that compares with a table which the model does not read itself needs
// that table's rows.
func (t *trial) meant(ctx context.Context, subject *model.Model, audit model.Audit) (bool, error) {
	if len(subject.AuditInputs) == 0 {
		return true, nil
	}
	facts, err := model.Analyse(func(text string) ([]byte, error) { return serialized(ctx, t.connection, text) }, audit.Query)
	if err != nil {
		return false, fmt.Errorf("%s: audit %s: %w", subject.File, audit.Name, err)
	}
	for _, input := range facts.Inputs {
		if slices.Contains(subject.AuditInputs, input) && !t.has(input) {
			return false, nil
		}
	}
	return true, nil
}

// has says whether a table's rows are part of the case.
func (t *trial) has(name string) bool {
	given := slices.ContainsFunc(t.given, func(part *table) bool { return part.name == name })
	made := slices.ContainsFunc(t.models, func(m *model.Model) bool { return m.Name == name })
	return given || made || t.catalogue.Seeds[name] != nil
}

func (t *trial) promise(ctx context.Context, subject *model.Model, audit model.Audit) error {
	var broken int
	err := t.connection.QueryRowContext(ctx, "select count(*) from (\n"+audit.Query+"\n)").Scan(&broken)
	if err != nil {
		return fmt.Errorf("%s: audit %s: %w", subject.File, audit.Name, err)
	}
	if broken > 0 {
		t.outcome.Problems = append(t.outcome.Problems, fmt.Sprintf("%s: %s: audit %s: %d bad rows", t.File, subject.Name, audit.Name, broken))
	}
	return nil
}
