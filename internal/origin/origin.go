// Package origin has what the places that export files are fetched from (a folder, a bucket, an SFTP server, a web server) have in common:
// the entries they list, the kinds of errors that tell a round what to do next, and Part, a download that goes on where it broke.
// Each place is a package below.
package origin

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"time"
	"unicode/utf8"
)

// Entry is a file that an origin has.
type Entry struct {
	Path    string    // what it is known by: slash-separated below the origin, or a web address without secrets
	Name    string    // the base name that it lands under
	Size    int64     // bytes; -1 if it is not known before it is fetched
	ModTime time.Time // zero if the origin does not say
	// Version is another one when the bytes are others: size and time, or what the server calls it. Empty: nobody knows.
	Version string
	Steady  bool // whoever writes it shows it only when it is whole
}

var (
	// ErrUnchanged says that the file is still the version that was fetched before.
	ErrUnchanged = errors.New("it is as it was")
	// ErrAbsent says that there is no such file, and need not be: it may come.
	ErrAbsent = errors.New("it is not there")
	// ErrChanging says that the file was written to while it was read. What was read is not used.
	ErrChanging = errors.New("it was written to while it was read: the next round takes it")
	// ErrTooLarge says that the file has more bytes than the source may bring.
	ErrTooLarge = errors.New("too large: raise max_size of the source if it is wanted")
	// ErrTooMany says that an origin lists more files than a round takes in.
	ErrTooMany = errors.New("too many files: name fewer with include and exclude, or remove old ones there")
)

// MaxEntries is how many files an origin may list.
const MaxEntries = 200_000

// Trouble is an error of the network or of a server, which may be gone the next time.
type Trouble struct {
	Err error
	// After is how long the server asks to be left alone; 0 if it does not say.
	After time.Duration
}

// Error is the text of what is wrapped.
func (t Trouble) Error() string { return t.Err.Error() }

// Unwrap gives what is wrapped.
func (t Trouble) Unwrap() error { return t.Err }

// IsTrouble says that an error may be gone the next time.
func IsTrouble(err error) bool {
	var trouble Trouble
	return errors.As(err, &trouble)
}

// Misconfigured is an error that lasts until somebody changes the source: its address, its secret, its host key.
type Misconfigured struct{ Err error }

// Error is the text of what is wrapped.
func (m Misconfigured) Error() string { return m.Err.Error() }

// Unwrap gives what is wrapped.
func (m Misconfigured) Unwrap() error { return m.Err }

// IsMisconfigured says that an error lasts until the source is changed.
func IsMisconfigured(err error) bool {
	var wrong Misconfigured
	return errors.As(err, &wrong)
}

// VersionOf is the version of a file that is known by its size and time.
func VersionOf(size int64, modified time.Time) string {
	return fmt.Sprintf("%d bytes of %s", size, modified.UTC().Format(time.RFC3339Nano))
}

// longestName is what the usual file systems take, in bytes.
const longestName = 255

// CheckName refuses a base name that is none: a server may say anything.
func CheckName(name string) error {
	switch {
	case name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00"):
		return fmt.Errorf("%q is not the name of a file", name)
	case len(name) > longestName:
		return fmt.Errorf("a name longer than %d bytes", longestName)
	case !utf8.ValidString(name):
		return fmt.Errorf("the name %q is not UTF-8: rename it there", name)
	}
	return nil
}

// PassedOver says that a file is none of the exports: hidden, the lock of an office program, or half a file by its name.
func PassedOver(name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~$") {
		return true
	}
	switch strings.ToLower(path.Ext(name)) {
	case ".part", ".partial", ".filepart", ".tmp", ".crdownload", ".download", ".swp":
		return true
	}
	return false
}
