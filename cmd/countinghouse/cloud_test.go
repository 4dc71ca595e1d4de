package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"strings"
	"testing"

	"countinghouse/internal/objectstore/gcstest"
	"countinghouse/internal/warehouse"
)

const bucketConfig = "store: gs://brand-bucket/countinghouse\n"

// TestACloudStoreGivesTheSameTables runs the brand against a bucket, through the real client, and against a folder, with one key.
func TestACloudStoreGivesTheSameTables(t *testing.T) {
	t.Parallel()
	folder, cloud, elsewhere := newSite(t), newSite(t), newSite(t)
	endpoint := gcstest.Start(t)
	for _, s := range []*site{cloud, elsewhere} {
		s.write("countinghouse.yaml", bucketConfig)
		s.env = []string{"STORAGE_EMULATOR_HOST=" + endpoint}
	}
	for _, half := range []string{"first", "second"} {
		folder.run("--land", brand(t, half))
		cloud.run("--land", brand(t, half))
	}
	if again := cloud.run("--land", brand(t, "second")); !strings.Contains(again, "0 tables made") || !strings.Contains(again, "as it was") {
		t.Errorf("a run with nothing new does something:\n%s", again)
	}
	if _, err := os.Stat(cloud.path("store")); err == nil {
		t.Error("a folder store was made beside the bucket")
	}
	if got, want := bucketDigests(t, endpoint), folder.published().Digests; !maps.Equal(got, want) {
		t.Errorf("digests in the bucket %v, in the folder %v", got, want)
	}
	// The bucket alone is the record: a machine that has nothing but its address reads the same rows.
	file := elsewhere.path("rows.parquet")
	elsewhere.do(exitDone, "query", "--format", "parquet="+file, "select * from mart.customer_360")
	rows := "read_parquet(" + warehouse.Quote(file) + ")"
	if got := hashOf(t, reader(t, elsewhere.dir), rows); got != folder.set().hashes["mart.customer_360"] {
		t.Error("mart.customer_360 has other rows, read from the bucket elsewhere")
	}
}

// bucketDigests reads the published copies' own list with a bare request.
func bucketDigests(t *testing.T, endpoint string) map[string]string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, endpoint+"/brand-bucket/countinghouse/marts/current.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reply.Body.Close() }()
	var current published
	if err := json.NewDecoder(reply.Body).Decode(&current); err != nil || reply.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", reply.Status, err)
	}
	return current.Digests
}

// TestACloudStoreNeedsAKey: the key that is in the source would make the hashes of everybody's customers guessable.
func TestACloudStoreNeedsAKey(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.write("countinghouse.yaml", bucketConfig)
	s.env = []string{"COUNTINGHOUSE_HASH_KEY=", "STORAGE_EMULATOR_HOST=" + gcstest.Start(t)}
	got := s.try("run", "--as-of", asOf, "--land", brand(t, "first"))
	if got.code != exitUsage || !strings.Contains(got.errs, "COUNTINGHOUSE_HASH_KEY") {
		t.Errorf("exit %d, want %d and the variable's name\n%s", got.code, exitUsage, got.errs)
	}
}
