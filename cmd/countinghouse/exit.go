package main

import (
	"context"
	"errors"
	"runtime/debug"

	"countinghouse/internal/contract"
	"countinghouse/jobs"
	"countinghouse/pipelines/check"
	"countinghouse/pipelines/fetch"
	"countinghouse/pipelines/land"
)

// The exit codes, as --help lists them.
const (
	exitDone     = 0
	exitFault    = 1
	exitUsage    = 2
	exitWarnings = 3
	exitRefused  = 4
	exitAudit    = 5
	exitTryAgain = 75 // EX_TEMPFAIL of sysexits.h
)

var (
	// errWarnings says that the work is done and some rows were rejected.
	errWarnings = errors.New("done, with warnings: some rows were rejected (see `countinghouse rejects`)")
	// errRefused says that the work is done and an export was refused.
	errRefused = errors.New("done, but an export was refused; the last good data stands for it (see `countinghouse rejects`)")
	// errUnfetched says that the work is done with what there was.
	errUnfetched = errors.New("done, but not everything could be fetched from the sources; try again with `countinghouse fetch`")
)

// usageError is a mistake in the command line or in the project's files.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

func exitCode(err error) int {
	var wrong usageError
	var project jobs.ProjectError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &wrong), errors.As(err, &project), errors.Is(err, contract.ErrExpressions):
		return exitUsage
	case errors.Is(err, check.ErrFailed), errors.Is(err, jobs.ErrUnverified):
		return exitAudit
	case errors.Is(err, errRefused):
		return exitRefused
	case errors.Is(err, errWarnings), errors.Is(err, jobs.ErrOtherCode):
		return exitWarnings
	case isTaken(err), isUnfetched(err), errors.Is(err, land.ErrChanging), errors.Is(err, context.Canceled):
		return exitTryAgain
	case errors.Is(err, fetch.ErrIncomplete):
		return exitRefused
	}
	return exitFault
}

// version is the module's version and the commit that the binary was built from, as far as the build knows them.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	version := info.Main.Version
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			version += " " + setting.Value
		}
	}
	return version
}
