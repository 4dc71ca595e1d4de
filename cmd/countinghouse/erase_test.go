package main

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"countinghouse/internal/crash"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// The person of these tests is customer U1 of the brand's first files, in everything that tells who it is. Other people have other values.
func erasedValues() []string {
	return []string{"13900000001", "xm@example.com", "林小满", "小满的旧邮箱@example.com", "U1-only-here", "1390000-0001", "AAHouidU1", "AAGomidU1"}
}

// withPerson is a brand whose exports hold the person in several containers, published.
func withPerson(t *testing.T) *site {
	t.Helper()
	s := newSite(t)
	if err := os.CopyFS(s.path("exports"), os.DirFS(brand(t, "first"))); err != nil {
		t.Fatal(err)
	}
	const header = "channel,account_id,name,phone,email,registered_at\n"
	s.write("exports/generic_accounts_20260901.csv", header+"app,U1,\"林小满\n\"\"满\"\"\",+86 139 0000 0001,小满的旧邮箱@example.com,2025-03-01 09:00:00\napp,U7,王五,13700000007,,2025-03-01 09:00:00\n")
	// The shops know the person by the platform's ids only, one of which the till has beside the phone.
	s.write("exports/generic_accounts_20260902.csv", "channel,account_id,phone,ouid,omid,shop_id,brand\npos,P1,13900000001,,AAGomidU1,,green\ntaobao,T1,,AAHouidU1,AAGomidU1,S1,green\ntaobao,T2,,AAHouidU1,,S1,green\npos,P5,,,AAGomidU7,,green\n")
	s.write("exports/nobody_takes_this.txt", "call 13900000001 back\n")
	s.write("exports/generic_accounts_20260801.csv.gz", packedText(t, header+"pos,P1,林小满,13900000001,,2025-03-01 09:00:00\npos,P2,王五,13700000007,,2025-03-01 09:00:00\n"))
	// One row is refused, and holds the person.
	s.write("exports/generic_accounts_20260701.csv", header+"app,U1,林小满,13900000001,xm@example.com,no time\n"+strings.Repeat("app,U7,王五,13700000007,,2025-03-01 09:00:00\n", 40))
	s.inOtherWriting(header)
	s.try("run", "--as-of", asOf, "--land", s.path("exports"))
	if s.published().Version != 1 {
		t.Fatal("nothing is published")
	}
	return s
}

// inOtherWriting adds exports with the person in other encodings and containers.
func (s *site) inOtherWriting(header string) {
	s.t.Helper()
	row := "pos,P3,林小满,13900000001,,2025-03-01 09:00:00\npos,P4,孙八,13700000009,,2025-03-01 09:00:00\n"
	for name, coding := range map[string]encoding.Encoding{"20260601": simplifiedchinese.GB18030, "20260501": unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)} {
		text, err := coding.NewEncoder().String(header + row)
		if err != nil {
			s.t.Fatal(err)
		}
		s.write("exports/generic_accounts_"+name+".csv", text)
	}
	const contract = "about: Members of the app\nchannel: app\nfiles: {names: ['%[1]s_*.%[2]s'], container: %[2]s}\nkey: [user]\ngrain: [user]\ncolumns:\n" +
		"  - {name: user, header: [user], type: id, required: true}\n  - {name: name, header: [name], type: text, personal: true}\n  - {name: mobile, header: [mobile], type: phone}\n" +
		"gives:\n  accounts:\n    columns: {account_id: user, name: name, phone: mobile}\n"
	s.write("schemas/feeds/app_members.yaml", "feed: app_members\n"+fmt.Sprintf(contract, "members", "jsonl"))
	s.write("schemas/feeds/app_book.yaml", "feed: app_book\n"+fmt.Sprintf(contract, "book", "xlsx"))
	s.write("exports/members_20260601.jsonl", `{"user":"U1","name":"林小满","mobile":"13900000001"}`+"\n"+`{"user":"U7","name":"王五","mobile":"13700000007"}`+"\n")
	s.write("exports/book_20260601.xlsx", workbook(s.t, `<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c></row>`+
		`<row r="2"><c r="A2" t="s"><v>3</v></c><c r="B2" t="s"><v>4</v></c><c r="C2"><v>13900000001</v></c></row>`+
		`<row r="3"><c r="A3" t="s"><v>5</v></c><c r="B3" t="s"><v>6</v></c><c r="C3"><v>13700000007</v></c></row>`, "user", "name", "mobile", "U1", "林小满", "U7", "王五"))
}

