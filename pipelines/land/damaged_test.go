package land_test

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"

	"countinghouse/internal/contract/landing"
)

// TestADamagedMemberHarmsNoOther: two of three members have a wrong checksum. The good one lands as ever, and the archive is kept aside, once.
func TestADamagedMemberHarmsNoOther(t *testing.T) {
	var packed bytes.Buffer
	writer := zip.NewWriter(&packed)
	for _, name := range []string{"shop_1.csv", "shop_2.csv", "shop_3.csv"} {
		entry, err := writer.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := entry.Write([]byte("订单号\n" + name + "\n")); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	damaged := bytes.ReplaceAll(packed.Bytes(), []byte("\nshop_2.csv\n"), []byte("\nshop_X.csv\n"))
	damaged = bytes.ReplaceAll(damaged, []byte("\nshop_3.csv\n"), []byte("\nshop_Y.csv\n"))
	p := newPlace(t)
	landed, err := p.land(t, nil, p.write(t, "exports.zip", string(damaged)))
	if err != nil {
		t.Fatal(err)
	}
	var good, kept int
	for _, file := range landed {
		switch {
		case file.Recognised():
			good++
		case strings.Contains(file.Manifest.Reason, "is damaged") && file.Manifest.Name == "exports.zip":
			kept++
		default:
			t.Errorf("%+v", file)
		}
	}
	aside, err := landing.List(t.Context(), p.bucket, landing.Unrecognised)
	if good != 1 || kept == 0 || err != nil || len(aside) != 1 {
		t.Errorf("%d good, %d kept aside, %v in the store, %v", good, kept, aside, err)
	}
}

func TestNamesThatAKeyCannotHold(t *testing.T) {
	for name, odd := range map[string]string{
		"a control of terminals": "shop_\u009b31m.csv",
		"too long":               "shop_" + strings.Repeat("订", 300) + ".csv",
	} {
		t.Run(name, func(t *testing.T) {
			key := landing.FileKey("shop", strings.Repeat("0", 64), odd)
			base := key[strings.LastIndex(key, "/")+1:]
			if len(base) > 200 || strings.ContainsRune(base, '\u009b') || !strings.HasPrefix(base, "shop_") || !strings.HasSuffix(base, ".csv") {
				t.Errorf("%q, %d bytes", base, len(base))
			}
		})
	}
}
