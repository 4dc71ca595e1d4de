package gcstest

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
)

// Faults is a network that fails as told; what no fault is planned for, it passes on to Base.
type Faults struct {
	Base http.RoundTripper

	mu   sync.Mutex
	plan []planned
}

type planned struct {
	match Match
	fault Fault
	times int
}

// Match says whether a request is one that a fault is meant for.
type Match func(*http.Request) bool

// Fault answers a request in place of the network, which it may use.
type Fault func(network http.RoundTripper, r *http.Request) (*http.Response, error)

// Inject lets the next requests that match fail, the given number of times. Faults injected earlier come first.
func (f *Faults) Inject(times int, match Match, fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plan = append(f.plan, planned{match, fault, times})
}

// Pending is how many of the injected faults have not happened.
func (f *Faults) Pending() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, p := range f.plan {
		n += p.times
	}
	return n
}

// RoundTrip sends a request, or lets it fail.
func (f *Faults) RoundTrip(r *http.Request) (*http.Response, error) {
	if fault := f.next(r); fault != nil {
		return fault(f.Base, r)
	}
	return f.Base.RoundTrip(r)
}

func (f *Faults) next(r *http.Request) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, p := range f.plan {
		if p.times > 0 && p.match(r) {
			f.plan[i].times--
			return p.fault
		}
	}
	return nil
}

// Uploads matches the requests that write objects.
func Uploads(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, uploadPath) }

// Downloads matches the requests that read the bytes of objects.
func Downloads(r *http.Request) bool {
	return r.Method == http.MethodGet && !Metadata(r) && !Uploads(r)
}

// Metadata matches the requests for attributes, listings and deletion.
func Metadata(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, objectPath) }

// DropReply lets the request take effect, and the connection break before the reply.
func DropReply(network http.RoundTripper, r *http.Request) (*http.Response, error) {
	reply, err := network.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if err := reply.Body.Close(); err != nil {
		return nil, err
	}
	return nil, syscall.ECONNRESET
}

// Unavailable is a service that takes no request: 503.
func Unavailable(_ http.RoundTripper, r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		if err := r.Body.Close(); err != nil {
			return nil, err
		}
	}
	return &http.Response{
		StatusCode: http.StatusServiceUnavailable, Status: "503 Service Unavailable", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: r,
	}, nil
}

// Truncate breaks the connection after n bytes of the reply.
func Truncate(n int64) Fault {
	return func(network http.RoundTripper, r *http.Request) (*http.Response, error) {
		reply, err := network.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		reply.Body = replyBody{io.MultiReader(io.LimitReader(reply.Body, n), broken{}), reply.Body}
		return reply, nil
	}
}

// Corrupt changes a bit of the reply's bytes.
func Corrupt(network http.RoundTripper, r *http.Request) (*http.Response, error) {
	reply, err := network.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = reply.Body.Close() }()
	data, err := io.ReadAll(reply.Body)
	if err != nil {
		return nil, err
	}
	data[len(data)/2] ^= 1
	reply.Body = io.NopCloser(bytes.NewReader(data))
	return reply, nil
}

type replyBody struct {
	io.Reader
	io.Closer
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
