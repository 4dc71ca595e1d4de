package web_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"countinghouse/internal/origin"
	"countinghouse/internal/origin/web"
)

// site is a web server whose answers a test sets, and which notes what it was asked.
type site struct {
	*httptest.Server
	mu     sync.Mutex
	answer http.HandlerFunc
	asked  []*http.Request
}

func serve(t *testing.T, answer http.HandlerFunc) *site {
	t.Helper()
	s := &site{answer: answer}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked = append(s.asked, r.Clone(r.Context()))
		answer := s.answer
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *site) last(t *testing.T) *http.Request {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.asked) == 0 {
		t.Fatal("nobody asked")
	}
	return s.asked[len(s.asked)-1]
}

func (s *site) change(answer http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

func open(t *testing.T, options web.Options) (*web.Site, []origin.Entry) {
	t.Helper()
	from, err := web.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = from.Close() })
	entries, err := from.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return from, entries
}

func part(t *testing.T, entry origin.Entry) *origin.Part {
	t.Helper()
	p, err := origin.OpenPart(t.TempDir(), entry.Path, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func content(t *testing.T, p *origin.Part) string {
	t.Helper()
	path, err := p.Finish("x", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// text answers with a text in full and in parts, as servers of files do.
func text(tag, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", tag)
		http.ServeContent(w, r, "", time.Date(2026, 10, 1, 2, 3, 4, 0, time.UTC), strings.NewReader(text))
	}
}

func TestAddressesOfDays(t *testing.T) {
	days := []time.Time{time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC)}
	_, entries := open(t, web.Options{Days: days, Addresses: []string{
		"https://example.com/{yyyy}/{mm}/{dd}/a_{yyyymmdd}.csv?key={token}", "https://example.com/b.csv",
	}})
	want := []string{
		"https://example.com/2026/03/01/a_20260301.csv?key={token} a_20260301.csv",
		"https://example.com/2026/02/28/a_20260228.csv?key={token} a_20260228.csv",
		"https://example.com/b.csv b.csv",
	}
	for i, entry := range entries {
		if got := entry.Path + " " + entry.Name; got != want[i] {
			t.Errorf("got %s, want %s", got, want[i])
		}
	}
	if len(entries) != len(want) {
		t.Errorf("%d entries", len(entries))
	}
}

func TestFetchesOnceAndThenAsksWhetherItChanged(t *testing.T) {
	s := serve(t, text(`"v1"`, "hello"))
	from, entries := open(t, web.Options{Addresses: []string{s.URL + "/orders.csv"}})
	p := part(t, entries[0])
	fetched, err := from.Fetch(t.Context(), entries[0], "", p)
	if err != nil || content(t, p) != "hello" || !fetched.ModTime.Equal(time.Date(2026, 10, 1, 2, 3, 4, 0, time.UTC)) {
		t.Fatalf("%+v, %v", fetched, err)
	}
	if _, err := from.Fetch(t.Context(), entries[0], fetched.Version, part(t, entries[0])); !errors.Is(err, origin.ErrUnchanged) {
		t.Errorf("error %v, want ErrUnchanged", err)
	}
	s.change(text(`"v2"`, "changed"))
	p = part(t, entries[0])
	if again, err := from.Fetch(t.Context(), entries[0], fetched.Version, p); err != nil || again.Version == fetched.Version || content(t, p) != "changed" {
		t.Errorf("%+v, %v", again, err)
	}
}

// breaking sends the beginning of a text of which it has announced more, and hangs up.
func breaking(tag, whole string, at int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if tag != "" {
			w.Header().Set("ETag", tag)
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(whole)))
		_, _ = w.Write([]byte(whole[:at]))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

func TestGoesOnWhereItBroke(t *testing.T) {
	const whole = "0123456789"
	for name, c := range map[string]struct {
		first, then http.HandlerFunc
		ranged      bool // the second request asks for the rest
		want        string
	}{
		"the same file":              {breaking(`"v1"`, whole, 6), text(`"v1"`, whole), true, whole},
		"a file that changed":        {breaking(`"v1"`, whole, 6), text(`"v2"`, "another"), true, "another"},
		"a server that knows no tag": {breaking("", whole, 6), text("", whole), false, whole},
		"a weak tag":                 {breaking(`W/"v1"`, whole, 6), text(`W/"v1"`, whole), false, whole},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, c.first)
			from, entries := open(t, web.Options{Addresses: []string{s.URL + "/a.csv"}})
			p := part(t, entries[0])
			if _, err := from.Fetch(t.Context(), entries[0], "", p); !origin.IsTrouble(err) {
				t.Fatalf("error %v, want trouble", err)
			}
			s.change(c.then)
			if _, err := from.Fetch(t.Context(), entries[0], "", p); err != nil {
				t.Fatal(err)
			}
			if ranged := s.last(t).Header.Get("Range") == "bytes=6-"; ranged != c.ranged {
				t.Errorf("the rest was asked for: %v, want %v", ranged, c.ranged)
			}
			if got := content(t, p); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestServersThatCannotGoOn answer a request for the rest with something that does not fit. It may take one more try, and never gives wrong bytes.
func TestServersThatCannotGoOn(t *testing.T) {
	const whole = "0123456789"
	partly := func(from, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", `"v1"`)
			w.Header().Set("Content-Range", "bytes "+from)
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write([]byte(body))
		}
	}
	for name, second := range map[string]http.HandlerFunc{
		"another place": partly("2-9/10", whole[2:]),
		"no place":      partly("", whole[6:]),
		"past the end":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusRequestedRangeNotSatisfiable) },
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, breaking(`"v1"`, whole, 6))
			from, entries := open(t, web.Options{Addresses: []string{s.URL + "/a.csv"}})
			p := part(t, entries[0])
			for _, answer := range []http.HandlerFunc{nil, second} {
				if answer != nil {
					s.change(answer)
				}
				if _, err := from.Fetch(t.Context(), entries[0], "", p); !origin.IsTrouble(err) {
					t.Fatalf("error %v, want trouble", err)
				}
			}
			s.change(text(`"v1"`, whole))
			if _, err := from.Fetch(t.Context(), entries[0], "", p); err != nil || content(t, p) != whole {
				t.Errorf("it does not come whole: %v", err)
			}
		})
	}
}

