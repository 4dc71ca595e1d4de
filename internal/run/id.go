package run

import (
	"encoding/hex"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
)

const (
	folder       = "runs/"
	stampLayout  = "20060102T150405.000Z"
	suffixBytes  = 4
	suffixDigits = 2 * suffixBytes
)

var jobName = regexp.MustCompile(`^[a-z0-9]+([_-][a-z0-9]+)*$`)

// CheckJob says why name cannot be the name of a job: it becomes part of object keys and of metrics.
func CheckJob(name string) error {
	if !jobName.MatchString(name) {
		return fmt.Errorf("job name %q: want lower case letters and digits, joined by - or _", name)
	}
	return nil
}

// NewID is the id of a run that starts now: its time in UTC, to the millisecond, the job, and a random suffix. Ids sort by
// time, and the job in them spares readers from opening the records of other jobs.
func NewID(job string, now time.Time, random io.Reader) (string, error) {
	suffix := make([]byte, suffixBytes)
	if _, err := io.ReadFull(random, suffix); err != nil {
		return "", fmt.Errorf("random suffix of a run id: %w", err)
	}
	return now.UTC().Format(stampLayout) + "-" + job + "-" + hex.EncodeToString(suffix), nil
}

// Key is the place of a run's record.
func Key(id string) (string, error) {
	started, _, ok := parseID(id)
	if !ok {
		return "", fmt.Errorf("%q is not a run id", id)
	}
	return monthFolder(started) + id + ".json", nil
}

func monthFolder(t time.Time) string {
	return folder + monthOf(t) + "/"
}

// parseID takes an id apart. Not ok: not an id that NewID gives.
func parseID(id string) (started time.Time, job string, ok bool) {
	if len(id) < len(stampLayout)+len("-x-")+suffixDigits {
		return time.Time{}, "", false
	}
	started, err := time.Parse(stampLayout, id[:len(stampLayout)])
	if err != nil {
		return time.Time{}, "", false
	}
	job, suffix, ok := cutLast(id[len(stampLayout)+1:])
	if _, err = hex.DecodeString(suffix); err != nil || len(suffix) != suffixDigits {
		return time.Time{}, "", false
	}
	return started, job, ok && id[len(stampLayout)] == '-' && CheckJob(job) == nil
}

func cutLast(s string) (before, after string, found bool) {
	at := strings.LastIndexByte(s, '-')
	if at < 0 {
		return "", s, false
	}
	return s[:at], s[at+1:], true
}
