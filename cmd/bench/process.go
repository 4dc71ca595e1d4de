package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// usage is what a process took.
type usage struct {
	wall, cpu time.Duration
	peak      int64 // bytes of memory resident at the worst moment
	output    []byte
}

// command runs a program to its end. The exit codes in fine are no error.
func command(ctx context.Context, environment []string, fine []int, name string, args ...string) (usage, error) {
	process := exec.CommandContext(ctx, name, args...)
	process.Env = append(process.Environ(), environment...)
	var output, complaints bytes.Buffer
	process.Stdout, process.Stderr = &output, &complaints
	start := time.Now()
	err := process.Run()
	took := usage{wall: time.Since(start), output: output.Bytes()}
	var exit *exec.ExitError
	if errors.As(err, &exit) && slices.Contains(fine, exit.ExitCode()) {
		err = nil
	}
	if err != nil {
		return took, fmt.Errorf("%s %s: %w\n%s%s", name, strings.Join(args, " "), err, output.Bytes(), complaints.Bytes())
	}
	took.cpu = process.ProcessState.UserTime() + process.ProcessState.SystemTime()
	if of, ok := process.ProcessState.SysUsage().(*syscall.Rusage); ok {
		took.peak = of.Maxrss << 10 // Linux counts in KiB
	}
	return took, nil
}
