// Package web is a list of web addresses as an origin of export files: reports that a service offers for download, mostly one per day.
//
// Only https is spoken (http to this machine itself). Addresses that clouds answer their own machines on are refused, and so is being
// led from a public address to a private one. Secrets go to the host that they are for, and into no message.
package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"countinghouse/internal/origin"
)

const (
	patience     = time.Minute // how long nothing may come
	mostRedirect = 5
)

// Options say what is fetched, and how we are known.
type Options struct {
	// Addresses are templates: {yyyy}, {mm}, {dd}, {yyyymmdd} and {yyyy-mm-dd} stand for a day, {token} for the token.
	Addresses []string
	Days      []time.Time // that a template with a day is asked for

	Token    string // sent as a bearer, or in Header, or in the place of {token}
	Header   string // such as X-Api-Key; empty: Authorization
	User     string // with a password: sent as basic authentication
	Password string

	Proxy     func(*http.Request) (*url.URL, error) // nil: none
	Transport http.RoundTripper                     // nil: the usual one, with the rules of this package
}

// Site is an origin.
type Site struct {
	options Options
	client  *http.Client
}

// New is the origin of some addresses. A Misconfigured error if one cannot be asked.
func New(options Options) (*Site, error) {
	hosts := map[string]bool{}
	for _, template := range options.Addresses {
		address, err := url.Parse(fill(template, time.Unix(0, 0).UTC()))
		if err == nil {
			err = checkAddress(address)
		}
		if err != nil {
			return nil, origin.Misconfigured{Err: fmt.Errorf("%s: %w", bare(template), withoutAddress(err))}
		}
		hosts[address.Hostname()] = true
	}
	s := &Site{options: options}
	transport := options.Transport
	if transport == nil {
		transport = newTransport(hosts, options.Proxy)
	}
	s.client = &http.Client{Transport: transport, CheckRedirect: s.redirect}
	return s, nil
}

// Close gives idle connections back.
func (s *Site) Close() error {
	s.client.CloseIdleConnections()
	return nil
}

// List gives one entry for each address and day; nobody is asked. Paths are the addresses without what may be secret in them.
func (s *Site) List(context.Context) ([]origin.Entry, error) {
	var entries []origin.Entry
	for _, template := range s.options.Addresses {
		days := s.options.Days
		if !Dated(template) {
			days = []time.Time{{}}
		}
		for _, day := range days {
			address := fill(template, day)
			entries = append(entries, origin.Entry{Path: address, Name: nameOf(address), Size: -1, Steady: true})
		}
	}
	return entries, nil
}

// Fetch downloads what a part lacks of a file. ErrUnchanged if the server says that it is the version known; ErrAbsent if there is none for
// a day.
func (s *Site) Fetch(ctx context.Context, entry origin.Entry, known string, part *origin.Part) (origin.Entry, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	silence := func() { stop(errSilence) }
	alarm := time.AfterFunc(patience, silence)
	defer alarm.Stop()
	request, err := s.request(ctx, entry.Path)
	if err != nil {
		return entry, err
	}
	held, from := part.Held()
	ask(request, held, from, known)
	reply, err := s.client.Do(request)
	alarm.Stop()
	if err != nil {
		return entry, s.failed(ctx, err)
	}
	defer func() { _ = reply.Body.Close() }()
	fetched := describe(entry, reply)
	if err := s.judge(reply, fetched); err != nil {
		if reply.StatusCode == http.StatusRequestedRangeNotSatisfiable {
			_, dropErr := part.Resume("") // what is there is no beginning of what the server has
			err = errors.Join(err, dropErr)
		}
		return fetched, err
	}
	if err := begin(part, reply, fetched); err != nil {
		return fetched, err
	}
	return fetched, s.receive(ctx, part, reply, silence)
}

// errSilence is why a request ends that nothing came of.
var errSilence = fmt.Errorf("nothing came for %s", patience)

// begin makes the part fit what the reply brings: the rest of what is there, or all.
func begin(part *origin.Part, reply *http.Response, fetched origin.Entry) error {
	if reply.StatusCode != http.StatusPartialContent {
		_, err := part.Resume("")
		if err == nil && resumable(fetched.Version) {
			_, err = part.Resume(fetched.Version)
		}
		return err
	}
	held, from := part.Held()
	first, _ := span(reply)
	if first != from || from == 0 || held != fetched.Version {
		_, err := part.Resume("")
		return errors.Join(err, origin.Trouble{Err: errors.New("the server went on at another place, or in another file: begun anew")})
	}
	return nil
}

func (s *Site) receive(ctx context.Context, part *origin.Part, reply *http.Response, silence func()) error {
	if err := origin.Copy(ctx, part, reply.Body, patience, silence); err != nil {
		return s.failed(ctx, err)
	}
	_, size := part.Held()
	if _, total := span(reply); total >= 0 && size != total {
		return origin.Trouble{Err: fmt.Errorf("%d of %d bytes came", size, total)}
	}
	return nil
}

