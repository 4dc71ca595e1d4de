// Package landing says where export files lie in the store and what is known about each: the place that land leaves for conform.
package landing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"time"
	"unicode"

	"countinghouse/internal/objectstore"
)

// Unrecognised is the feed under which files that no contract takes are kept.
const Unrecognised = "unrecognised"

const manifestName = "manifest.json"

// A Manifest is what is known about a landed file. It is written after the file, which is there once its manifest is.
type Manifest struct {
	Feed       string    `json:"feed"`
	Name       string    `json:"name"`              // base name, as it came
	Archive    bool      `json:"archive,omitempty"` // it is a member: Name is archive.zip!member
	Key        string    `json:"key"`               // of the file's bytes
	Size       int64     `json:"size"`              // bytes
	SHA256     string    `json:"sha256"`            // of the bytes, hex
	ReceivedAt time.Time `json:"received_at"`
	ModTime    time.Time `json:"mod_time"`
	// ExportedAt is when the channel made the file, if its name says so.
	ExportedAt *time.Time `json:"exported_at,omitempty"`
	// MetadataAt is when a workbook says that it was last saved.
	MetadataAt *time.Time `json:"metadata_at,omitempty"`
	Why        string     `json:"why,omitempty"`    // why this feed takes it
	Also       []string   `json:"also,omitempty"`   // other feeds whose header fits, but less
	Reason     string     `json:"reason,omitempty"` // why no feed takes it
	// Replaces are the SHA-256 that a rewritten export had before, oldest first, and ErasedBy the certificate that says why.
	Replaces []string `json:"replaces,omitempty"`
	ErasedBy string   `json:"erased_by,omitempty"`
}

// Folder is where the file with this content lies.
func Folder(feed, sha256 string) string { return path.Join("landing", feed, sha256) }

// ManifestKey is where the manifest of the file with this content lies.
func ManifestKey(feed, sha256 string) string { return path.Join(Folder(feed, sha256), manifestName) }

// longestName is in bytes. File systems take 255, and a name on its way has a suffix.
const longestName = 200

// FileKey is where the file's bytes lie. The name is kept but for what a key cannot hold; of one that is too long the beginning and the end are.
func FileKey(feed, sha256, name string) string {
	safe := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '/' || r == '\\' || r == '\ufffd' {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(name, "_"))
	if len(safe) > longestName {
		begin, end := safe[:longestName*3/4], safe[len(safe)-longestName/4+1:]
		safe = strings.ToValidUTF8(begin, "") + "_" + strings.ToValidUTF8(end, "")
	}
	if safe == manifestName || strings.Trim(safe, ".") == "" {
		safe = "_" + safe
	}
	return path.Join(Folder(feed, sha256), safe)
}

// Read gives the manifest of a landed file; objectstore.ErrNotFound if the file has not landed.
func Read(ctx context.Context, bucket *objectstore.Bucket, feed, sha256 string) (Manifest, error) {
	key := ManifestKey(feed, sha256)
	text, _, err := bucket.Read(ctx, key)
	if err != nil {
		return Manifest{}, fmt.Errorf("read %s: %w", key, err)
	}
	var manifest Manifest
	if err := json.Unmarshal(text, &manifest); err != nil {
		return Manifest{}, fmt.Errorf("read %s: %w", key, err)
	}
	return manifest, nil
}

// Stage writes a manifest into a new file in a folder and gives the file's path: it becomes visible as the object ManifestKey.
func Stage(manifest Manifest, folder string) (name string, err error) {
	text, err := manifest.text()
	if err != nil {
		return "", err
	}
	file, err := os.CreateTemp(folder, "manifest-*")
	if err != nil {
		return "", fmt.Errorf("write the manifest of %s: %w", manifest.Name, err)
	}
	_, err = file.Write(text)
	return file.Name(), errors.Join(err, file.Close())
}

func (m Manifest) text() ([]byte, error) {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the manifest of %s: %w", m.Name, err)
	}
	return text, nil
}

// Write makes a landed file visible.
func Write(ctx context.Context, bucket *objectstore.Bucket, manifest Manifest) error {
	text, err := manifest.text()
	if err != nil {
		return err
	}
	key := ManifestKey(manifest.Feed, manifest.SHA256)
	// Another process may have landed the same bytes just now: its manifest stands.
	if _, err := bucket.CompareAndSet(ctx, key, text, 0); err != nil && !errors.Is(err, objectstore.ErrPrecondition) {
		return fmt.Errorf("write %s: %w", key, err)
	}
	return nil
}

// List gives the contents that have landed for a feed, as sha256 in hex, sorted.
func List(ctx context.Context, bucket *objectstore.Bucket, feed string) ([]string, error) {
	prefix := path.Join("landing", feed) + "/"
	var found []string
	for object, err := range bucket.List(ctx, prefix) {
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", prefix, err)
		}
		rest := strings.TrimPrefix(object.Key, prefix)
		if sha256, name, _ := strings.Cut(rest, "/"); name == manifestName {
			found = append(found, sha256)
		}
	}
	return found, nil
}
