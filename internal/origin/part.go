package origin

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// checkpoint is after how many bytes a part is made durable, so that a process that dies loses no more.
const checkpoint = 64 << 20

const (
	partFile = "part"
	noteFile = "part.json"
	// wholeFolder holds the finished file, under its own name.
	wholeFolder = "whole"
)

// Part is a file on its way: what has come so far, and of which version. It outlives the process, so that a download goes on where it broke.
// Only bytes that were made durable count: what a loss of power may have torn comes again. A Part is for one goroutine.
type Part struct {
	dir     string
	limit   int64 // bytes that the file may have
	file    *os.File
	version string
	size    int64 // bytes in the file
	safe    int64 // bytes of them that are durable and noted
}

// note says how much of a part counts.
type note struct {
	Version string `json:"version"`
	Size    int64  `json:"size"`
}

// PartFolder is where the part of a path lies, below the folder of its source.
func PartFolder(folder, path string) string {
	sum := sha256.Sum256([]byte(path))
	return filepath.Join(folder, hex.EncodeToString(sum[:16]))
}

// OpenPart goes on with the part of an entry's path, or begins one. limit is the largest file that may come, in bytes.
func OpenPart(folder, path string, limit int64) (*Part, error) {
	p := &Part{dir: PartFolder(folder, path), limit: limit}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return nil, fmt.Errorf("keep a download: %w", err)
	}
	p.takeBack()
	file, err := os.OpenFile(filepath.Join(p.dir, partFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("keep a download: %w", err)
	}
	p.file = file
	if err := p.recall(); err != nil {
		return nil, errors.Join(fmt.Errorf("keep a download: %w", err), file.Close())
	}
	return p, nil
}

// takeBack makes a part again of a file that was finished and has not landed: its process died in between.
func (p *Part) takeBack() {
	finished, err := os.ReadDir(filepath.Join(p.dir, wholeFolder))
	if err == nil && len(finished) == 1 {
		// If it fails, the file comes once more.
		_ = os.Rename(filepath.Join(p.dir, wholeFolder, finished[0].Name()), filepath.Join(p.dir, partFile))
	}
}

// recall cuts the file to what counts: nothing, if there is no note or the file is shorter than it says.
func (p *Part) recall() error {
	var kept note
	text, err := os.ReadFile(filepath.Join(p.dir, noteFile))
	if err == nil {
		err = json.Unmarshal(text, &kept)
	}
	info, statErr := p.file.Stat()
	if statErr != nil {
		return statErr
	}
	if err != nil || kept.Size < 0 || kept.Size > info.Size() {
		kept = note{}
	}
	return p.cut(kept)
}

func (p *Part) cut(to note) error {
	if err := p.file.Truncate(to.Size); err != nil {
		return err
	}
	_, err := p.file.Seek(to.Size, io.SeekStart)
	p.version, p.size, p.safe = to.Version, to.Size, to.Size
	return err
}

// Held is what has come so far: so many bytes of a version; 0 if none.
func (p *Part) Held() (version string, size int64) { return p.version, p.size }

// Resume makes the part one of a version and gives how many bytes of it are there. What is there of another version, or of one that has
// no name, is dropped.
func (p *Part) Resume(version string) (int64, error) {
	if version != "" && version == p.version {
		return p.size, nil
	}
	if err := p.cut(note{Version: version}); err != nil {
		return 0, fmt.Errorf("keep a download: %w", err)
	}
	return 0, nil
}

// Write adds bytes. ErrTooLarge if the file gets too large.
func (p *Part) Write(data []byte) (int, error) {
	if p.size+int64(len(data)) > p.limit {
		return 0, fmt.Errorf("more than %d bytes: %w", p.limit, ErrTooLarge)
	}
	n, err := p.file.Write(data)
	p.size += int64(n)
	if err == nil && p.size-p.safe >= checkpoint {
		err = p.save()
	}
	if err != nil {
		return n, fmt.Errorf("keep a download: %w", err)
	}
	return n, nil
}

func (p *Part) save() error {
	if err := p.file.Sync(); err != nil {
		return err
	}
	text, err := json.Marshal(note{Version: p.version, Size: p.size})
	if err != nil {
		return err
	}
	staged := filepath.Join(p.dir, noteFile+".new")
	if err := os.WriteFile(staged, text, 0o600); err != nil {
		return err
	}
	p.safe = p.size
	return os.Rename(staged, filepath.Join(p.dir, noteFile))
}

// Keep closes the part for another try, in this round or a later one.
func (p *Part) Keep() error {
	err := p.save()
	if err = errors.Join(err, p.file.Close()); err != nil {
		return fmt.Errorf("keep a download: %w", err)
	}
	return nil
}

// Drop closes the part and removes it.
func (p *Part) Drop() error {
	if err := errors.Join(p.file.Close(), os.RemoveAll(p.dir)); err != nil {
		return fmt.Errorf("drop a download: %w", err)
	}
	return nil
}

// Finish closes the part, which is whole, and gives the path of a file with its bytes under a name and, unless it is zero, a modification
// time: contracts may take that for the time of the export.
func (p *Part) Finish(name string, modified time.Time) (path string, err error) {
	if err := CheckName(name); err != nil {
		return "", errors.Join(err, p.Drop())
	}
	whole := filepath.Join(p.dir, wholeFolder)
	path = filepath.Join(whole, name)
	err = errors.Join(p.save(), p.file.Close())
	if err == nil {
		err = os.MkdirAll(whole, 0o700)
	}
	if err == nil {
		err = os.Rename(filepath.Join(p.dir, partFile), path)
	}
	if err == nil && !modified.IsZero() {
		err = os.Chtimes(path, modified, modified)
	}
	if err != nil {
		return "", fmt.Errorf("finish a download: %w", err)
	}
	return path, nil
}
