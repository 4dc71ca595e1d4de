package conform

import (
	"fmt"
	"path"
	"strings"
	"time"

	"countinghouse/internal/contract"
)

// A FileResult is the accounting of one export file. Rows = Accepted + Rejected + Dropped + Withheld, always; all are 0 for a file
// that could not be read at all.
type FileResult struct {
	Feed        string `json:"feed"`
	Name        string `json:"name"`        // as it came
	SHA256      string `json:"sha256"`      // of the export's bytes
	SourceFile  string `json:"source_file"` // key of the landed bytes
	Fingerprint string `json:"fingerprint"` // contract.ReadFingerprint that it was read with
	// Expressions is the contract.ExpressionsFingerprint of the contract as it was checked before the file was read.
	Expressions string `json:"expressions"`
	// ExportedAt is when the channel made the file, in the brand's zone.
	ExportedAt time.Time `json:"exported_at"`
	Rows       int64     `json:"rows"`
	Accepted   int64     `json:"accepted"`
	Rejected   int64     `json:"rejected"`
	Dropped    int64     `json:"dropped"`          // by a rule of the contract
	Withheld   int64     `json:"withheld"`         // good rows of a quarantined file
	Erased     int64     `json:"erased,omitempty"` // rows of persons who were erased: their cells are blanked
	Duplicates int64     `json:"duplicates"`       // accepted rows whose grain an earlier row of the file has: they count for nothing
	// Quarantine is why no row of the file is used; empty for a good file. It names the place and what to do.
	Quarantine string `json:"quarantine,omitempty"`
	// Parquet is the key of the typed rows, empty if quarantined; Rejects is the key of the refused rows, empty if there are none.
	Parquet string `json:"parquet,omitempty"`
	Rejects string `json:"rejects,omitempty"`
	// Part is the file's number in a Parquet file that holds the rows of several (contract.ConformedFile); 0: it is the file's own.
	Part int64 `json:"part,omitempty"`
	// Header is the file's own, as it came, HeaderLine its line, or 0; Drift is how it differs from what the contract expects.
	Header     []string       `json:"header,omitempty"`
	HeaderLine int64          `json:"header_line,omitempty"`
	Drift      contract.Drift `json:"drift"`
	// Reasons are those of the first few refused rows, each with file and line.
	Reasons []string `json:"reasons,omitempty"`
	New     bool     `json:"-"` // done by this run
}

// Conformed says for contract.FeedSQL where the typed rows are; location is the key or a local path, as the SQL needs it.
func (r FileResult) Conformed(location string) contract.ConformedFile {
	return contract.ConformedFile{
		Path: location, SourceFile: r.SourceFile, FileHash: r.SHA256, ExportedAt: r.ExportedAt, Duplicates: r.Duplicates,
		Part: r.Part, Extra: r.Part > 0 || len(r.Drift.New) > 0,
	}
}

// stem is the part that the names of a file's results have in common.
func stem(sha256, fingerprint string) string { return sha256 + "-" + fingerprint[:12] }

func resultKey(feed, sha256, fingerprint string) string {
	return path.Join("files", feed, stem(sha256, fingerprint)+".json")
}

func parquetKey(feed, sha256, fingerprint string) string {
	return path.Join("files", feed, stem(sha256, fingerprint)+".parquet")
}

func rejectsKey(feed, sha256, fingerprint string) string {
	return path.Join("rejects", feed, stem(sha256, fingerprint)+".parquet")
}

// place names a line of a file as people read it: the long hash is cut.
func place(sourceFile string, line int64) string {
	parts := strings.Split(sourceFile, "/")
	for i, part := range parts {
		if len(part) == 64 {
			parts[i] = part[:4] + "…"
		}
	}
	short := strings.Join(parts, "/")
	if line == 0 {
		return short
	}
	return fmt.Sprintf("%s:%d", short, line)
}
