package jobs_test

import (
	"crypto/rand"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/project"
	"countinghouse/internal/run"
	"countinghouse/jobs"
)

// TestOnlyTheLatestIsCaughtUp: a round through a source sees all that the missed ones would have seen.
func TestOnlyTheLatestIsCaughtUp(t *testing.T) {
	on(t, succeed, func(s *stage) {
		s.job.Latest, s.job.DaysBack, s.job.Schedule = true, 0, "*/30 * * * *"
		s.past("1999-12-28 04:00", "1999-12-28", run.Succeeded)
		v := s.serve() // on 2000-01-01 at 08:00
		s.until("2000-01-01 09:10")
		v.end()
		s.expectCalls("2000-01-01 catch-up 1", "2000-01-01 schedule 1", "2000-01-01 schedule 1")
	})
}

func sourcesOf(t *testing.T, config string) project.Project {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, project.ConfigFile), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	own, err := project.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return own
}

func TestSourceJobs(t *testing.T) {
	own := sourcesOf(t, `sources:
  - {name: tills, kind: folder, path: tills, every: "*/5 * * * *"}
  - {name: by-the-day, kind: folder, path: days}
`)
	list, err := jobs.SourceJobs(own, jobs.Tools{})
	if err != nil || len(list) != 1 || list[0].Name != "fetch-tills" || list[0].Schedule != "*/5 * * * *" || !list[0].Latest {
		t.Errorf("%+v, %v", list, err)
	}
	own.Sources[1].Every = "61 * * * *"
	if _, err := jobs.SourceJobs(own, jobs.Tools{}); err == nil || !strings.Contains(err.Error(), "source by-the-day: every: schedule") {
		t.Errorf("error %v", err)
	}
}

// TestASourceIsNotTheStore: files would come in a circle.
func TestASourceIsNotTheStore(t *testing.T) {
	for path, want := range map[string]string{"store": "within one another", ".": "within one another", "store/landing": "within one another", "gone": "there is no folder", "store2": ""} {
		own := sourcesOf(t, "sources: [{name: a, kind: folder, path: "+path+", feed: points}]\n")
		if err := os.MkdirAll(filepath.Join(own.Dir, "store2"), 0o750); err != nil {
			t.Fatal(err)
		}
		report, err := jobs.FetchOne(t.Context(), own, tools(t, own), own.Sources[0], false)
		if want == "" && err == nil {
			continue
		}
		if err == nil || want == "" || !strings.Contains(err.Error(), want) || report.Error != err.Error() {
			t.Errorf("%s: error %v, want one with %q", path, err, want)
		}
	}
}

func TestASourceOfAFeedThatIsNot(t *testing.T) {
	own := sourcesOf(t, "sources: [{name: a, kind: folder, path: drop, feed: nothing}]\n")
	if _, err := jobs.FetchOne(t.Context(), own, tools(t, own), own.Sources[0], false); err == nil || !strings.Contains(err.Error(), `fetch a: there is no feed "nothing"`) {
		t.Errorf("error %v", err)
	}
}

// tools are those of a project with a store in its folder.
func tools(t *testing.T, own project.Project) jobs.Tools {
	t.Helper()
	bucket, err := open.Bucket(t.Context(), own.StoreURL(), "")
	if err != nil {
		t.Fatal(err)
	}
	return jobs.Tools{Bucket: bucket, Key: []byte("a made-up key for the tests"), Now: time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler)}
}
