// Package gcs keeps objects in Google Cloud Storage, below a prefix of a bucket, through the JSON interface (the XML one for
// downloads). It is the only importer of the client library.
//
// Objects are written once by the precondition that there is none, and set by the precondition on their generation. All
// requests are tried again, with growing waits, when the service or the network fails.
package gcs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"strings"
	"time"

	"cloud.google.com/go/storage"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"

	"countinghouse/internal/objectstore"
)

// Options of a Store. The zero value, but for NewToken, is Google's service with the application default credentials, or what
// STORAGE_EMULATOR_HOST names.
type Options struct {
	// NewToken gives a text that no other call in any process gives. It marks each CompareAndSet, so that a writer whose
	// reply got lost knows its own write again.
	NewToken func() string
	// Endpoint is the address of an emulator, such as http://127.0.0.1:9000; no credentials are used there.
	Endpoint string
	// Transport is used with Endpoint only; nil for the usual one.
	Transport http.RoundTripper
	// FirstWait is before the second try, 250 ms if 0; later waits double. All have jitter.
	FirstWait time.Duration
}

// A request is tried this often: with the usual waits, over half a minute.
const attempts = 8

// Store is an objectstore.Driver.
type Store struct {
	bucket   *storage.BucketHandle
	prefix   string // empty, or with a slash at its end
	newToken func() string
	backoff  gax.Backoff // a copy is made for each use
}

// New is the store in the bucket, below the prefix (which may be empty). It does not ask whether the bucket is there.
func New(ctx context.Context, bucket, prefix string, options Options) (*Store, error) {
	client, err := storage.NewClient(ctx, options.client()...)
	if err != nil {
		return nil, fmt.Errorf("google cloud storage: %w", err)
	}
	backoff := gax.Backoff{Initial: options.FirstWait, Max: 16 * time.Second, Multiplier: 2}
	if backoff.Initial == 0 {
		backoff.Initial = 250 * time.Millisecond
	}
	// All that goes by the library's own retries (reads, listings, deletions) may be done twice.
	client.SetRetry(storage.WithPolicy(storage.RetryAlways), storage.WithMaxAttempts(attempts), storage.WithBackoff(backoff))
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		prefix += "/"
	}
	return &Store{bucket: client.Bucket(bucket), prefix: prefix, newToken: options.NewToken, backoff: backoff}, nil
}

func (o Options) client() []option.ClientOption {
	if o.Endpoint == "" {
		return nil
	}
	transport := o.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	return []option.ClientOption{
		option.WithEndpoint(o.Endpoint + "/storage/v1/"),
		option.WithoutAuthentication(),
		option.WithHTTPClient(&http.Client{Transport: transport}),
	}
}

func (s *Store) object(key string) *storage.ObjectHandle { return s.bucket.Object(s.prefix + key) }

// Stat gives the attributes of an object.
func (s *Store) Stat(ctx context.Context, key string) (objectstore.Attributes, error) {
	a, err := s.object(key).Attrs(ctx)
	if err != nil {
		return objectstore.Attributes{}, known(err)
	}
	return s.attributes(a), nil
}

// Read gives bytes and generation of an object.
func (s *Store) Read(ctx context.Context, key string) ([]byte, objectstore.Attributes, error) {
	r, a, err := s.Open(ctx, key)
	if err != nil {
		return nil, objectstore.Attributes{}, err
	}
	defer func() { _ = r.Close() }()
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, objectstore.Attributes{}, err
	}
	return data, a, nil
}

// Open streams an object. The library goes on where a connection broke, with the same generation, and compares the CRC32C at
// the end.
func (s *Store) Open(ctx context.Context, key string) (io.ReadCloser, objectstore.Attributes, error) {
	r, err := s.object(key).NewReader(ctx)
	if err != nil {
		return nil, objectstore.Attributes{}, known(err)
	}
	a := objectstore.Attributes{Key: key, Size: r.Attrs.Size, Generation: r.Attrs.Generation, ModTime: whole(r.Attrs.LastModified)}
	return r, a, nil
}

// CreateFile uploads a local file, unless there is an object already.
func (s *Store) CreateFile(ctx context.Context, key, path string) (objectstore.Attributes, error) {
	return s.uploadFile(ctx, key, path, s.object(key).If(storage.Conditions{DoesNotExist: true}))
}

// ReplaceFile uploads a local file over whatever is there.
func (s *Store) ReplaceFile(ctx context.Context, key, path string) error {
	_, err := s.uploadFile(ctx, key, path, s.object(key))
	return err
}

func (s *Store) uploadFile(ctx context.Context, key, path string, object *storage.ObjectHandle) (objectstore.Attributes, error) {
	file, err := os.Open(path)
	if err != nil {
		return objectstore.Attributes{}, err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return objectstore.Attributes{}, err
	}
	a, err := s.upload(ctx, object, upload{key: key, source: file, size: info.Size()})
	if err != nil {
		return objectstore.Attributes{}, known(err)
	}
	return s.attributes(a), nil
}

// List gives the objects below a prefix; the service lists in byte order.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[objectstore.Attributes, error] {
	return func(yield func(objectstore.Attributes, error) bool) {
		query := &storage.Query{Prefix: s.prefix + prefix, Projection: storage.ProjectionNoACL}
		if err := query.SetAttrSelection([]string{"Name", "Size", "Updated"}); err != nil {
			yield(objectstore.Attributes{}, err)
			return
		}
		for objects := s.bucket.Objects(ctx, query); ; {
			a, err := objects.Next()
			if errors.Is(err, iterator.Done) {
				return
			}
			if err != nil {
				yield(objectstore.Attributes{}, err)
				return
			}
			if !yield(s.attributes(a), nil) {
				return
			}
		}
	}
}

// Delete removes an object.
func (s *Store) Delete(ctx context.Context, key string) error {
	err := known(s.object(key).Delete(ctx))
	if errors.Is(err, objectstore.ErrNotFound) {
		return nil
	}
	return err
}

func (s *Store) attributes(a *storage.ObjectAttrs) objectstore.Attributes {
	return objectstore.Attributes{
		Key: strings.TrimPrefix(a.Name, s.prefix), Size: a.Size, Generation: a.Generation, ModTime: whole(a.Updated),
	}
}

// whole cuts to seconds: downloads tell the time no better, and one object should have one time.
func whole(t time.Time) time.Time { return t.Truncate(time.Second) }

// known turns the service's errors into the store's own.
func known(err error) error {
	var status *googleapi.Error
	switch {
	case errors.Is(err, storage.ErrObjectNotExist):
		return objectstore.ErrNotFound
	case errors.As(err, &status) && status.Code == http.StatusPreconditionFailed:
		return objectstore.ErrPrecondition
	}
	return err
}
