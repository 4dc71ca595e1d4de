package gcstest

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

type id struct{ bucket, name string }

// object is one generation; its bytes are never written to.
type object struct {
	id          id
	generation  int64
	data        []byte
	contentType string
	metadata    map[string]string
}

// store holds the live generation of each object. Its user holds a lock.
type store struct {
	objects map[id]object
	writes  int64
}

// Generations are microseconds since 1970, as they look to be in the real service: one second per write, from here on.
const firstGeneration = 1_790_000_000_000_000

// conditions are what must hold for the live object; nil means nothing.
type conditions struct {
	generation *int64 // that is the one meant: else 404
	match      *int64 // ifGenerationMatch, 0: there is none; else 412
}

func conditionsOf(query url.Values) (conditions, error) {
	generation, err := number(query.Get("generation"))
	if err != nil {
		return conditions{}, err
	}
	match, err := number(query.Get("ifGenerationMatch"))
	return conditions{generation, match}, err
}

func number(text string) (*int64, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no condition
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return nil, failure{http.StatusBadRequest, "not a generation: " + text}
	}
	return &n, nil
}

// check compares with the live object; one that is missing has generation 0.
func (c conditions) check(live int64) error {
	if c.match != nil && *c.match != live {
		return failure{http.StatusPreconditionFailed, "At least one of the pre-conditions you specified did not hold."}
	}
	if c.generation != nil && *c.generation != live {
		return failure{http.StatusNotFound, "No such object generation."}
	}
	return nil
}

func (s *store) get(of id, c conditions) (object, error) {
	o, ok := s.objects[of]
	if !ok {
		return object{}, failure{http.StatusNotFound, "No such object: " + of.bucket + "/" + of.name}
	}
	return o, c.check(o.generation)
}

// put makes o the live generation.
func (s *store) put(o object, c conditions) (object, error) {
	if err := c.check(s.objects[o.id].generation); err != nil {
		return object{}, err
	}
	o.generation = firstGeneration + s.writes*int64(time.Second/time.Microsecond)
	s.writes++
	s.objects[o.id] = o
	return o, nil
}

func (s *store) remove(of id, c conditions) error {
	if _, err := s.get(of, c); err != nil {
		return err
	}
	delete(s.objects, of)
	return nil
}

// updated is in whole milliseconds, as in the service.
func (o object) updated() time.Time { return time.UnixMicro(o.generation).UTC() }

// crc32c is the checksum in the service's writing: base64 of the big-endian bytes.
func (o object) crc32c() string {
	sum := crc32.Checksum(o.data, crc32.MakeTable(crc32.Castagnoli))
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum))
}

// verify refuses bytes that did not arrive as they were sent; an empty checksum says nothing.
func (o object) verify(crc string) error {
	if crc != "" && crc != o.crc32c() {
		return failure{http.StatusBadRequest, "Provided CRC32C " + crc + " doesn't match calculated CRC32C " + o.crc32c()}
	}
	return nil
}

// resource is the object's JSON.
func (o object) resource() map[string]any {
	return map[string]any{
		"kind":           "storage#object",
		"bucket":         o.id.bucket,
		"name":           o.id.name,
		"generation":     strconv.FormatInt(o.generation, 10),
		"metageneration": "1",
		"size":           strconv.Itoa(len(o.data)),
		"crc32c":         o.crc32c(),
		"contentType":    o.contentType,
		"metadata":       o.metadata,
		"timeCreated":    o.updated().Format(time.RFC3339Nano),
		"updated":        o.updated().Format(time.RFC3339Nano),
	}
}

// hashHeader finds the checksum in an X-Goog-Hash header.
func hashHeader(header http.Header) string {
	for _, line := range header.Values("X-Goog-Hash") {
		for part := range strings.SplitSeq(line, ",") {
			if crc, ok := strings.CutPrefix(strings.TrimSpace(part), "crc32c="); ok {
				return crc
			}
		}
	}
	return ""
}
