package contract

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FromName finds the export time in a file's name; nil if the pattern does not fit. In archive.zip!member the member's own name goes before
// that of the archive.
func (e ExportedAt) FromName(name string, zone *time.Location) (*time.Time, error) {
	expression, err := regexp.Compile(e.FileName)
	if err != nil {
		return nil, fmt.Errorf("files.exported_at.file_name: %w", err)
	}
	parts := strings.SplitN(name, "!", 2)
	slices.Reverse(parts)
	for _, part := range parts {
		if groups := expression.FindStringSubmatch(part); groups != nil {
			return e.Parse(strings.TrimSpace(strings.Join(groups[1:], " ")), zone)
		}
	}
	return nil, nil
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
	when, err := time.ParseInLocation(e.Layout, text, zone)
	if err != nil {
		return nil, fmt.Errorf("export time %q does not fit the layout %q", text, e.Layout)
	}
	when = when.In(zone)
	return &when, nil
}
