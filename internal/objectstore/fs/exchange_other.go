//go:build !linux

package fs

func exchange(staged, target string) error { return exchangeInSteps(staged, target) }
