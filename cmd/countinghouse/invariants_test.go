package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// exports generates a small brand and gives the paths of its files, in the order of their names.
func exports(t *testing.T, members int) []string {
	t.Helper()
	s := newSite(t)
	s.do(exitDone, "generate", s.path("brand"), "--members", fmt.Sprint(members), "--seed", "3")
	files, err := filepath.Glob(s.path("brand/exports/*"))
	if err != nil || len(files) < 50 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	return files
}

// landAll is a command line that lands files.
func landAll(files []string) []string { return append([]string{"land"}, files...) }

// TestTheSameFilesGiveTheSameDigests holds rule 6 of the design: the same inputs give the same digests, however they came and whatever
// the machine has.
func TestTheSameFilesGiveTheSameDigests(t *testing.T) {
	t.Parallel()
	files := exports(t, 60)
	plain := newSite(t)
	plain.do(exitDone, landAll(files)...)
	plain.run()
	want := plain.published().Digests
	backwards := slices.Clone(files)
	slices.Reverse(backwards)
	odd, even := alternate(files)
	for _, variant := range []struct {
		name   string
		config string
		do     func(*site)
	}{
		{"one thread", "resources: {threads: 1}\n", func(s *site) { s.do(exitDone, landAll(files)...) }},
		{"four threads in 500 MB", "resources: {threads: 4, memory_limit: 500MB}\n", func(s *site) { s.do(exitDone, landAll(files)...) }},
		{"backwards, one by one", "", func(s *site) {
			for i, file := range backwards {
				if i%8 == 0 { // a process each; the rest at once
					s.do(exitDone, "land", file)
				}
			}
			s.do(exitDone, landAll(backwards)...)
		}},
		{"half by half, another day between", "", func(s *site) {
			s.do(exitDone, landAll(odd)...)
			s.do(exitDone, "run", "--as-of", "2026-06-30")
			s.do(exitDone, landAll(even)...)
		}},
		{"other half first", "", func(s *site) { s.do(exitDone, landAll(even)...); s.run(); s.do(exitDone, landAll(odd)...) }},
		{"downloaded twice", "", func(s *site) { s.landCopies(files); s.run("--land", filepath.Dir(files[0])) }},
	} {
		t.Run(variant.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.write("countinghouse.yaml", variant.config)
			variant.do(s)
			s.run()
			if got := s.published().Digests; !maps.Equal(got, want) {
				t.Errorf("other digests: %s", differing(got, want))
			}
		})
	}
}

// alternate deals files to two heaps.
func alternate(files []string) (odd, even []string) {
	for i, file := range files {
		if i%2 == 0 {
			even = append(even, file)
			continue
		}
		odd = append(odd, file)
	}
	return odd, even
}

// landCopies lands every file, and then its bytes again under the name that a browser gives to a second download.
func (s *site) landCopies(files []string) {
	s.t.Helper()
	s.do(exitDone, landAll(files)...)
	for _, file := range files {
		ext := filepath.Ext(file)
		bytes, err := os.ReadFile(file)
		if err != nil {
			s.t.Fatal(err)
		}
		s.write("again/"+strings.TrimSuffix(filepath.Base(file), ext)+" (1)"+ext, string(bytes))
	}
	s.do(exitDone, "land", s.path("again"))
}

func differing(got, want map[string]string) []string {
	var tables []string
	for table := range want {
		if got[table] != want[table] {
			tables = append(tables, table)
		}
	}
	slices.Sort(tables)
	return tables
}
