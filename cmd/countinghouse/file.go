package main

import (
	"errors"
	"io"
	"os"
)

// moveFile copies a file to its place, since a rename does not cross file systems, under a name of its own until it is whole.
func moveFile(from, to string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := os.OpenFile(to+".part", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	if err := errors.Join(err, target.Close()); err != nil {
		return errors.Join(err, os.Remove(to+".part"))
	}
	return os.Rename(to+".part", to)
}

// mustExist refuses paths that are not there, before any work is begun.
func mustExist(paths []string) error {
	for _, path := range paths {
		if _, err := os.Stat(path); err != nil {
			return usage(err)
		}
	}
	return nil
}
