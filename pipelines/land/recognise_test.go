package land_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"countinghouse/internal/contract"
	"countinghouse/pipelines/land"
)

// ranked has feeds that one header fits in different degrees.
func ranked(t *testing.T) *contract.Registry {
	t.Helper()
	one := func(name, columns string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("feed: " + name + "\nchannel: c\nfiles: {names: [\"" + name + "_*.csv\"], container: csv}\ncolumns:\n" + columns +
			"gives:\n  orders: {columns: {order_id: order_id}}\n")}
	}
	const id, amount, note = "  - {name: order_id, header: [单号], type: id, required: true}\n", "  - {name: amount, header: [金额], type: money, required: true}\n",
		"  - {name: note, header: [备注], type: text}\n"
	registry, err := contract.Load(fstest.MapFS{
		"datasets/orders.yaml": {Data: []byte("dataset: orders\ngrain: [order_id]\ncolumns:\n  - {name: order_id, type: text}\n")},
		"feeds/few.yaml":       one("few", id+note),
		"feeds/many.yaml":      one("many", id+amount),
		"feeds/most.yaml":      one("most", id+amount+note),
		"feeds/twin.yaml":      one("twin", id+amount+note),
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return registry
}

func TestHeadersAreRanked(t *testing.T) {
	for name, c := range map[string]struct{ name, header, feed, why, also, reason string }{
		"most required":                     {"x.csv", "单号,金额", "", "", "", "many, most, twin"},
		"most known, then nothing":          {"x.csv", "单号,金额,备注", "", "", "", "its header fits the feeds most, twin"},
		"most known, then the name":         {"twin_1.csv", "单号,金额,备注", "twin", `by its name and its header (line 1: 2 required columns, 3 known)`, "", ""},
		"one required beats two known":      {"many_1.csv", "单号,备注,金额", "many", "by its name and its header", "", ""},
		"only the least fits":               {"x.csv", "备注,单号", "few", "by its header (line 1: 1 required columns, 2 known)", "", ""},
		"the name says one, the head other": {"most_1.csv", "单号,备注", "few", "by its header", "", ""},
		"a column too few of its own":       {"most_1.csv", "单号,备注,别的", "most", "by its name; its header does not fit", "", ""},
		"the name alone":                    {"most_1.csv", "别的", "most", "by its name; its header does not fit", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			options := land.Options{Now: received(), Scratch: t.TempDir()}
			landed, err := land.Land(t.Context(), p.bucket, ranked(t), []string{p.write(t, c.name, c.header+"\n1,2,3\n")}, options)
			if err != nil || len(landed) != 1 {
				t.Fatalf("%+v, %v", landed, err)
			}
			got := landed[0].Manifest
			if c.feed == "" {
				c.feed = "unrecognised"
			}
			if got.Feed != c.feed || !strings.Contains(got.Why, c.why) || !strings.Contains(got.Reason, c.reason) {
				t.Errorf("got %s, why %q, reason %q; want %s, %q, %q", got.Feed, got.Why, got.Reason, c.feed, c.why, c.reason)
			}
		})
	}
}

func TestOtherFeedsThatFitAreNamed(t *testing.T) {
	p := newPlace(t)
	registry := ranked(t)
	options := land.Options{Now: received(), Scratch: t.TempDir()}
	landed, err := land.Land(t.Context(), p.bucket, registry, []string{p.write(t, "x.csv", "单号,备注\n1,2\n"), p.write(t, "y_twin_1.csv", "单号,金额\n1,2\n")}, options)
	if err != nil {
		t.Fatal(err)
	}
	if got := landed[0].Manifest; got.Feed != "few" || len(got.Also) != 0 {
		t.Errorf("%+v", got)
	}
	// most and twin know the header as many does, and neither's name fits: a person decides.
	if got := landed[1].Manifest; !strings.Contains(got.Reason, "many, most, twin") {
		t.Errorf("%+v", got)
	}
}
