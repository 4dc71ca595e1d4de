package fs

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// exchange puts the folder staged in the place of target; the old target, if there was one, is then at staged.
func exchange(staged, target string) error {
	err := unix.Renameat2(unix.AT_FDCWD, staged, unix.AT_FDCWD, target, unix.RENAME_EXCHANGE)
	if errors.Is(err, unix.ENOENT) {
		return os.Rename(staged, target)
	}
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return exchangeInSteps(staged, target)
	}
	return err
}
