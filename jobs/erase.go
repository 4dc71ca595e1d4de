package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"countinghouse/internal/crash"
	"countinghouse/internal/erasure"
	"countinghouse/internal/snapshot"
	"countinghouse/pipelines/conform"
	"countinghouse/pipelines/erase"
	"countinghouse/pipelines/gc"
)

// EraseOptions say who is erased and on whose word.
type EraseOptions struct {
	// Subject is a customer id, channel:account, a phone number or an e-mail address. It is never printed, logged or stored.
	Subject                string
	RequestedBy, Reference string
	DropFiles              bool // remove exports that cannot be rewritten
	DryRun                 bool
}

// Erase takes a person out of the whole store, or says what that would do. What it leaves of them are keyed hashes. An erasure that was cut off
// before is finished first.
func (w *Workshop) Erase(ctx context.Context, options EraseOptions) (certificate erasure.Certificate, err error) {
	err = w.alonePerhaps(ctx, options.DryRun, func(ctx context.Context) error {
		certificate, err = w.newCertificate(ctx, options)
		if err != nil || options.DryRun || certificate.State == erasure.Done {
			return err
		}
		if err := erasure.Write(ctx, w.Bucket, certificate); err != nil {
			return err
		}
		crash.Point(crash.EraseBegun)
		return w.eraseBegun(ctx, options.DropFiles)
	})
	if err != nil || options.DryRun || certificate.State == erasure.Done {
		return certificate, err
	}
	finished, err := w.finishErasures(ctx)
	for _, each := range finished {
		if each.ID == certificate.ID {
			certificate = each
		}
	}
	return certificate, err
}

// ResumeErasures finishes what was cut off.
func (w *Workshop) ResumeErasures(ctx context.Context, dropFiles bool) ([]erasure.Certificate, error) {
	err := w.alonePerhaps(ctx, false, func(ctx context.Context) error { return w.eraseBegun(ctx, dropFiles) })
	if err != nil {
		return nil, err
	}
	return w.finishErasures(ctx)
}

// alonePerhaps works under the lease of the daily run, so that no run reads what is being rewritten; a dry run needs none.
func (w *Workshop) alonePerhaps(ctx context.Context, dryRun bool, work func(context.Context) error) error {
	if dryRun {
		return work(ctx)
	}
	return w.underLease(ctx, DailyName, work)
}

// newCertificate finds the person and what would be rewritten. Nothing is written.
func (w *Workshop) newCertificate(ctx context.Context, options EraseOptions) (erasure.Certificate, error) {
	known, err := erasure.List(ctx, w.Bucket)
	if err != nil {
		return erasure.Certificate{}, err
	}
	found, err := w.findSubject(ctx, options.Subject)
	if err != nil {
		return erasure.Certificate{}, err
	}
	certificate := erasure.Certificate{
		State: erasure.Begun, BegunAt: w.Now().UTC(), RequestedBy: options.RequestedBy, Reference: options.Reference,
		Accounts: len(found.accounts), Identifiers: found.identifiers(), SharedValues: found.shared,
	}
	if certificate.ID, err = w.erasureID(); err != nil {
		return certificate, err
	}
	if certificate.Tombstones, err = w.tombstones(found, known); err != nil {
		return certificate, err
	}
	if len(certificate.Tombstones) == 0 {
		certificate.State = erasure.Done // all of it was erased before
		return certificate, nil
	}
	certificate.Files, err = erase.Rewrite(ctx, w.rewriting(append(known, certificate), certificate.ID, true, options.DropFiles))
	for _, file := range certificate.Files {
		if file.How == erase.Stuck && err == nil && !options.DryRun {
			err = ProjectError{fmt.Errorf("landing/%s/%s: %w; nothing was done", file.Feed, file.Replaces, erase.ErrStuck)}
		}
	}
	return certificate, err
}

func (w *Workshop) rewriting(certificates []erasure.Certificate, id string, dryRun, drop bool) erase.Options {
	return erase.Options{
		Bucket: w.Bucket, Registry: w.Registry, Set: erasure.NewSet(w.Key, certificates), Scratch: w.Scratch, ID: id, DryRun: dryRun, Drop: drop,
	}
}

// eraseBegun rewrites the exports for every erasure that has begun, and publishes what is made of them.
func (w *Workshop) eraseBegun(ctx context.Context, dropFiles bool) error {
	certificates, err := erasure.List(ctx, w.Bucket)
	if err != nil || !slices.ContainsFunc(certificates, begun) {
		return err
	}
	last := certificates[len(certificates)-1].ID
	if _, err := erase.Rewrite(ctx, w.rewriting(certificates, last, false, dropFiles)); err != nil {
		return err
	}
	replaced, err := erasure.Replaced(ctx, w.Bucket)
	if err != nil {
		return err
	}
	if err := erase.Forget(ctx, w.Bucket, replaced); err != nil {
		return err
	}
	if err := w.republish(ctx); err != nil {
		return err
	}
	crash.Point(crash.ErasePublished)
	return nil
}

