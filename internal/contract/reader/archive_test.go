package reader_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"strings"
	"testing"

	"countinghouse/internal/contract/reader"
)

// An entry is one of a zip that a test makes.
type entry struct {
	header  zip.FileHeader
	content string
}

func plainEntry(name, content string) entry {
	return entry{zip.FileHeader{Name: name, Method: zip.Deflate}, content}
}

func archive(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var packed bytes.Buffer
	writer := zip.NewWriter(&packed)
	for _, e := range entries {
		to, err := writer.CreateHeader(&e.header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(to, e.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// opener gives the bytes as a file again and again.
func opener(content []byte) func() (fs.File, error) {
	return func() (fs.File, error) { return memoryFile{bytes.NewReader(content)}, nil }
}

type memoryFile struct{ *bytes.Reader }

func (memoryFile) Close() error               { return nil }
func (memoryFile) Stat() (fs.FileInfo, error) { return nil, errors.New("nobody asks") }

// members unpacks an archive into "name: content" lines.
func members(packed []byte) (string, error) {
	found, err := reader.Members(opener(packed), int64(len(packed)))
	if err != nil {
		return "", err
	}
	if found == nil {
		return "no archive", nil
	}
	var lines []string
	for _, member := range found {
		content, err := member.Open()
		if err != nil {
			return "", err
		}
		text, err := io.ReadAll(content)
		if err := errors.Join(err, content.Close()); err != nil {
			return "", err
		}
		if int64(len(text)) != member.Size {
			return "", fmt.Errorf("%s has %d bytes, %d were promised", member.Name, len(text), member.Size)
		}
		lines = append(lines, member.Name+": "+string(text))
	}
	return strings.Join(lines, "; "), nil
}

func TestMembers(t *testing.T) {
	gbk := string(gb18030(t, "对账单/月\\结诚.csv")) // 诚 and others hold the byte of a backslash in GB18030
	named := func(name string) entry { return entry{zip.FileHeader{Name: name, NonUTF8: true}, "x"} }
	unicodePath := func(plain, name string) entry {
		field := binary.LittleEndian.AppendUint32([]byte{1}, crc32.ChecksumIEEE([]byte(plain)))
		extra := binary.LittleEndian.AppendUint16(nil, 0x7075)
		extra = append(binary.LittleEndian.AppendUint16(extra, uint16(len(field)+len(name))), append(field, name...)...)
		return entry{zip.FileHeader{Name: plain, Extra: extra, NonUTF8: true}, "x"}
	}
	link := zip.FileHeader{Name: "passwd"}
	link.SetMode(fs.ModeSymlink | 0o777)
	cases := map[string]struct {
		entries []entry
		want    string
		problem string
	}{
		"several":            {[]entry{plainEntry("Table data.csv", "a,b\n"), plainEntry("in/Chart.csv", "")}, "Table data.csv: a,b\n; in/Chart.csv: ", ""},
		"folders and litter": {[]entry{plainEntry("in/", ""), plainEntry("in/a.csv", "x"), plainEntry("__MACOSX/in/._a.csv", "y"), plainEntry("in/.DS_Store", "z")}, "in/a.csv: x", ""},
		"GBK name":           {[]entry{named(gbk)}, "对账单/月/结诚.csv: x", ""},
		"UTF-8 without bit":  {[]entry{named("账单.csv")}, "账单.csv: x", ""},
		"UTF-8 with bit":     {[]entry{plainEntry("账单.csv", "x")}, "账单.csv: x", ""},
		"Unicode path":       {[]entry{unicodePath("????.csv", "账单.csv")}, "账单.csv: x", ""},
		"its other name":     {[]entry{unicodePath("a.csv", "../b.csv")}, "", "leads out of it"},
		"backslashes":        {[]entry{named(`in\a.csv`)}, "in/a.csv: x", ""},
		"upwards":            {[]entry{plainEntry("../a.csv", "x")}, "", `a name that leads out of it, "../a.csv"`},
		"upwards, Windows":   {[]entry{named(`in\..\..\a.csv`)}, "", "leads out of it"},
		"absolute":           {[]entry{plainEntry("/etc/a.csv", "x")}, "", "leads out of it"},
		"a drive":            {[]entry{named(`C:\a.csv`)}, "", "leads out of it"},
		"a control":          {[]entry{named("a\n.csv")}, "", "a control character"},
		"zero byte":          {[]entry{named("a.csv\x00.exe")}, "", "a control character"},
		"neither":            {[]entry{named("\xff\xff.csv")}, "", "neither utf-8 nor gb18030"},
		"a link":             {[]entry{{link, "/etc/passwd"}}, "", `"passwd" in the zip is a link`},
		"twice":              {[]entry{plainEntry("a.csv", "1"), plainEntry("a.csv", "2")}, "", `holds "a.csv" twice`},
		"nested":             {[]entry{plainEntry("a.ZIP", "PK")}, "", "a zip in a zip"},
		"encrypted":          {[]entry{{zip.FileHeader{Name: "账单.csv", Flags: 1}, "x"}}, "", `"账单.csv" in the zip is encrypted: unpack it with its password`},
		"nothing":            {nil, "", "the zip holds no file"},
		"only a folder":      {[]entry{plainEntry("in/", "")}, "", "the zip holds no file"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := members(archive(t, c.entries...))
			if c.problem != "" {
				var wrong *reader.Problem
				if !errors.As(err, &wrong) || !strings.Contains(err.Error(), c.problem) {
					t.Errorf("got %q, %v\nwant a problem: %s", got, err, c.problem)
				}
				return
			}
			if err != nil || got != c.want {
				t.Errorf("got  %q, %v\nwant %q", got, err, c.want)
			}
		})
	}
}

func TestArchiveLimits(t *testing.T) {
	var many []entry
	for i := range 10_001 {
		many = append(many, plainEntry(fmt.Sprintf("%d.csv", i), ""))
	}
	if _, err := members(archive(t, many...)); err == nil || !strings.Contains(err.Error(), "more than 10000 files") {
		t.Errorf("10001 files: %v", err)
	}
	if _, err := members(archive(t, many[1:]...)); err != nil {
		t.Errorf("10000 files: %v", err)
	}
	bomb := archive(t, plainEntry("a.csv", "x"))
	directory := bytes.LastIndex(bomb, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(bomb[directory+24:], 1<<31) // the unpacked size
	if _, err := members(bomb); err == nil || !strings.Contains(err.Error(), "zip bomb") {
		t.Errorf("2 GiB in %d bytes: %v", len(bomb), err)
	}
	binary.LittleEndian.PutUint32(bomb[directory+24:], 1<<20) // less than the limit, and a lie
	if _, err := members(bomb); err == nil || !strings.Contains(err.Error(), `"a.csv" in the zip is damaged`) {
		t.Errorf("a wrong size: %v", err)
	}
}

func TestDamagedArchives(t *testing.T) {
	good := archive(t, plainEntry("a.csv", strings.Repeat("订单号,金额\n", 9)), plainEntry("b.csv", "x"))
	for cut := 4; cut < len(good); cut++ {
		if got, err := members(good[:cut]); err == nil || !isProblem(err) {
			t.Fatalf("cut to %d of %d bytes: %q, %v", cut, len(good), got, err)
		}
	}
	want, err := members(good)
	if err != nil {
		t.Fatal(err)
	}
	for at := range good {
		damaged := bytes.Clone(good)
		damaged[at] ^= 0x10
		if got, err := members(damaged); err != nil && !isProblem(err) || err == nil && got != "no archive" && content(got) != content(want) {
			t.Fatalf("byte %d: %q, %v", at, got, err)
		}
	}
}

// content leaves out the names, which have no checksum.
func content(lines string) string {
	var texts strings.Builder
	for line := range strings.SplitSeq(lines, "; ") {
		_, text, _ := strings.Cut(line, ": ")
		texts.WriteString(text)
	}
	return texts.String()
}

func isProblem(err error) bool {
	var wrong *reader.Problem
	return errors.As(err, &wrong)
}

func TestWhatIsAnArchive(t *testing.T) {
	book := workbook(t, map[string][][]any{"订单": {{"订单号"}, {"A1"}}}, "订单")
	cases := map[string]struct {
		content []byte
		want    bool
	}{
		"a zip": {archive(t, plainEntry("a.csv", "x")), true}, "an empty one": {archive(t), true}, "a cut one": {archive(t, plainEntry("a.csv", "x"))[:40], true},
		"a workbook": {book, false}, "a cut workbook": {book[:200], false}, "text": {[]byte("订单号,金额\n"), false}, "nothing": {nil, false}, "PK": {[]byte("PK"), false},
	}
	for name, c := range cases {
		if got, err := members(c.content); (got != "no archive") != c.want {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

// FuzzMembers: whatever the bytes, a problem or members of the size that was promised.
func FuzzMembers(f *testing.F) {
	f.Add(archive(f, plainEntry("a.csv", "x"), plainEntry("in/账单.csv", "y")))
	f.Add(archive(f))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, packed []byte) {
		if _, err := members(packed); err != nil && !isProblem(err) {
			t.Fatalf("not a problem: %v", err)
		}
	})
}