func TestWhatAnswersMean(t *testing.T) {
	status := func(code int, headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			w.WriteHeader(code)
			_, _ = w.Write([]byte("<html>"))
		}
	}
	trouble := func(after time.Duration) func(error) bool {
		return func(err error) bool {
			var t origin.Trouble
			return errors.As(err, &t) && t.After == after
		}
	}
	absent := func(err error) bool { return errors.Is(err, origin.ErrAbsent) }
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		file   string
		fits   func(error) bool
	}{
		"busy":                   {status(503), "a.csv", trouble(0)},
		"too many, in seconds":   {status(429, "Retry-After", "7"), "a.csv", trouble(7 * time.Second)},
		"too many, until a time": {status(429, "Retry-After", "Thu, 01 Oct 2026 00:01:00 GMT", "Date", "Thu, 01 Oct 2026 00:00:00 GMT"), "a.csv", trouble(time.Minute)},
		"no entry":               {status(401), "a.csv", origin.IsMisconfigured},
		"not there":              {status(404), "a.csv", origin.IsMisconfigured},
		"not there for a day":    {status(404), "a_{yyyymmdd}.csv", absent},
		"gone for a day":         {status(410), "a_{yyyymmdd}.csv", absent},
		"a login page":           {status(200, "Content-Type", "text/html; charset=utf-8"), "a.csv", origin.IsMisconfigured},
		"a sheet that is a page": {status(200, "Content-Type", "text/html"), "a.xls", func(err error) bool { return err == nil }},
		"a bad request":          {status(400), "a.csv", func(err error) bool { return err != nil && !origin.IsTrouble(err) }},
		"too large":              {text("", strings.Repeat("x", 1<<20+1)), "a.csv", func(err error) bool { return errors.Is(err, origin.ErrTooLarge) }},
		"moved about for ever":   {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"x", http.StatusFound) }, "a.csv", origin.IsMisconfigured},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, c.answer)
			from, entries := open(t, web.Options{Addresses: []string{s.URL + "/" + c.file}, Days: []time.Time{time.Unix(0, 0)}})
			if _, err := from.Fetch(t.Context(), entries[0], "", part(t, entries[0])); !c.fits(err) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestTheServerNamesTheFile(t *testing.T) {
	for header, want := range map[string]string{
		`attachment; filename="orders_20261001.csv"`:                     "orders_20261001.csv",
		`attachment; filename*=UTF-8''%E8%AE%A2%E5%8D%95.csv`:            "订单.csv",
		`attachment; filename="../../etc/orders.csv"`:                    "orders.csv",
		`attachment; filename="C:\exports\orders.csv"`:                   "orders.csv",
		`attachment; filename=".."`:                                      "download",
		`attachment; filename=".bashrc"`:                                 "download",
		`attachment; filename="` + strings.Repeat("long", 100) + `.csv"`: "download",
		`attachment`: "download",
	} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Disposition", header) })
		from, entries := open(t, web.Options{Addresses: []string{s.URL + "/download?id=1"}})
		if fetched, err := from.Fetch(t.Context(), entries[0], "", part(t, entries[0])); err != nil || fetched.Name != want {
			t.Errorf("%s: named %q, %v", header, fetched.Name, err)
		}
	}
}

