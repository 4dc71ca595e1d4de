package conform

import (
	"context"
	"fmt"

	"countinghouse/internal/contract"
	"countinghouse/internal/objectstore"
	"countinghouse/internal/warehouse"
)

// A Refused is one row that was refused.
type Refused struct {
	Feed       string `json:"feed"`
	File       string `json:"file"`        // as it came
	SourceFile string `json:"source_file"` // key of the landed bytes
	Line       int64  `json:"line"`
	Reason     string `json:"reason"`
	Raw        string `json:"raw"` // the row as it stands in the file; it may hold personal data
}

// RefusedRows reads the refused rows of files, in their order and by line, those whose reason holds a text (all, where it is empty), and gives
// each; it stops at the first error of give.
func RefusedRows(ctx context.Context, bucket *objectstore.Bucket, session *warehouse.Session, files []FileResult, reason string, give func(Refused) error) error {
	for _, file := range files {
		if file.Rejects == "" {
			continue
		}
		if err := refusedRows(ctx, bucket, session, file, reason, give); err != nil {
			return fmt.Errorf("rejects of %s: %w", file.Name, err)
		}
	}
	return nil
}

func refusedRows(ctx context.Context, bucket *objectstore.Bucket, session *warehouse.Session, file FileResult, reason string, give func(Refused) error) error {
	local, err := bucket.LocalPath(ctx, file.Rejects)
	if err != nil {
		return err
	}
	query := fmt.Sprintf("select source_row, reason, coalesce(raw, '') from read_parquet(%s) where contains(reason, %s) order by source_row",
		contract.Quote(local), contract.Quote(reason))
	rows, err := session.Query(ctx, query)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		row := Refused{Feed: file.Feed, File: file.Name, SourceFile: file.SourceFile}
		if err := rows.Scan(&row.Line, &row.Reason, &row.Raw); err != nil {
			return err
		}
		if err := give(row); err != nil {
			return err
		}
	}
	return rows.Err()
}
