package contract_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"countinghouse/internal/contract"
	"countinghouse/schemas"

	"github.com/google/go-cmp/cmp"
)

func feedsOf(contracts []*contract.Contract) []string {
	var names []string
	for _, c := range contracts {
		names = append(names, c.Feed)
	}
	return names
}

// TestOpenReadsOnlyWhatIsAskedFor holds it with a built-in feed that cannot be read at all.
func TestOpenReadsOnlyWhatIsAskedFor(t *testing.T) {
	builtin := files(shopFeed)
	builtin["feeds/broken.yaml"] = &fstest.MapFile{Data: []byte("feed: broken\nfiles:\n  names: [\"broken_*.csv\"]\n\n  # more\n  container: csv\nnonsense: true\n")}
	own := fstest.MapFS{"feeds/own.yaml": {Data: []byte(strings.ReplaceAll(strings.ReplaceAll(shopFeed, "feed: shop", "feed: own"), "shop_*", "own_*"))}}
	registry, err := contract.Open(builtin, own)
	if err != nil {
		t.Fatal(err)
	}
	if got := registry.Names(); !cmp.Equal(got, []string{"broken", "own", "shop"}) {
		t.Errorf("names are %v", got)
	}
	for _, base := range []string{"shop", "own"} {
		if got := feedsOf(registry.Taking(base + "_1.csv.gz")); !cmp.Equal(got, []string{base}) {
			t.Errorf("%s_1.csv.gz is taken by %v", base, got)
		}
		if feed, found := registry.Feed(base); !found || feed.Feed != base || len(feed.Columns) == 0 {
			t.Errorf("feed %s is %v", base, feed)
		}
	}
	defer func() {
		if said, _ := recover().(string); !strings.Contains(said, `feeds/broken.yaml:7:1: unknown field "nonsense"`) {
			t.Errorf("a broken built-in feed: %q", said)
		}
	}()
	registry.Taking("broken_1.csv")
}

func TestOpenChecksAProjectsOwnFeeds(t *testing.T) {
	_, err := contract.Open(files(shopFeed), files(strings.Replace(shopFeed, "channel: shop", "chanel: shop", 1)))
	if err == nil || !strings.Contains(err.Error(), `schemas/feeds/shop.yaml:4:1: unknown field "chanel"`) {
		t.Errorf("error %v", err)
	}
}

// TestOpenIsLoad holds that what is read late is the same, for everything that is built in.
func TestOpenIsLoad(t *testing.T) {
	loaded, err := contract.Load(schemas.Files, nil)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := contract.Open(schemas.Files, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range loaded.Feeds() {
		for _, pattern := range c.Files.Names {
			name := strings.NewReplacer("[0-9]", "1", "*", "2026").Replace(pattern)
			if got, want := feedsOf(opened.Taking(name)), feedsOf(loaded.Taking(name)); !cmp.Equal(got, want) || !c.Takes(name) {
				t.Errorf("%s is taken by %v, want %v", name, got, want)
			}
		}
	}
	if diff := cmp.Diff(loaded.Feeds(), opened.Feeds()); diff != "" {
		t.Error(diff)
	}
}