func TestSecretsGoWhereTheyBelong(t *testing.T) {
	elsewhere := serve(t, text("", "hello"))
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1)+"/signed.csv", http.StatusFound)
	})
	for name, c := range map[string]struct {
		options web.Options
		file    string
		header  string
		want    string
	}{
		"bearer": {web.Options{Token: "s3cret"}, "/a.csv", "Authorization", "Bearer s3cret"},
		"header": {web.Options{Token: "s3cret", Header: "X-Api-Key"}, "/a.csv", "X-Api-Key", "s3cret"},
		"basic":  {web.Options{User: "brand", Password: "s3cret"}, "/a.csv", "Authorization", "Basic YnJhbmQ6czNjcmV0"},
		"query":  {web.Options{Token: "s3cret&"}, "/a.csv?key={token}", "Authorization", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.options.Addresses = []string{s.URL + c.file, elsewhere.URL + "/own.csv", strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1) + "/own.csv"}
			from, entries := open(t, c.options)
			if _, err := from.Fetch(t.Context(), entries[0], "", part(t, entries[0])); err != nil {
				t.Fatal(err)
			}
			if got := s.last(t).Header.Get(c.header); got != c.want {
				t.Errorf("%s: %q, want %q", c.header, got, c.want)
			}
			if name == "query" && s.last(t).URL.Query().Get("key") != "s3cret&" {
				t.Errorf("asked for %s", s.last(t).URL)
			}
			for header, values := range elsewhere.last(t).Header {
				if strings.Contains(fmt.Sprint(values), "s3cret") || strings.Contains(fmt.Sprint(values), "YnJh") || header == "Referer" {
					t.Errorf("another host was told %s: %s", header, values)
				}
			}
		})
	}
}

func TestNoSecretIsTold(t *testing.T) {
	for name, address := range map[string]string{"nobody there": "http://127.0.0.1:1/a.csv?key={token}", "no such host": "https://no-such-host.invalid/a.csv?key={token}"} {
		from, entries := open(t, web.Options{Addresses: []string{address}, Token: "s3cret"})
		_, err := from.Fetch(t.Context(), entries[0], "", part(t, entries[0]))
		if !origin.IsTrouble(err) || strings.Contains(err.Error(), "s3cret") || strings.Contains(entries[0].Path, "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAddressesThatAreRefused(t *testing.T) {
	for address, want := range map[string]string{
		"http://example.com/a.csv":                 "only https",
		"file:///etc/passwd":                       "want an address",
		"ftp://example.com/a.csv":                  "only https",
		"https://user:pass@example.com/a.csv":      "no user or password",
		"https://example.com/{yyyymm}.csv":         "unknown mark",
		"https://169.254.169.254/latest/meta-data": "speaks to its own machines",
		"https://metadata.google.internal/x":       "speaks to its own machines",
		"https://METADATA.google.internal./x":      "speaks to its own machines",
		"https://[fe80::1]/x":                      "speaks to its own machines",
		"https://[::ffff:169.254.169.254]/x":       "speaks to its own machines",
		"https://0.0.0.0/x":                        "speaks to its own machines",
		"http://localhost.example.com/a.csv":       "only https",
		"a.csv":                                    "want an address",
	} {
		_, err := web.New(web.Options{Addresses: []string{address}})
		if err == nil || !strings.Contains(err.Error(), want) || !origin.IsMisconfigured(err) {
			t.Errorf("%s: error %v, want one with %q", address, err, want)
		}
	}
}

// TestBeingLedAstray: an address that the source names may be one of this machine; one that a server leads to may not.
func TestBeingLedAstray(t *testing.T) {
	inner := serve(t, text("", "inner"))
	for to, want := range map[string]string{
		strings.Replace(inner.URL, "127.0.0.1", "127.0.0.2", 1) + "/a.csv": "private network",
		"http://169.254.169.254/latest/meta-data":                          "only https",
		"https://169.254.169.254/latest/meta-data":                         "speaks to its own machines",
		"http://example.com/a.csv":                                         "only https",
		"file:///etc/passwd":                                               "want an address",
	} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
		})
		from, entries := open(t, web.Options{Addresses: []string{s.URL + "/a.csv"}})
		_, err := from.Fetch(t.Context(), entries[0], "", part(t, entries[0]))
		if err == nil || !strings.Contains(err.Error(), want) || !origin.IsMisconfigured(err) {
			t.Errorf("to %s: error %v, want one with %q", to, err, want)
		}
	}
}
