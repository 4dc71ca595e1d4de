package gcstest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"countinghouse/internal/objectstore/gcstest"
)

// The wanted answers are those of the service's documentation: cloud.google.com/storage/docs/request-preconditions,
// /performing-resumable-uploads and /json_api/v1/objects.

type client struct {
	t        *testing.T
	endpoint string
}

func start(t *testing.T) client { return client{t, gcstest.Start(t)} }

// do gives the status, the headers and the body of an answer.
func (c client) do(method, path, body string, headers ...string) (int, http.Header, string) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.endpoint+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = reply.Body.Close() }()
	data, err := io.ReadAll(reply.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return reply.StatusCode, reply.Header, string(data)
}

// want does a request and compares the status; it gives the body.
func (c client) want(status int, method, path, body string, headers ...string) string {
	c.t.Helper()
	got, _, text := c.do(method, path, body, headers...)
	if got != status {
		c.t.Errorf("%s %s = %d, want %d: %s", method, path, got, status, text)
	}
	return text
}

func (c client) generation(resource string) int64 {
	c.t.Helper()
	var o struct {
		Generation string `json:"generation"`
	}
	if err := json.Unmarshal([]byte(resource), &o); err != nil {
		c.t.Fatal(err)
	}
	n, err := strconv.ParseInt(o.Generation, 10, 64)
	if err != nil {
		c.t.Fatal(err)
	}
	return n
}

const media = "/upload/storage/v1/b/b/o?uploadType=media&name=k"

func TestPreconditionsOnInsert(t *testing.T) {
	c := start(t)
	c.want(412, "POST", media+"&ifGenerationMatch=7", "none yet")
	first := c.generation(c.want(200, "POST", media+"&ifGenerationMatch=0", "one"))
	c.want(412, "POST", media+"&ifGenerationMatch=0", "again")
	c.want(412, "POST", fmt.Sprintf("%s&ifGenerationMatch=%d", media, first-1), "older")
	second := c.generation(c.want(200, "POST", fmt.Sprintf("%s&ifGenerationMatch=%d", media, first), "two"))
	third := c.generation(c.want(200, "POST", media, "two")) // the same bytes are a new generation too
	if first <= 0 || second <= first || third <= second {
		t.Errorf("generations %d, %d, %d do not grow", first, second, third)
	}
	if got := c.want(200, "GET", "/b/k", ""); got != "two" {
		t.Errorf("it holds %q", got)
	}
	c.want(204, "DELETE", "/storage/v1/b/b/o/k", "")
	fourth := c.generation(c.want(200, "POST", media+"&ifGenerationMatch=0", "after deletion"))
	if fourth <= third {
		t.Errorf("generation %d after deletion, %d before", fourth, third)
	}
}

func TestPreconditionsOnDeleteAndGet(t *testing.T) {
	c := start(t)
	g := c.generation(c.want(200, "POST", media, "x"))
	for _, method := range []string{"GET", "DELETE"} {
		c.want(412, method, fmt.Sprintf("/storage/v1/b/b/o/k?ifGenerationMatch=%d", g+1), "")
		c.want(404, method, fmt.Sprintf("/storage/v1/b/b/o/k?generation=%d", g+1), "")
		c.want(404, method, "/storage/v1/b/b/o/none", "")
	}
	c.want(412, "GET", "/b/k", "", "X-Goog-If-Generation-Match", "1")
	c.want(404, "GET", fmt.Sprintf("/b/k?generation=%d", g-1), "")
	c.want(200, "GET", fmt.Sprintf("/storage/v1/b/b/o/k?ifGenerationMatch=%d", g), "")
	c.want(204, "DELETE", fmt.Sprintf("/storage/v1/b/b/o/k?ifGenerationMatch=%d", g), "")
	c.want(404, "DELETE", "/storage/v1/b/b/o/k", "")
	c.want(404, "GET", "/b/k", "")
}

func TestDownload(t *testing.T) {
	c := start(t)
	c.want(200, "POST", "/upload/storage/v1/b/b/o?uploadType=media&name=a/%E6%95%B0%20?", "123456789")
	_, header, body := c.do("GET", "/b/a%2F%E6%95%B0%20%3F", "")
	// The CRC-32C of "123456789" is the check value of the catalogue of CRCs: e3069283.
	if body != "123456789" || header.Get("X-Goog-Hash") != "crc32c=4waSgw==" || header.Get("X-Goog-Generation") == "" {
		t.Errorf("%q, %v", body, header)
	}
	status, header, body := c.do("GET", "/b/a/%E6%95%B0%20%3F", "", "Range", "bytes=7-")
	if status != 206 || body != "89" || header.Get("Content-Range") != "bytes 7-8/9" {
		t.Errorf("%d %q %v", status, body, header)
	}
}

