package snapshot

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"countinghouse/internal/objectstore"
)

// The versions that were current before the one that is, lie in environments/<name>/history/<version>.json. A version goes there just before
// another takes its place, as the bytes that the environment itself held: so nothing is in the history that was never current, and a
// process that dies in between leaves the current version in both places, which harms nobody.

const environments = "environments/"

func historyFolder(environment string) string { return environments + environment + "/history/" }

// HistoryKey is where a version of an environment is after another took its place.
func HistoryKey(environment string, version int64) string {
	return historyFolder(environment) + strconv.FormatInt(version, 10) + ".json"
}

// archive puts the current version into the history, if it is still the one whose generation was read.
func archive(ctx context.Context, bucket *objectstore.Bucket, name string, generation int64) error {
	if generation == 0 {
		return nil
	}
	current, attributes, err := bucket.Read(ctx, environmentKey(name))
	if err != nil {
		return err
	}
	if attributes.Generation != generation {
		return objectstore.ErrPrecondition
	}
	var environment Environment
	if err := json.Unmarshal(current, &environment); err != nil {
		return fmt.Errorf("%s: %w", environmentKey(name), err)
	}
	key := HistoryKey(name, environment.Version)
	// There may be one already: of a process that died here, or of an environment of this name that was removed.
	old, was, err := bucket.Read(ctx, key)
	if err != nil && !errors.Is(err, objectstore.ErrNotFound) || err == nil && bytes.Equal(old, current) {
		return err
	}
	_, err = bucket.CompareAndSet(ctx, key, current, was.Generation)
	return err
}

// History gives the versions that were current before the one that is, newest first. Those that were collected, or replaced before there
// was a history, are missing.
func History(ctx context.Context, bucket *objectstore.Bucket, current Environment) ([]Environment, error) {
	var history []Environment
	folder := historyFolder(current.Name)
	for object, err := range bucket.List(ctx, folder) {
		if err != nil {
			return nil, fmt.Errorf("history of %s: %w", current.Name, err)
		}
		version, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimPrefix(object.Key, folder), ".json"), 10, 64)
		if err != nil || version >= current.Version {
			continue // not yet replaced, or left by an environment of this name that was removed
		}
		past, generation, err := readEnvironment(ctx, bucket, current.Name, object.Key)
		if err != nil {
			return nil, err
		}
		if generation != 0 { // it was collected just now
			history = append(history, past)
		}
	}
	slices.SortFunc(history, func(a, b Environment) int { return cmp.Compare(b.Version, a.Version) })
	return history, nil
}

// Names gives the environments that were published or built, in order.
func Names(ctx context.Context, bucket *objectstore.Bucket) ([]string, error) {
	found := map[string]bool{}
	for object, err := range bucket.List(ctx, environments) {
		if err != nil {
			return nil, fmt.Errorf("list environments: %w", err)
		}
		name := strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(object.Key, environments), ".json"), ".candidate")
		if CheckName(name) == nil { // not so with the slashes of a history
			found[name] = true
		}
	}
	return sortedKeys(found), nil
}

// Remove forgets an environment, its candidate and its history; tables stay until they are collected. The environment itself goes
// last: until then it is as it was, with less history.
func Remove(ctx context.Context, bucket *objectstore.Bucket, name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	var keys []string
	for object, err := range bucket.List(ctx, historyFolder(name)) {
		if err != nil {
			return fmt.Errorf("remove environment %s: %w", name, err)
		}
		keys = append(keys, object.Key)
	}
	for _, key := range append(keys, CandidateKey(name), environmentKey(name)) {
		if err := bucket.Delete(ctx, key); err != nil {
			return fmt.Errorf("remove environment %s: %w", name, err)
		}
	}
	return nil
}
