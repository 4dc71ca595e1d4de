package jobs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"countinghouse/pipelines/pack"
)

// VerifyPack writes the pack of a close again, where nobody sees it, and tells of the files of a folder that are not the same, to the byte; of a workbook it
// names the cell.
func (w *Workshop) VerifyPack(ctx context.Context, period, folder string) (problems []string, err error) {
	again, err := os.MkdirTemp(w.Scratch, "pack-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(again)) }()
	_, written, err := w.PackClose(ctx, period, again)
	if err != nil {
		return nil, err
	}
	for _, path := range written {
		want, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		name := filepath.Join(folder, filepath.Base(path))
		got, err := os.ReadFile(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			problems = append(problems, name+": the pack of the close has this file, and it is not there")
		case err != nil:
			return nil, err
		case bytes.Equal(got, want):
		case filepath.Ext(name) == ".xlsx":
			problems = append(problems, name+": "+pack.WorkbookDifference(want, got))
		default:
			problems = append(problems, fmt.Sprintf("%s:%d: it is not what the close says", name, firstDifference(got, want)))
		}
	}
	return problems, nil
}

// firstDifference is the line in which two texts first differ.
func firstDifference(one, other []byte) int {
	same := 0
	for same < min(len(one), len(other)) && one[same] == other[same] {
		same++
	}
	return 1 + bytes.Count(one[:same], []byte("\n"))
}
