package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"syscall"
	"time"

	"countinghouse/internal/origin"
)

const tokenMark = "{token}"

// dayMarks are what stands for a day in a template, each with its Go layout.
func dayMarks() map[string]string {
	return map[string]string{"{yyyymmdd}": "20060102", "{yyyy-mm-dd}": "2006-01-02", "{yyyy}": "2006", "{mm}": "01", "{dd}": "02"}
}

// Dated says that a template stands for an address per day.
func Dated(template string) bool {
	for mark := range dayMarks() {
		if strings.Contains(template, mark) {
			return true
		}
	}
	return false
}

// fill puts a day into a template. The token stays out: what is filled is printed and remembered.
func fill(template string, day time.Time) string {
	for mark, layout := range dayMarks() {
		template = strings.ReplaceAll(template, mark, day.Format(layout))
	}
	return template
}

// CheckAddress says why a template cannot be an address to fetch from.
func CheckAddress(template string) error {
	address, err := url.Parse(fill(template, time.Unix(0, 0).UTC()))
	if err != nil {
		return withoutAddress(err)
	}
	return checkAddress(address)
}

func checkAddress(address *url.URL) error {
	rest := strings.NewReplacer(tokenMark, "").Replace(address.Path + address.RawQuery)
	switch {
	case address.User != nil:
		return errors.New("no user or password in an address: name them under user and password")
	case address.Hostname() == "":
		return errors.New("want an address such as https://host/file.csv")
	case address.Scheme != "https" && (address.Scheme != "http" || !isThisMachine(address.Hostname())):
		return errors.New("only https is fetched from")
	case strings.ContainsAny(rest, "{}"):
		return errors.New("an unknown mark in braces: there are {yyyy}, {mm}, {dd}, {yyyymmdd}, {yyyy-mm-dd} and {token}")
	}
	return checkHost(address.Hostname())
}

func isThisMachine(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// checkHost refuses what a cloud tells its own machines: tokens and keys.
func checkHost(host string) error {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if ip, err := netip.ParseAddr(host); err == nil {
		return checkIP(ip)
	}
	if host == "metadata" || host == "metadata.google.internal" {
		return errForbidden(host)
	}
	return nil
}

func errForbidden(place string) error {
	return origin.Misconfigured{Err: fmt.Errorf("%s is where a cloud speaks to its own machines, and nothing to fetch from", place)}
}

func checkIP(ip netip.Addr) error {
	ip = ip.Unmap()
	amazon := netip.MustParseAddr("fd00:ec2::254")
	alibaba := netip.MustParseAddr("100.100.100.200")
	if ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() || ip == amazon || ip == alibaba {
		return errForbidden(ip.String())
	}
	return nil
}

// newTransport is one that holds the rules where names have become numbers. Hosts that the source names may be private ones: they are the
// brand's own. Another host, to which one of them leads, may not.
func newTransport(named map[string]bool, proxy func(*http.Request) (*url.URL, error)) *http.Transport {
	return &http.Transport{
		Proxy: proxy, DisableCompression: true, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 20 * time.Second,
		ResponseHeaderTimeout: patience, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 1 << 20,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			host, _, _ := net.SplitHostPort(address)
			dialer := net.Dialer{Timeout: 20 * time.Second, Control: func(_, resolved string, _ syscall.RawConn) error {
				return checkResolved(resolved, named[host] || proxy != nil)
			}}
			return dialer.DialContext(ctx, network, address)
		},
	}
}

func checkResolved(resolved string, named bool) error {
	at, err := netip.ParseAddrPort(resolved)
	if err != nil {
		return err
	}
	ip := at.Addr().Unmap()
	if !named && (ip.IsPrivate() || ip.IsLoopback()) {
		return origin.Misconfigured{Err: fmt.Errorf("the server leads to %s, an address of a private network: name that host in the source if it is wanted", ip)}
	}
	return checkIP(ip)
}

// redirect decides on being led elsewhere. To another host go neither secrets nor the address that we came from.
func (s *Site) redirect(next *http.Request, way []*http.Request) error {
	if len(way) > mostRedirect {
		return origin.Misconfigured{Err: fmt.Errorf("led on more than %d times", mostRedirect)}
	}
	next.Header.Del("Referer")
	if err := checkAddress(next.URL); err != nil {
		return origin.Misconfigured{Err: fmt.Errorf("the server leads to %s://%s: %w", next.URL.Scheme, next.URL.Host, err)}
	}
	if next.URL.Host != way[0].URL.Host {
		next.Header.Del("Authorization")
		next.Header.Del(s.options.Header)
	}
	return nil
}

// request asks for the address of an entry, with the secrets of the source.
func (s *Site) request(ctx context.Context, address string) (*http.Request, error) {
	inPlace := strings.Contains(address, tokenMark)
	address = strings.ReplaceAll(address, tokenMark, url.QueryEscape(s.options.Token))
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, origin.Misconfigured{Err: errors.New("not a web address")}
	}
	request.Header.Set("User-Agent", "countinghouse")
	switch {
	case s.options.User != "":
		request.SetBasicAuth(s.options.User, s.options.Password)
	case s.options.Token == "" || inPlace:
	case s.options.Header != "":
		request.Header.Set(s.options.Header, s.options.Token)
	default:
		request.Header.Set("Authorization", "Bearer "+s.options.Token)
	}
	return request, nil
}

// nameOf is the base name of the file behind an address, unless the server says another.
func nameOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	name := path.Base(parsed.Path)
	if name == "." || name == "/" {
		return parsed.Hostname()
	}
	return name
}

// bare is an address without its query, for messages.
func bare(address string) string {
	address, _, _ = strings.Cut(address, "?")
	return address
}