// ask adds what a request knows of the file: the part that is there, or else the version that landed before.
func ask(request *http.Request, held string, from int64, known string) {
	// Or the library unpacks, and neither size nor place in the file mean anything.
	request.Header.Set("Accept-Encoding", "identity")
	if from > 0 && resumable(held) {
		request.Header.Set("Range", "bytes="+strconv.FormatInt(from, 10)+"-")
		request.Header.Set("If-Range", strings.TrimPrefix(held, byTag+" "))
		return
	}
	switch kind, value, _ := strings.Cut(known, " "); kind {
	case byTag:
		request.Header.Set("If-None-Match", value)
	case byTime:
		request.Header.Set("If-Modified-Since", value)
	}
}

// A version is what the server names it by: an entity tag, or a time.
const (
	byTag  = "tag"
	byTime = "time"
)

func versionOf(header http.Header) string {
	if tag := header.Get("ETag"); tag != "" {
		return byTag + " " + tag
	}
	if modified := header.Get("Last-Modified"); modified != "" {
		return byTime + " " + modified
	}
	return ""
}

// resumable says that bytes of a version fit together: a weak tag promises only that they mean the same, and a time is to the second only.
func resumable(version string) bool { return strings.HasPrefix(version, byTag+` "`) }

// span gives where the bytes of a reply begin in the file, and how many the file has; -1 where the server does not say.
func span(reply *http.Response) (first, total int64) {
	if reply.StatusCode != http.StatusPartialContent {
		return 0, reply.ContentLength
	}
	text, of, _ := strings.Cut(strings.TrimPrefix(reply.Header.Get("Content-Range"), "bytes "), "/")
	from, _, _ := strings.Cut(text, "-")
	first, err := strconv.ParseInt(from, 10, 64)
	if err != nil {
		return -1, -1
	}
	if total, err = strconv.ParseInt(of, 10, 64); err != nil {
		total = -1
	}
	return first, total
}

// describe is the entry as the server describes it.
func describe(entry origin.Entry, reply *http.Response) origin.Entry {
	entry.Version = versionOf(reply.Header)
	if modified, err := http.ParseTime(reply.Header.Get("Last-Modified")); err == nil {
		entry.ModTime = modified
	}
	_, entry.Size = span(reply)
	if _, parameters, err := mime.ParseMediaType(reply.Header.Get("Content-Disposition")); err == nil {
		name := path.Base(strings.ReplaceAll(parameters["filename"], `\`, "/"))
		if origin.CheckName(name) == nil && !origin.PassedOver(name) {
			entry.Name = name
		}
	}
	return entry
}

// judge gives the error of a reply that brings no file.
func (s *Site) judge(reply *http.Response, entry origin.Entry) error {
	switch code := reply.StatusCode; {
	case code == http.StatusNotModified:
		return origin.ErrUnchanged
	case code == http.StatusOK || code == http.StatusPartialContent:
		return isFile(reply, entry.Name)
	case (code == http.StatusNotFound || code == http.StatusGone) && slices.Contains(s.options.Addresses, entry.Path):
		return origin.Misconfigured{Err: fmt.Errorf("%s: check the address", reply.Status)} // it is there every day, or never
	case code == http.StatusNotFound || code == http.StatusGone:
		return origin.ErrAbsent
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return origin.Misconfigured{Err: fmt.Errorf("%s: check the secret of the source", reply.Status)}
	case code == http.StatusRequestedRangeNotSatisfiable || code == http.StatusTooManyRequests || code == http.StatusRequestTimeout || code >= http.StatusInternalServerError:
		return origin.Trouble{Err: errors.New(reply.Status), After: after(reply.Header)}
	default:
		return errors.New(reply.Status)
	}
}

// isFile refuses a page in the place of a file: mostly it asks for a login.
func isFile(reply *http.Response, name string) error {
	kind, _, _ := strings.Cut(reply.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), "text/html") {
		return nil
	}
	switch strings.ToLower(path.Ext(name)) {
	case ".html", ".htm", ".xls":
		return nil // spreadsheets that are web pages in truth
	}
	return origin.Misconfigured{Err: errors.New("the server answers with a web page and not with a file: check the address and the secret of the source")}
}

// after is what a server wants to be left alone for. A date is taken against the server's own clock.
func after(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second
	}
	until, err := http.ParseTime(text)
	now, nowErr := http.ParseTime(header.Get("Date"))
	if err != nil || nowErr != nil {
		return 0
	}
	return max(0, until.Sub(now))
}

// failed tells trouble on the way from what lasts, and keeps addresses, which may hold secrets, out of messages.
func (s *Site) failed(ctx context.Context, err error) error {
	err = withoutAddress(err)
	switch {
	case errors.Is(context.Cause(ctx), errSilence):
		return origin.Trouble{Err: errSilence}
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case origin.IsMisconfigured(err) || origin.IsTrouble(err) || errors.Is(err, origin.ErrTooLarge):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return origin.Trouble{Err: errors.New("the connection broke")}
	}
	return origin.Trouble{Err: err}
}

func withoutAddress(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}
