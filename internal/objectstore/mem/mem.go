// Package mem keeps objects in memory, with the generations that Google Cloud Storage has: for tests, and for demonstrations
// that leave nothing behind.
package mem

import (
	"bytes"
	"context"
	"io"
	"iter"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"countinghouse/internal/objectstore"
)

// Store is an objectstore.Driver.
type Store struct {
	mu      sync.Mutex
	objects map[string]object
	last    int64 // the generation given last
}

type object struct {
	data       []byte // never written to
	attributes objectstore.Attributes
}

// New is an empty store.
func New() *Store { return &Store{objects: map[string]object{}} }

func (s *Store) get(ctx context.Context, key string) (object, error) {
	if err := ctx.Err(); err != nil {
		return object{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.objects[key]
	if !ok {
		return object{}, objectstore.ErrNotFound
	}
	return o, nil
}

// Stat gives the attributes of an object.
func (s *Store) Stat(ctx context.Context, key string) (objectstore.Attributes, error) {
	o, err := s.get(ctx, key)
	return o.attributes, err
}

// Read gives a copy of the bytes of an object.
func (s *Store) Read(ctx context.Context, key string) ([]byte, objectstore.Attributes, error) {
	o, err := s.get(ctx, key)
	return bytes.Clone(o.data), o.attributes, err
}

// Open streams an object.
func (s *Store) Open(ctx context.Context, key string) (io.ReadCloser, objectstore.Attributes, error) {
	o, err := s.get(ctx, key)
	if err != nil {
		return nil, objectstore.Attributes{}, err
	}
	return io.NopCloser(bytes.NewReader(o.data)), o.attributes, nil
}

// CreateFile makes an object of a local file.
func (s *Store) CreateFile(ctx context.Context, key, path string) (objectstore.Attributes, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return objectstore.Attributes{}, err
	}
	return s.CompareAndSet(ctx, key, data, 0)
}

// CompareAndSet writes data if the generation is as expected.
func (s *Store) CompareAndSet(ctx context.Context, key string, data []byte, expected int64) (objectstore.Attributes, error) {
	if err := ctx.Err(); err != nil {
		return objectstore.Attributes{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.objects[key].attributes.Generation != expected {
		return objectstore.Attributes{}, objectstore.ErrPrecondition
	}
	return s.put(key, data), nil
}

// ReplaceFile makes the object a copy of a local file.
func (s *Store) ReplaceFile(ctx context.Context, key, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(key, data)
	return nil
}

// put writes; the caller holds the lock. Times are those of a clock that ticks a second with each write.
func (s *Store) put(key string, data []byte) objectstore.Attributes {
	s.last++
	a := objectstore.Attributes{Key: key, Size: int64(len(data)), Generation: s.last, ModTime: time.Unix(s.last, 0).UTC()}
	s.objects[key] = object{bytes.Clone(data), a}
	return a
}

// List gives the objects as they are when the listing begins.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[objectstore.Attributes, error] {
	return func(yield func(objectstore.Attributes, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(objectstore.Attributes{}, err)
			return
		}
		s.mu.Lock()
		now := maps.Clone(s.objects)
		s.mu.Unlock()
		for _, key := range slices.Sorted(maps.Keys(now)) {
			if strings.HasPrefix(key, prefix) && !yield(now[key].attributes, nil) {
				return
			}
		}
	}
}

// Delete removes an object.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.objects, key)
	return nil
}
