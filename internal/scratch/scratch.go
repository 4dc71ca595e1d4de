// Package scratch gives a process a folder for what spills. Spilled files hold personal data: the folder is open to its owner only, is removed
// at the end, and one that a killed process left is removed by the next process that starts.
package scratch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Folder is a scratch folder in use.
type Folder struct {
	Path string
	lock *os.File
}

const lockName = ".lock"

// New makes a folder below parent and first removes those that no living process holds.
func New(parent string) (_ *Folder, err error) {
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return nil, fmt.Errorf("make scratch folder: %w", err)
	}
	// One process at a time: another's sweep would take a folder that is made, and not yet held, for abandoned.
	turn, err := hold(filepath.Join(parent, lockName), unix.LOCK_EX)
	if err != nil {
		return nil, fmt.Errorf("make scratch folder: %w", err)
	}
	defer func() { err = errors.Join(err, turn.Close()) }()
	if err := sweep(parent); err != nil {
		return nil, fmt.Errorf("sweep %s: %w", parent, err)
	}
	path, err := os.MkdirTemp(parent, "run-")
	if err != nil {
		return nil, fmt.Errorf("make scratch folder: %w", err)
	}
	lock, err := hold(filepath.Join(path, lockName), unix.LOCK_EX|unix.LOCK_NB)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make scratch folder: %w", err), os.RemoveAll(path))
	}
	return &Folder{Path: path, lock: lock}, nil
}

// Close removes the folder and all that is in it.
func (f *Folder) Close() error {
	return errors.Join(os.RemoveAll(f.Path), f.lock.Close())
}

// hold takes the lock that says that a process is alive: the kernel drops it with the process, however it ends.
func hold(path string, how int) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), how); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func sweep(parent string) error {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return err
	}
	var problems []error
	for _, entry := range entries {
		// One without a lock was being made by a process that was killed, or its owner is removing it now.
		if path := filepath.Join(parent, entry.Name()); entry.IsDir() && Abandoned(path) {
			problems = append(problems, os.RemoveAll(path))
		}
	}
	return errors.Join(problems...)
}

// Abandoned says that a folder that New made, on this machine, has no living owner: it is gone, or its lock is free.
func Abandoned(path string) bool {
	lock, err := os.Open(filepath.Join(path, lockName))
	if errors.Is(err, os.ErrNotExist) {
		return true
	}
	if err != nil {
		return false
	}
	free := unix.Flock(int(lock.Fd()), unix.LOCK_SH|unix.LOCK_NB) == nil
	_ = lock.Close() // which gives the lock back
	return free
}
