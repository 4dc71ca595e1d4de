package land

import (
	"context"
	"fmt"
	"io"
	"strings"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/landing"
	"countinghouse/internal/contract/reader"
)

// recognise finds the feed that takes a file, or says why none does.
func (l *lander) recognise(ctx context.Context, name string, size int64, open opener) (feed, reason string, err error) {
	if l.options.Feed != "" {
		return l.options.Feed, "", nil
	}
	var byName []*contract.Contract
	for _, c := range l.registry.Feeds() {
		if c.Takes(name) {
			byName = append(byName, c)
		}
	}
	if len(byName) == 1 {
		return byName[0].Feed, "", nil
	}
	candidates := byName
	if len(byName) == 0 {
		candidates = l.registry.Feeds()
	}
	byHeader, err := fitting(ctx, candidates, size, open)
	switch {
	case err != nil:
		return "", "", err
	case len(byHeader) == 1:
		return byHeader[0].Feed, "", nil
	case len(byHeader) > 1:
		return landing.Unrecognised, fmt.Sprintf("its header fits the feeds %s: say which with --feed", names(byHeader)), nil
	case len(byName) > 1:
		return landing.Unrecognised, fmt.Sprintf("its name fits the feeds %s, its header none of them: say which with --feed", names(byName)), nil
	default:
		return landing.Unrecognised, "neither its name nor its header fits a feed: name one with --feed, or write a contract", nil
	}
}

func names(feeds []*contract.Contract) string {
	texts := make([]string, len(feeds))
	for i, feed := range feeds {
		texts[i] = feed.Feed
	}
	return strings.Join(texts, ", ")
}

// fitting gives the contracts whose container and required headers the file has.
func fitting(ctx context.Context, candidates []*contract.Contract, size int64, open opener) ([]*contract.Contract, error) {
	in := reader.Input{Size: size, Open: func() (io.ReadCloser, error) { return open() }}
	var found []*contract.Contract
	for _, c := range candidates {
		fits, err := reader.Fits(ctx, c, in)
		if err != nil {
			return nil, err
		}
		if fits {
			found = append(found, c)
		}
	}
	return found, nil
}
