package warehouse_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"countinghouse/internal/warehouse"
)

func openForFeeds(t *testing.T) *warehouse.Session {
	t.Helper()
	session, err := warehouse.Open(t.Context(), warehouse.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

// TestFeedGivesEveryValue takes values of every type, there and missing, short and long, from vectors that DuckDB has flat, constant and as dictionaries, on several threads.
func TestFeedGivesEveryValue(t *testing.T) {
	t.Parallel()
	session := openForFeeds(t)
	const rows = 300_000
	query := fmt.Sprintf(`select i, if(i %% 3 = 0, null, repeat('x', (i %% 20)::integer) || i) as text, 'the same for all' as constant,
		['a', '一二三四五', 'thirteen char'][i %% 3 + 1] as name, if(i %% 7 = 0, null, date '1969-12-30' + (i %% 5)::integer) as day,
		timestamp '1970-01-01 00:00:00.000001' + to_microseconds(i) as moment, if(i %% 2 = 0, null, '\x00\xFF'::blob) as bytes, hash(i) as place from range(%d) as t(i)`, rows)
	columns := []warehouse.Column{
		{Name: "i", Type: "BIGINT"},
		{Name: "text", Type: "VARCHAR"},
		{Name: "constant", Type: "VARCHAR"},
		{Name: "name", Type: "VARCHAR"},
		{Name: "day", Type: "DATE"},
		{Name: "moment", Type: "TIMESTAMP"},
		{Name: "bytes", Type: "BLOB"},
		{Name: "place", Type: "UBIGINT"},
	}
	var mu sync.Mutex
	seen, places := map[int64]int{}, map[uint64]bool{}
	err := session.Feed(t.Context(), query, columns, func(chunk *warehouse.Chunk) error {
		mu.Lock()
		defer mu.Unlock()
		for row := range chunk.Rows {
			i := chunk.Bigints(0).At(row)
			seen[i]++
			places[chunk.Ubigints(7).At(row)] = true
			if err := checkFed(chunk, row, i); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) != rows || len(places) != rows {
		t.Errorf("%d rows and %d places, want %d", len(seen), len(places), rows)
	}
	for i, times := range seen {
		if times != 1 {
			t.Fatalf("row %d came %d times", i, times)
		}
	}
}

// checkFed holds a row against what the query says of it.
func checkFed(chunk *warehouse.Chunk, row int, i int64) error {
	text, bytes := strings.Repeat("x", int(i%20))+fmt.Sprint(i), "\x00\xff"
	if i%3 == 0 {
		text = ""
	}
	if i%2 == 0 {
		bytes = ""
	}
	got := []any{
		chunk.Texts(1).At(row), chunk.Texts(1).IsNull(row), chunk.Texts(2).At(row), chunk.Texts(3).At(row), chunk.Dates(4).IsNull(row), chunk.Bigints(5).At(row), chunk.Texts(6).At(row),
	}
	want := []any{text, i%3 == 0, "the same for all", []string{"a", "一二三四五", "thirteen char"}[i%3], i%7 == 0, i + 1, bytes}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		return fmt.Errorf("row %d: got %q, want %q", i, got, want)
	}
	if day := chunk.Dates(4).At(row); i%7 != 0 && int64(day) != i%5-2 {
		return fmt.Errorf("row %d: day %d", i, day)
	}
	return nil
}

func TestFeedEndsWithTheErrorOfItsTaker(t *testing.T) {
	t.Parallel()
	session := openForFeeds(t)
	number := []warehouse.Column{{Name: "i", Type: "BIGINT"}}
	enough := errors.New("enough")
	if err := session.Feed(t.Context(), "from range(1000000) as t(i)", number, func(*warehouse.Chunk) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
	err := session.Feed(t.Context(), "from range(10) as t(i)", number, func(chunk *warehouse.Chunk) error {
		_ = chunk.Bigints(7)
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "take rows: runtime error") {
		t.Errorf("of a panic: got %v", err)
	}
	if err := session.Feed(t.Context(), "select 1 as j", number, func(*warehouse.Chunk) error { return nil }); err == nil || !strings.Contains(err.Error(), `"i"`) {
		t.Errorf("of a column that is not there: got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := session.Feed(ctx, "from range(100000000) as t(i)", number, func(*warehouse.Chunk) error { cancel(); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("of a cancelled run: got %v", err)
	}
	if err := session.Feed(t.Context(), "from range(0) as t(i)", number, func(*warehouse.Chunk) error { return enough }); err != nil {
		t.Errorf("without rows: got %v", err)
	}
}

// TestFeedFunctionOfNobody is somebody's own SQL that calls what feeds are made of.
func TestFeedFunctionOfNobody(t *testing.T) {
	t.Parallel()
	session := openForFeeds(t)
	if err := session.Feed(t.Context(), "select 1 as i", []warehouse.Column{{Name: "i", Type: "BIGINT"}}, func(*warehouse.Chunk) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := session.Exec(t.Context(), "select countinghouse_feed(12345, 1)"); err == nil || !strings.Contains(err.Error(), "invalid Handle") {
		t.Errorf("got %v", err)
	}
}
