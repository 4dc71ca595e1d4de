package gcstest

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Few objects per page, so that every listing of some length meets the page token.
const pageSize = 10

// serveXML answers a download, of a part too.
func (h *handler) serveXML(w http.ResponseWriter, r *http.Request, of id) error {
	if of.name == "" || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return failure{http.StatusNotImplemented, "gcstest does not know " + r.Method + " " + r.URL.String()}
	}
	if err := known(r.URL.Query(), "generation"); err != nil {
		return err
	}
	c, err := conditionsOf(r.URL.Query())
	if err != nil {
		return err
	}
	if c.match, err = number(r.Header.Get("X-Goog-If-Generation-Match")); err != nil {
		return err
	}
	h.mu.Lock()
	o, err := h.store.get(of, c)
	h.mu.Unlock()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", o.contentType)
	w.Header().Set("X-Goog-Generation", strconv.FormatInt(o.generation, 10))
	w.Header().Set("X-Goog-Metageneration", "1")
	w.Header().Set("X-Goog-Hash", "crc32c="+o.crc32c())
	http.ServeContent(w, r, "", o.updated(), bytes.NewReader(o.data))
	return nil
}

// list gives a page of a bucket's objects, by name.
func (h *handler) list(w http.ResponseWriter, bucket string, query url.Values) error {
	after, err := base64.URLEncoding.DecodeString(query.Get("pageToken"))
	if err != nil {
		return failure{http.StatusBadRequest, "Invalid page token"}
	}
	size := pageSize
	if asked, err := strconv.Atoi(query.Get("maxResults")); err == nil {
		size = min(size, asked)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	found := h.store.after(bucket, query.Get("prefix"), string(after))
	reply := map[string]any{"kind": "storage#objects"}
	if len(found) > size {
		found = found[:size]
		reply["nextPageToken"] = base64.URLEncoding.EncodeToString([]byte(found[size-1].id.name))
	}
	items := []map[string]any{}
	for _, o := range found {
		items = append(items, o.resource())
	}
	reply["items"] = items
	return writeJSON(w, reply)
}

// after gives the objects of a bucket with a prefix whose names come after one, by name.
func (s *store) after(bucket, prefix, name string) []object {
	var found []object
	for of, o := range s.objects {
		if of.bucket == bucket && strings.HasPrefix(of.name, prefix) && of.name > name {
			found = append(found, o)
		}
	}
	slices.SortFunc(found, func(a, b object) int { return strings.Compare(a.id.name, b.id.name) })
	return found
}