func TestMultipart(t *testing.T) {
	c := start(t)
	insert := func(crc string) (string, []string) {
		body := "--x\r\nContent-Type: application/json\r\n\r\n{\"name\":\"k\",\"metadata\":{\"a\":\"b\"},\"crc32c\":\"" + crc + "\"}\r\n" +
			"--x\r\nContent-Type: text/csv\r\n\r\n123456789\r\n--x--\r\n"
		return body, []string{"Content-Type", "multipart/related; boundary=x"}
	}
	body, headers := insert("AAAAAA==")
	c.want(400, "POST", "/upload/storage/v1/b/b/o?uploadType=multipart", body, headers...)
	c.want(404, "GET", "/b/k", "")
	body, headers = insert("4waSgw==")
	c.want(200, "POST", "/upload/storage/v1/b/b/o?uploadType=multipart", body, headers...)
	resource := c.want(200, "GET", "/storage/v1/b/b/o/k", "")
	for _, part := range []string{`"metadata":{"a":"b"}`, `"size":"9"`, `"crc32c":"4waSgw=="`} {
		if !strings.Contains(resource, part) {
			t.Errorf("%s is not in %s", part, resource)
		}
	}
}

func (c client) begin(query string) (path string) {
	c.t.Helper()
	status, header, body := c.do("POST", "/upload/storage/v1/b/b/o?uploadType=resumable"+query, `{"name":"k"}`)
	if status != 200 {
		c.t.Fatalf("%d %s", status, body)
	}
	return strings.TrimPrefix(header.Get("Location"), c.endpoint)
}

func TestResumable(t *testing.T) {
	c := start(t)
	session := c.begin("&ifGenerationMatch=0")
	send := func(wantStatus int, wantOverride, content, data string) string {
		status, header, body := c.do("POST", session, data, "Content-Range", content)
		if status != wantStatus || header.Get("X-Http-Status-Code-Override") != wantOverride {
			t.Errorf("%s = %d %v, want %d %s", content, status, header, wantStatus, wantOverride)
		}
		return body
	}
	send(200, "308", "bytes 0-2/*", "123")
	send(200, "308", "bytes 0-2/*", "123") // again
	send(503, "", "bytes 5-6/*", "67")     // a gap
	send(200, "308", "bytes */*", "")      // a question
	send(400, "", "3-4", "")
	c.want(404, "GET", "/b/k", "")
	made := c.generation(send(200, "", "bytes 3-8/9", "456789"))
	if again := c.generation(send(200, "", "bytes 3-8/9", "456789")); again != made {
		t.Errorf("the last bytes, sent again, made generation %d of %d", again, made)
	}
	if got := c.want(200, "GET", "/b/k", ""); got != "123456789" {
		t.Errorf("it holds %q", got)
	}
	c.want(412, "POST", "/upload/storage/v1/b/b/o?uploadType=resumable&ifGenerationMatch=0", `{"name":"k"}`)
	c.want(404, "POST", "/upload/storage/v1/b/b/o?upload_id=none", "", "Content-Range", "bytes */0")
}

// TestResumablePreconditionHoldsAtTheEnd: what counts is when the object would appear.
func TestResumablePreconditionHoldsAtTheEnd(t *testing.T) {
	c := start(t)
	session := c.begin("&ifGenerationMatch=0")
	c.want(200, "POST", media, "first")
	c.want(412, "POST", session, "late", "Content-Range", "bytes 0-3/4")
	corrupt := c.begin("")
	c.want(400, "POST", corrupt, "late", "Content-Range", "bytes 0-3/4", "X-Goog-Hash", "crc32c=4waSgw==")
	if got := c.want(200, "GET", "/b/k", ""); got != "first" {
		t.Errorf("it holds %q", got)
	}
}

func TestListingComesInPages(t *testing.T) {
	c := start(t)
	for i := range 25 {
		c.want(200, "POST", fmt.Sprintf("/upload/storage/v1/b/b/o?uploadType=media&name=p/%02d", i), "x")
	}
	c.want(200, "POST", "/upload/storage/v1/b/b/o?uploadType=media&name=q", "x")
	c.want(200, "POST", "/upload/storage/v1/b/other/o?uploadType=media&name=p/x", "x")
	var names, sizes []string
	for token, more := "", true; more; more = token != "" {
		var page struct {
			Items []struct {
				Name string `json:"name"`
			} `json:"items"`
			Next string `json:"nextPageToken"`
		}
		if err := json.Unmarshal([]byte(c.want(200, "GET", "/storage/v1/b/b/o?prefix=p/&maxResults=8&pageToken="+token, "")), &page); err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			names = append(names, item.Name)
		}
		sizes = append(sizes, strconv.Itoa(len(page.Items)))
		token = page.Next
	}
	if len(names) != 25 || names[0] != "p/00" || names[24] != "p/24" || strings.Join(sizes, " ") != "8 8 8 1" {
		t.Errorf("pages of %v: %v", sizes, names)
	}
}

func TestUnknownRequestsAreRefused(t *testing.T) {
	c := start(t)
	c.want(501, "POST", media+"&ifMetagenerationMatch=1", "x")
	c.want(501, "GET", "/storage/v1/b/b/o?delimiter=/", "")
	c.want(501, "GET", "/storage/v1/b/b/o/k?alt=media", "")
	c.want(501, "PATCH", "/storage/v1/b/b/o/k", "{}")
	c.want(501, "PUT", "/b/k", "x")
	c.want(405, "DELETE", media, "")
	c.want(400, "POST", media+"&ifGenerationMatch=x", "x")
	c.want(400, "POST", "/upload/storage/v1/b/b/o?uploadType=media", "no name")
	c.want(400, "GET", "/storage/v1/b/b/o?pageToken=!", "")
}
