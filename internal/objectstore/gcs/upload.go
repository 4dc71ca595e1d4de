package gcs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path"
	"time"

	"cloud.google.com/go/storage"

	"countinghouse/internal/objectstore"
)

const (
	// Up to here an object goes in one request, above in chunks that are sent again one by one.
	largestWhole = 8 << 20
	chunk        = 16 << 20
)

// tokenName is the metadata under which the token of a write is kept.
const tokenName = "countinghouse-write"

// upload is an object to be written.
type upload struct {
	key    string
	source io.ReadSeeker
	size   int64  // bytes
	token  string // or empty
}

// CompareAndSet writes on the condition of the generation. When the reply is lost and the write is tried again, the service
// answers that the condition does not hold: of our own write. So after a refusal the token tells whose write it was. If
// somebody has set the object again in between, ours is reported as refused although it was in force for a moment.
func (s *Store) CompareAndSet(ctx context.Context, key string, data []byte, expected int64) (objectstore.Attributes, error) {
	condition := storage.Conditions{GenerationMatch: expected}
	if expected == 0 {
		condition = storage.Conditions{DoesNotExist: true}
	}
	u := upload{key: key, source: bytes.NewReader(data), size: int64(len(data)), token: s.newToken()}
	a, err := s.upload(ctx, s.object(key).If(condition), u)
	if err != nil {
		a, err = s.settle(ctx, u, err)
	}
	if err != nil {
		return objectstore.Attributes{}, known(err)
	}
	return s.attributes(a), nil
}

// settle finds out whether a write that failed was done after all; if it was not, it failed with the error given.
func (s *Store) settle(ctx context.Context, u upload, failed error) (*storage.ObjectAttrs, error) {
	a, err := s.object(u.key).Attrs(ctx)
	switch {
	case errors.Is(err, storage.ErrObjectNotExist):
		return nil, failed
	case err != nil:
		// Not known to be refused: it must not look as if nothing was changed.
		return nil, fmt.Errorf("not known whether it was written: %w (%s)", err, failed.Error())
	case a.Metadata[tokenName] == u.token:
		return a, nil
	}
	return nil, failed
}

// upload tries until it is done, refused, or tried often enough.
func (s *Store) upload(ctx context.Context, object *storage.ObjectHandle, u upload) (*storage.ObjectAttrs, error) {
	object = object.Retryer(storage.WithPolicy(storage.RetryNever)) // one loop is enough
	backoff := s.backoff
	for attempt := 1; ; attempt++ {
		a, err := u.try(ctx, object)
		if err == nil || attempt == attempts || !storage.ShouldRetry(err) {
			return a, err
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(backoff.Pause()):
		}
	}
}

// try uploads once. The service compares the CRC32C before the object becomes visible.
func (u upload) try(ctx context.Context, object *storage.ObjectHandle) (*storage.ObjectAttrs, error) {
	if _, err := u.source.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // an upload that is not closed by then is given up, and leaves nothing
	w := object.NewWriter(ctx)
	w.ContentType = contentType(u.key)
	if u.token != "" {
		w.Metadata = map[string]string{tokenName: u.token}
	}
	if err := u.send(w); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return w.Attrs(), nil
}

func (u upload) send(w *storage.Writer) error {
	if u.size > largestWhole {
		w.ChunkSize = chunk // the library sends the checksum with the last one
		return u.copyTo(w, u.source)
	}
	data, err := io.ReadAll(io.LimitReader(u.source, largestWhole+1))
	if err != nil {
		return err
	}
	w.ChunkSize = 0
	w.CRC32C, w.SendCRC32C = crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)), true
	return u.copyTo(w, bytes.NewReader(data))
}

func (u upload) copyTo(w io.Writer, r io.Reader) error {
	n, err := io.Copy(w, r)
	if err == nil && n != u.size {
		return fmt.Errorf("the source changed while it was sent: %d bytes, then %d", u.size, n)
	}
	return err
}

// contentType lets a browser show what is published.
func contentType(key string) string {
	switch path.Ext(key) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".json":
		return "application/json"
	}
	return "application/octet-stream"
}
