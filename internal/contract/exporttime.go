package contract

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FromName finds the export time in a file's name; nil if there is no pattern, or it does not fit. In archive.zip!member the member's own name
// goes before that of the archive.
func (e ExportedAt) FromName(name string, zone *time.Location) (*time.Time, error) {
	if e.FileName == "" {
		return nil, nil
	}
	expression, err := regexp.Compile(e.FileName)
	if err != nil {
		return nil, fmt.Errorf("files.exported_at.file_name: %w", err)
	}
	for _, part := range namesOf(name) {
		groups := expression.FindStringSubmatch(part)
		if groups == nil {
			continue
		}
		when, err := e.Parse(strings.TrimSpace(strings.Join(groups[1:], " ")), zone)
		if err != nil && e.Layout == Digits {
			continue // any digits fit such a pattern, those of a shop's number too
		}
		return when, err
	}
	return nil, nil
}

// namesOf are the names that a file goes by, its own before that of the archive that it came in.
func namesOf(name string) []string {
	parts := strings.SplitN(name, "!", 2)
	slices.Reverse(parts)
	return parts
}

// TimeInOwnName finds the time in a name that people give by our own rule, which every feed knows: <feed>_20261101, with or without a time of the
// day behind it; of two days, from and to, the second. nil if the name is another, or names no day.
func (c *Contract) TimeInOwnName(name string, zone *time.Location) *time.Time {
	const day, clock = `20[0-5][0-9]-?[0-9]{2}-?[0-9]{2}`, `[0-9]{2}[-.]?[0-9]{2}(?:[-.]?[0-9]{2})?`
	expression := regexp.MustCompile("^" + regexp.QuoteMeta(c.Feed) + `_(?:` + day + `[-_~]+)?(` + day + `(?:[-_T ]?` + clock + `)?)(?:[^0-9]|$)`)
	for _, part := range namesOf(name) {
		groups := expression.FindStringSubmatch(path.Base(part))
		if groups == nil {
			continue
		}
		if when, err := parseDigits(groups[1], zone); err == nil {
			return &when
		}
	}
	return nil
}

// Digits is a layout: a day, with or without a time to the minute or the second, of whatever stands between the digits.
const Digits = "digits"

func parseDigits(text string, zone *time.Location) (time.Time, error) {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
	const layout = "20060102150405"
	if n := len(digits); n != 8 && n != 12 && n != 14 {
		return time.Time{}, fmt.Errorf("export time %q: want 8, 12 or 14 digits", text)
	}
	when, err := time.ParseInLocation(layout[:len(digits)], digits, zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("export time %q is no time", text)
	}
	return when, nil
}

// Parse reads an export time by the contract's layout. The result is in zone, which also is the zone of a time that names none.
func (e ExportedAt) Parse(text string, zone *time.Location) (*time.Time, error) {
	if e.Layout == "unix" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("export time %q is no number of seconds", text)
		}
		when := time.Unix(seconds, 0).In(zone)
		return &when, nil
	}
	if e.Layout == Digits {
		when, err := parseDigits(text, zone)
		if err != nil {
			return nil, err
		}
		return &when, nil
	}
	when, err := time.ParseInLocation(e.Layout, text, zone)
	if err != nil {
		return nil, fmt.Errorf("export time %q does not fit the layout %q", text, e.Layout)
	}
	when = when.In(zone)
	return &when, nil
}