func begun(certificate erasure.Certificate) bool { return certificate.State == erasure.Begun }

// republish makes everything anew over the rewritten exports.
func (w *Workshop) republish(ctx context.Context) error {
	if _, err := w.Conform(ctx); err != nil {
		return err
	}
	current, _, err := snapshot.Read(ctx, w.Bucket, snapshot.Main)
	if err != nil || current.Version == 0 {
		return err
	}
	if _, err := w.Build(ctx, BuildOptions{Environment: snapshot.Main}); err != nil {
		return err
	}
	if _, err := w.Check(ctx, snapshot.Main); err != nil {
		return err
	}
	_, _, err = w.Publish(ctx, snapshot.Main, w.Meta(snapshot.Main))
	return err
}

// finishErasures removes what was made of the exports before, and completes the certificates.
func (w *Workshop) finishErasures(ctx context.Context) ([]erasure.Certificate, error) {
	certificates, err := erasure.List(ctx, w.Bucket)
	if err != nil {
		return nil, err
	}
	certificates = slices.DeleteFunc(certificates, func(each erasure.Certificate) bool { return !begun(each) })
	if len(certificates) == 0 {
		return nil, nil
	}
	removed := map[string]int{}
	environments, err := w.removeOtherSets(ctx, removed)
	if err != nil {
		return nil, err
	}
	report, err := w.Collect(ctx, gc.Options{})
	if err != nil {
		return nil, err
	}
	for _, object := range report.Removed {
		removed[string(object.Kind)]++
	}
	swept, err := erase.Sweep(ctx, w.Bucket)
	if err != nil {
		return nil, err
	}
	removed["rows of replaced exports"] = swept
	replaced, err := erasure.Replaced(ctx, w.Bucket)
	if err != nil {
		return nil, err
	}
	current, _, err := snapshot.Read(ctx, w.Bucket, snapshot.Main)
	if err != nil {
		return nil, err
	}
	for i := range certificates {
		c := &certificates[i]
		c.State, c.DoneAt, c.Files, c.Environments, c.Removed, c.Version = erasure.Done, w.Now().UTC(), replaced, environments, removed, current.Version
		if err := erasure.Write(ctx, w.Bucket, *c); err != nil {
			return nil, err
		}
	}
	return certificates, nil
}

// removeOtherSets removes environments but the main one, what builds left and the rows that audits kept: they were made with the person.
func (w *Workshop) removeOtherSets(ctx context.Context, removed map[string]int) (environments []string, err error) {
	names, err := snapshot.Names(ctx, w.Bucket)
	if err != nil {
		return nil, err
	}
	prefixes := []string{"audits/"}
	for _, name := range names {
		prefixes = append(prefixes, "environments/"+name+"/history/", "environments/"+name+".candidate.json")
		if name != snapshot.Main {
			environments = append(environments, name)
			prefixes = append(prefixes, "environments/"+name+".json")
		}
	}
	for _, prefix := range prefixes {
		for object, err := range w.Bucket.List(ctx, prefix) {
			if err != nil {
				return nil, err
			}
			if err := w.Bucket.Delete(ctx, object.Key); err != nil {
				return nil, err
			}
			removed["sets and audits"]++
		}
	}
	return environments, nil
}

// settleErasures rewrites exports of this run that brought erased persons again, and reads them again.
func (w *Workshop) settleErasures(ctx context.Context, certificates []erasure.Certificate, report conform.Report) (settled bool, err error) {
	only := map[string]bool{}
	for _, file := range report.Files {
		if file.New && file.Erased > 0 {
			only[file.SHA256] = true
		}
	}
	if len(only) == 0 {
		return false, nil
	}
	options := w.rewriting(certificates, certificates[len(certificates)-1].ID, false, false)
	options.Only = only
	files, err := erase.Rewrite(ctx, options)
	if errors.Is(err, erase.ErrStuck) { // its rows are blanked all the same, and the export stays as it came
		w.Log.WarnContext(ctx, "an export brings an erased person again", "error", err)
		err = nil
	}
	if err != nil || len(files) == 0 {
		return false, err
	}
	if err := erase.Forget(ctx, w.Bucket, files); err != nil {
		return false, err
	}
	return true, nil
}

// erasureID sorts by time.
func (w *Workshop) erasureID() (string, error) {
	suffix, err := w.letters(6)
	return w.Now().UTC().Format("20060102T150405.000Z") + "-" + suffix, err
}

// EraseDay is the as-of date that an erasure publishes for: the one that is current.
func EraseDay(current snapshot.Environment, otherwise time.Time) time.Time {
	if day, err := time.Parse(time.DateOnly, current.AsOf); err == nil {
		return day
	}
	return otherwise
}
