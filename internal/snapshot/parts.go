package snapshot

import (
	"context"
	"slices"
	"strings"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/warehouse"
)

// partsQuery gives the rows of all parts. Parts that have the same ones after them that replace rows are read as one.
func partsQuery(ctx context.Context, bucket *objectstore.Bucket, manifest Manifest) (string, error) {
	if len(manifest.Parts) == 0 {
		return warehouse.NoRows(manifest.Columns), nil
	}
	var queries []string
	for start := 0; start < len(manifest.Parts); {
		end := start + 1
		for end < len(manifest.Parts) && manifest.Parts[end].Replaces == nil {
			end++
		}
		query, err := someParts(ctx, bucket, manifest, start, end)
		if err != nil {
			return "", err
		}
		queries, start = append(queries, query), end
	}
	return strings.Join(queries, "\nunion all\n"), nil
}

// someParts gives the rows of the parts from start to before end that no later part replaces.
func someParts(ctx context.Context, bucket *objectstore.Bucket, manifest Manifest, start, end int) (string, error) {
	keys := make([]string, 0, end-start)
	for _, part := range manifest.Parts[start:end] {
		keys = append(keys, DataKey(manifest.Name, part.Table))
	}
	query, err := filesQuery(ctx, bucket, keys...)
	if err != nil {
		return "", err
	}
	hidden, err := hiddenBy(ctx, bucket, manifest.Parts[end:])
	if err != nil || hidden == "" {
		return query, err
	}
	return "select * from (" + query + ") as part where " + hidden, nil
}

// hiddenBy is the condition that no part replaces a row of one that is called part; empty if none replaces any.
func hiddenBy(ctx context.Context, bucket *objectstore.Bucket, parts []Part) (string, error) {
	stored := map[string][]string{} // keys of objects, by the columns whose values they hold
	var columns [][]string
	for _, part := range parts {
		if part.Replaces == nil {
			continue
		}
		of := strings.Join(part.Replaces.Columns, ",")
		if stored[of] == nil {
			columns = append(columns, part.Replaces.Columns)
		}
		if key := DataKey(part.Replaces.Name, part.Replaces.Table); !slices.Contains(stored[of], key) {
			stored[of] = append(stored[of], key)
		}
	}
	var conditions []string
	for _, names := range columns {
		keys, err := filesQuery(ctx, bucket, stored[strings.Join(names, ",")]...)
		if err != nil {
			return "", err
		}
		var same []string
		for _, name := range names {
			name = warehouse.QuoteName(name)
			same = append(same, "part."+name+" is not distinct from replaced."+name)
		}
		conditions = append(conditions, "not exists (select 1 from ("+keys+") as replaced where "+strings.Join(same, " and ")+")")
	}
	return strings.Join(conditions, " and "), nil
}
