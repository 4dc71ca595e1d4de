package objectstore

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The longest key that Google Cloud Storage takes, and the longest name that the usual file systems take, in bytes.
const (
	maxKey     = 1024
	maxSegment = 255
)

// Names that the folder driver uses for itself, under its root.
const (
	StagingFolder = ".staging" // files on their way to becoming objects
	LockFile      = ".lock"    // held while an object is compared and set
)

// CheckKey says why key cannot be the key of an object. The rules are those of the strictest driver, so that a store can be
// copied from any driver to any other.
func CheckKey(key string) error {
	if err := checkText(key); err != nil {
		return err
	}
	for segment := range strings.SplitSeq(key, "/") {
		if err := checkSegment(segment); err != nil {
			return fmt.Errorf("key %q: %w", key, err)
		}
	}
	return nil
}

// checkPrefix is CheckKey for the beginning of a key: its last segment may be empty or incomplete.
func checkPrefix(prefix string) error {
	folder, _, nested := cutLast(prefix)
	if !nested {
		return checkText(prefix)
	}
	return CheckKey(folder)
}

func checkText(key string) error {
	switch {
	case len(key) > maxKey:
		return fmt.Errorf("key %q…: longer than %d bytes", strings.ToValidUTF8(key[:40], "?"), maxKey)
	case !utf8.ValidString(key):
		return fmt.Errorf("key %q: not UTF-8", key)
	case strings.ContainsFunc(key, unicode.IsControl):
		return fmt.Errorf("key %q: holds a control character", key)
	}
	return nil
}

func checkSegment(segment string) error {
	switch {
	case segment == "":
		return fmt.Errorf("an empty segment (keys are relative, with single slashes)")
	case segment == "." || segment == "..":
		return fmt.Errorf("segment %q leads elsewhere", segment)
	case segment == StagingFolder || segment == LockFile:
		return fmt.Errorf("segment %q is reserved for the store itself", segment)
	case len(segment) > maxSegment:
		return fmt.Errorf("a segment longer than %d bytes", maxSegment)
	}
	return nil
}

// cutLast splits at the last slash.
func cutLast(s string) (before, after string, found bool) {
	at := strings.LastIndexByte(s, '/')
	if at < 0 {
		return "", s, false
	}
	return s[:at], s[at+1:], true
}
