package snapshot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"countinghouse/internal/crash"
	"countinghouse/internal/objectstore"
)

// Main is the environment that everybody reads unless they say another.
const Main = "prod"

// Environment is a whole set of tables that belong together.
type Environment struct {
	Name        string    `json:"name"`
	Version     int64     `json:"version"` // 1 for the first set that was published, then one more each time
	AsOf        string    `json:"as_of"`
	RunID       string    `json:"run_id"`
	PublishedAt time.Time `json:"published_at"`
	// Cause is why the set is current if it was not built for this environment: promoted from another, or rolled back to.
	Cause string `json:"cause,omitempty"`
	// Restores is the version that a rollback made current again, 0 without one.
	Restores int64 `json:"restores,omitempty"`
	// Base is the version of Main when the set was built; absent in Main itself and where nobody looked.
	Base   *int64           `json:"base,omitempty"`
	Tables map[string]Table `json:"tables"`
}

var environmentName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)

// CheckName says why a text cannot be the name of an environment: it becomes part of object keys.
func CheckName(name string) error {
	if !environmentName.MatchString(name) {
		return fmt.Errorf("environment %q: want a name of letters, digits, - and _, such as dev-x", name)
	}
	return nil
}

// CandidateKey is where a build leaves the set that is to be checked and published.
func CandidateKey(environment string) string {
	return "environments/" + environment + ".candidate.json"
}

func environmentKey(environment string) string { return "environments/" + environment + ".json" }

// Read gives an environment and the generation to compare with when it is set. One that was never published is empty, with
// generation 0.
func Read(ctx context.Context, bucket *objectstore.Bucket, name string) (Environment, int64, error) {
	return readEnvironment(ctx, bucket, name, environmentKey(name))
}

// ReadCandidate gives the set that the last build of an environment left.
func ReadCandidate(ctx context.Context, bucket *objectstore.Bucket, name string) (Environment, error) {
	candidate, _, err := readEnvironment(ctx, bucket, name, CandidateKey(name))
	return candidate, err
}

func readEnvironment(ctx context.Context, bucket *objectstore.Bucket, name, key string) (Environment, int64, error) {
	if err := CheckName(name); err != nil {
		return Environment{}, 0, err
	}
	data, attributes, err := bucket.Read(ctx, key)
	if errors.Is(err, objectstore.ErrNotFound) {
		return Environment{Name: name, Tables: map[string]Table{}}, 0, nil
	}
	if err != nil {
		return Environment{}, 0, fmt.Errorf("read environment %s: %w", name, err)
	}
	var environment Environment
	if err := json.Unmarshal(data, &environment); err != nil {
		return Environment{}, 0, fmt.Errorf("read environment %s: %s: %w", name, key, err)
	}
	return environment, attributes.Generation, nil
}

// Publish makes the environment current if nobody has changed it since the generation was read; otherwise
// objectstore.ErrPrecondition, and the environment stays as the other one left it. The version that it takes the place of goes into
// the history first.
func Publish(ctx context.Context, bucket *objectstore.Bucket, environment Environment, generation int64) error {
	if err := archive(ctx, bucket, environment.Name, generation); err != nil {
		return fmt.Errorf("publish %s: %w", environment.Name, err)
	}
	crash.Point(crash.PublishArchived)
	if err := set(ctx, bucket, environmentKey(environment.Name), environment, generation); err != nil {
		return fmt.Errorf("publish %s: %w", environment.Name, err)
	}
	return nil
}

func set(ctx context.Context, bucket *objectstore.Bucket, key string, environment Environment, generation int64) error {
	data, err := json.MarshalIndent(environment, "", "  ")
	if err != nil {
		return err
	}
	_, err = bucket.CompareAndSet(ctx, key, data, generation)
	return err
}

// LeaveCandidate stores a set for the steps after the build, and notes which version of Main it may one day take the place of. Only the
// holder of the run's lease calls it.
func LeaveCandidate(ctx context.Context, bucket *objectstore.Bucket, candidate Environment) error {
	if candidate.Base == nil && candidate.Name != Main {
		base, _, err := Read(ctx, bucket, Main)
		if err != nil {
			return fmt.Errorf("leave candidate: %w", err)
		}
		candidate.Base = &base.Version
	}
	key := CandidateKey(candidate.Name)
	_, generation, err := readEnvironment(ctx, bucket, candidate.Name, key)
	if err != nil {
		return err
	}
	if err := set(ctx, bucket, key, candidate, generation); err != nil {
		return fmt.Errorf("leave candidate: %w", err)
	}
	return nil
}
