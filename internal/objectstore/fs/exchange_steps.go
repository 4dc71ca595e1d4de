package fs

import (
	"errors"
	"os"
)

// exchangeInSteps is for file systems that cannot exchange two names at once: for a moment there is no target at all. A process that dies in
// that moment leaves the old folder beside the staged one, and its next run publishes the copies again.
func exchangeInSteps(staged, target string) error {
	old := staged + ".old"
	if err := os.Rename(target, old); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return errors.Join(os.Rename(staged, target), os.RemoveAll(old))
}
