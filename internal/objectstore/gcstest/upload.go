package gcstest

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// description is what a client says about an object that it uploads.
type description struct {
	Name        string            `json:"name"`
	ContentType string            `json:"contentType"`
	CRC32C      string            `json:"crc32c"`
	Metadata    map[string]string `json:"metadata"`
}

// session is an upload in several requests.
type session struct {
	object     object // its data grows
	said       description
	conditions conditions
	finished   bool
}

func (h *handler) serveUpload(w http.ResponseWriter, r *http.Request, bucket string) error {
	query := r.URL.Query()
	if err := known(query, "name", "uploadType", "upload_id", "ifGenerationMatch"); err != nil {
		return err
	}
	if r.Method != http.MethodPost && r.Method != http.MethodPut {
		return failure{http.StatusMethodNotAllowed, r.Method}
	}
	switch {
	case query.Get("upload_id") != "":
		return h.resume(w, r, query.Get("upload_id"))
	case query.Get("uploadType") == "resumable":
		return h.begin(w, r, bucket, query)
	}
	return h.whole(w, r, bucket, query)
}

// whole takes an upload in one request.
func (h *handler) whole(w http.ResponseWriter, r *http.Request, bucket string, query url.Values) error {
	said, data, err := body(r)
	if err != nil {
		return err
	}
	c, err := conditionsOf(query)
	if err != nil {
		return err
	}
	o := said.object(bucket, query)
	if o.data = data; o.id.name == "" {
		return failure{http.StatusBadRequest, "Required parameter: name"}
	}
	if err := o.verify(said.CRC32C); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if o, err = h.store.put(o, c); err != nil {
		return err
	}
	return writeJSON(w, o.resource())
}

func (d description) object(bucket string, query url.Values) object {
	o := object{id: id{bucket, d.Name}, contentType: d.ContentType, metadata: d.Metadata}
	if name := query.Get("name"); name != "" {
		o.id.name = name
	}
	return o
}

// body reads an upload of the media alone, or of a description and the media.
func body(r *http.Request) (description, []byte, error) {
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || r.URL.Query().Get("uploadType") == "media" {
		data, err := io.ReadAll(r.Body)
		return description{ContentType: kind, CRC32C: hashHeader(r.Header)}, data, err
	}
	parts := multipart.NewReader(r.Body, parameters["boundary"])
	var said description
	first, err := parts.NextPart()
	if err != nil {
		return said, nil, failure{http.StatusBadRequest, "multipart: " + err.Error()}
	}
	if err := json.NewDecoder(first).Decode(&said); err != nil {
		return said, nil, failure{http.StatusBadRequest, "description: " + err.Error()}
	}
	second, err := parts.NextPart()
	if err != nil {
		return said, nil, failure{http.StatusBadRequest, "multipart: " + err.Error()}
	}
	data, err := io.ReadAll(second)
	return said, data, err
}

// begin opens a session and says where its bytes are to go.
func (h *handler) begin(w http.ResponseWriter, r *http.Request, bucket string, query url.Values) error {
	var said description
	if err := json.NewDecoder(r.Body).Decode(&said); err != nil {
		return failure{http.StatusBadRequest, "description: " + err.Error()}
	}
	c, err := conditionsOf(query)
	if err != nil {
		return err
	}
	s := &session{object: said.object(bucket, query), said: said, conditions: c}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := c.check(h.store.objects[s.object.id].generation); err != nil {
		return err
	}
	name := strconv.Itoa(len(h.sessions) + 1)
	h.sessions[name] = s
	w.Header().Set("Location", "http://"+r.Host+uploadPath+url.PathEscape(bucket)+"/o?uploadType=resumable&upload_id="+name)
	return nil
}

// resume takes the next bytes of a session, or the last. Both may come again, when the reply got lost.
func (h *handler) resume(w http.ResponseWriter, r *http.Request, name string) error {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	from, total, err := contentRange(r.Header.Get("Content-Range"))
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	s, ok := h.sessions[name]
	if !ok {
		return failure{http.StatusNotFound, "no such upload"}
	}
	if err := s.add(from, data); err != nil {
		return err
	}
	if int64(len(s.object.data)) != total {
		w.Header().Set("X-Http-Status-Code-Override", "308")
		w.Header().Set("Range", fmt.Sprintf("bytes=0-%d", len(s.object.data)-1))
		return nil
	}
	return h.finish(w, s, hashHeader(r.Header))
}

func (s *session) add(from int64, data []byte) error {
	have := int64(len(s.object.data))
	if from < 0 { // a question, or an end without bytes
		return nil
	}
	if from > have {
		return failure{http.StatusServiceUnavailable, "bytes are missing"}
	}
	if again := have - from; again < int64(len(data)) {
		s.object.data = append(s.object.data, data[again:]...)
	}
	return nil
}

// finish makes the object, once.
func (h *handler) finish(w http.ResponseWriter, s *session, crc string) error {
	if s.finished {
		return writeJSON(w, s.object.resource())
	}
	for _, sum := range []string{s.said.CRC32C, crc} {
		if err := s.object.verify(sum); err != nil {
			return err
		}
	}
	o, err := h.store.put(s.object, s.conditions)
	if err != nil {
		return err
	}
	s.object, s.finished = o, true
	return writeJSON(w, o.resource())
}

// contentRange reads "bytes 0-9/20", "bytes 0-9/*" or "bytes */20"; what is not said is -1.
func contentRange(header string) (from, total int64, err error) {
	bytes, size, ok := strings.Cut(strings.TrimPrefix(header, "bytes "), "/")
	if !ok {
		return 0, 0, failure{http.StatusBadRequest, "Content-Range: " + header}
	}
	first, _, _ := strings.Cut(bytes, "-")
	if from, err = orUnknown(first); err != nil {
		return 0, 0, err
	}
	total, err = orUnknown(size)
	return from, total, err
}

func orUnknown(text string) (int64, error) {
	if text == "*" {
		return -1, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, failure{http.StatusBadRequest, "Content-Range: " + err.Error()}
	}
	return n, nil
}