// workbook packs rows of cells, and the texts that they share, as a workbook of one sheet.
func workbook(t *testing.T, rows string, texts ...string) string {
	t.Helper()
	var packed bytes.Buffer
	archive := zip.NewWriter(&packed)
	for _, part := range [][2]string{
		{"[Content_Types].xml", `<Types/>`},
		{"xl/workbook.xml", `<workbook><sheets><sheet name="one" r:id="rId1"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="sheet1.xml"/><Relationship Id="rId2" Type="x/sharedStrings" Target="texts.xml"/></Relationships>`},
		{"xl/sheet1.xml", `<worksheet><sheetData>` + rows + `</sheetData></worksheet>`},
		{"xl/texts.xml", `<sst><si><t>` + strings.Join(texts, `</t></si><si><t>`) + `</t></si></sst>`},
	} {
		into, err := archive.Create(part[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(into, part[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.String()
}

func packedText(t *testing.T, text string) string {
	t.Helper()
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	if _, err := writer.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.String()
}

// holding gives the objects of the store that hold one of the values, in whatever they are packed.
func (s *site) holding(values []string) []string {
	s.t.Helper()
	session := reader(s.t, s.path("store"))
	var found []string
	err := filepath.WalkDir(s.path("store"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		stored, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		texts := opened(stored)
		if filepath.Ext(path) == ".parquet" {
			texts = append(texts, textsOf(s.t, session, path)...)
		}
		for _, text := range texts {
			if slices.ContainsFunc(values, func(value string) bool { return strings.Contains(text, value) }) {
				found = append(found, strings.TrimPrefix(path, s.path("store")))
				break
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return found
}

// opened gives bytes and what is packed in them, as texts, by every encoding that exports come in.
func opened(stored []byte) []string {
	texts := []string{string(stored)}
	for _, coding := range []encoding.Encoding{simplifiedchinese.GB18030, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)} {
		if text, err := coding.NewDecoder().Bytes(stored); err == nil {
			texts = append(texts, string(text))
		}
	}
	if inflated, err := gzip.NewReader(bytes.NewReader(stored)); err == nil {
		if text, err := io.ReadAll(inflated); err == nil {
			texts = append(texts, string(text))
		}
	}
	if archive, err := zip.NewReader(bytes.NewReader(stored), int64(len(stored))); err == nil {
		for _, member := range archive.File {
			if open, err := member.Open(); err == nil {
				text, _ := io.ReadAll(open)
				texts = append(texts, string(text))
			}
		}
	}
	return texts
}

// totals are the money and the points of the brand, which nobody's erasure changes.
func (s *site) totals() [][]string {
	s.t.Helper()
	return s.query(`select 'orders', channel, count(*)::varchar, sum(paid_amount)::varchar from core.orders group by channel
		union all select 'points', channel, count(*)::varchar, sum(points)::varchar from dataset.point_transactions group by channel order by all`)
}

func TestEraseLeavesNothingOfThePerson(t *testing.T) {
	t.Parallel()
	s := withPerson(t)
	before := s.totals()
	if places := s.holding(erasedValues()); len(places) < 6 {
		t.Fatalf("the person is in %v only: the test would prove little", places)
	}
	s.write("request", "139-0000-0001\n")
	planned := s.do(exitDone, "erase", "--from", s.path("request"))
	if len(s.holding(erasedValues())) < 6 || strings.Contains(planned, "0001") {
		t.Errorf("a dry run changed something, or repeats the person: %s", planned)
	}
	done := s.do(exitDone, "erase", "--from", s.path("request"), "--yes", "--reference", "case-1", "--output", "json")
	s.expectGone("erase")
	var certificate struct {
		State, Reference string
		Accounts         int
		Files            []struct{ Replaces, SHA256, How string }
	}
	if err := json.Unmarshal([]byte(done), &certificate); err != nil {
		t.Fatal(err)
	}
	if certificate.State != "done" || certificate.Reference != "case-1" || certificate.Accounts != 6 || len(certificate.Files) < 6 {
		t.Errorf("certificate: %+v", certificate)
	}
	if after := s.totals(); !reflect.DeepEqual(before, after) {
		t.Errorf("totals\n%v became\n%v", before, after)
	}
	// Others are as they were, and the accounts are nobody's.
	if rest := s.query("select account_id, name, phone from dataset.accounts where phone like '137%' order by all limit 1"); len(rest) != 1 || rest[0][1] != "王五" {
		t.Errorf("others: %v", rest)
	}
	if left := s.query("select * from core.orders where account_id in ('U1', 'P1')"); len(left) > 0 {
		t.Errorf("orders still name the account: %v", left)
	}
	// The same exports again are the same exports, and a new one brings nobody back.
	published := s.published()
	s.try("run", "--as-of", asOf, "--land", s.path("exports"))
	s.expectGone("landing again")
	if again := s.published(); !reflect.DeepEqual(published.Digests, again.Digests) {
		t.Error("landing the same exports again changed the marts")
	}
	s.write("later/generic_accounts_20261030.csv", "channel,account_id,name,phone,email,registered_at\napp,U1,林小满,86-13900000001,XM@example.com,2025-03-01 09:00:00\napp,U8,赵六,13700000008,,2025-03-01 09:00:00\n")
	s.try("run", "--as-of", asOf, "--land", s.path("later"))
	s.expectGone("a later export")
	if fresh := s.query("select name from dataset.accounts where account_id = 'U8'"); len(fresh) != 1 {
		t.Errorf("the rest of a later export: %v", fresh)
	}
	if again := s.do(exitDone, "erase", "--from", s.path("request"), "--yes"); !strings.Contains(again, "erased before") {
		t.Errorf("a second erasure: %s", again)
	}
}

// TestAClosedPeriodVerifiesAfterAnErasure: what was closed says so, and its figures stand; a file that somebody else changed is still found.
func TestAClosedPeriodVerifiesAfterAnErasure(t *testing.T) {
	t.Parallel()
	s := withPerson(t)
	s.do(exitDone, "close", "2026-10", "--who", "Li", "--note", "first", "--waive", "feeds")
	s.do(exitDone, "erase", "13900000001", "--yes")
	verified := s.do(exitDone, "close", "--verify")
	for _, want := range []string{"2026-10 verifies", "generic_accounts_20261001.csv (feed generic_accounts) was rewritten by the erasure", "figures are the same"} {
		if !strings.Contains(verified, want) {
			t.Errorf("no %q in\n%s", want, verified)
		}
	}
	if strings.Contains(verified, "landed (") {
		t.Errorf("a rewritten export counts as a new one:\n%s", verified)
	}
	paths, err := filepath.Glob(s.path("store/landing/generic_point_transactions/*/generic_point_transactions_20261001.csv"))
	if err != nil || len(paths) != 1 {
		t.Fatal(paths, err)
	}
	text, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(paths[0], bytes.Replace(text, []byte(",58,"), []byte(",59,"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := s.do(exitAudit, "close", "--verify"); !strings.Contains(got, "its bytes were changed") {
		t.Errorf("a changed file: %s", got)
	}
}

func (s *site) expectGone(when string) {
	s.t.Helper()
	if places := s.holding(append(erasedValues(), "86-13900000001", "XM@example.com")); len(places) > 0 {
		s.t.Errorf("after %s the person is still in %v", when, places)
	}
}

func TestAKilledErasureIsFinished(t *testing.T) {
	t.Parallel()
	s := withPerson(t)
	before := s.totals()
	for _, point := range []string{crash.EraseBegun, crash.EraseRewritten + ":3", crash.ConformWritten, crash.ErasePublished, crash.CollectHidden} {
		t.Run(point, func(t *testing.T) {
			trial := s.copyOf(t)
			trial.env = []string{"COUNTINGHOUSE_CRASH_AT=" + point}
			if got := trial.try("erase", "13900000001", "--yes"); got.code != crash.ExitCode {
				t.Fatalf("exit %d, want %d\n%s%s", got.code, crash.ExitCode, got.out, got.errs)
			}
			trial.env = nil
			trial.do(exitDone, "erase", "--resume")
			trial.expectGone("a resumed erasure")
			if after := trial.totals(); !reflect.DeepEqual(before, after) {
				t.Errorf("totals\n%v became\n%v", before, after)
			}
		})
	}
}

func TestEraseRefusesWhoIsNobody(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, args := range [][]string{{"erase"}, {"erase", "somebody secret"}, {"erase", "a", "--from", "b"}} {
		got := s.try(args...)
		if got.code != exitUsage || strings.Contains(got.errs, "secret") {
			t.Errorf("%v: exit %d, %s", args, got.code, got.errs)
		}
	}
}
