package linkage_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/linkage"
)

func match(t *testing.T, text string, options linkage.Options) linkage.Report {
	t.Helper()
	report, err := tryMatch(t, text, options)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func tryMatch(t *testing.T, text string, options linkage.Options) (linkage.Report, error) {
	t.Helper()
	dir := t.TempDir()
	options.Files = []string{filepath.Join(dir, "people.csv")}
	if err := os.WriteFile(options.Files[0], []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	session, err := warehouse.Open(t.Context(), warehouse.Options{Threads: 2, ScratchDir: filepath.Join(dir, "scratch"), AllowedDirs: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	if options.Budget == 0 {
		options.Budget = 1_000_000
	}
	options.Threads = max(options.Threads, 1)
	return linkage.Match(t.Context(), session, options)
}

// clusters by row.
func clusters(report linkage.Report) []int64 {
	result := make([]int64, len(report.Assigned))
	for _, a := range report.Assigned {
		result[a.Row-1] = a.Cluster
	}
	return result
}

// Two families: each has one surname, address and phone, and their people are four.
const families = ` first_name , surname,dob,phone,address,postcode,who
Mary,Kusha,1976-10-27,512-353-8633,1304 Poppy Hills Drive,43004,mary
Marie,Kusha,10/27/1976,5123538633,1304 Poppy Hills Dr,43004,mary
Edward,Kusha,1970-03-01,512-353-8633,1304 Poppy Hills Dr,43004,edward
Eddie,Kusha,Mar 1 1970,,1304 Poppy Hills Dr,43004,edward
Susan,Lorne,1998-06-15,503-555-0134,638 Downey St,97301,susan
Susanne,Lorn,1998-06-15,,638 Downey Street,97301,susan
Peter,Lorne,1990-01-30,503-555-0134,638 Downey St,97301,peter
Lorne,Peter,1990-01-30,503-555-0134,,,peter
Ann,Marsh,1985-05-05,,,10001,ann
Zoe,Quill,1966-09-12,,9 Elm Ct,20001,zoe
`

func TestFamiliesStayApart(t *testing.T) {
	report := match(t, families, linkage.Options{Truth: "who"})
	if want := []int64{1, 1, 3, 3, 5, 5, 7, 7, 9, 10}; !slices.Equal(clusters(report), want) {
		t.Errorf("%v, want %v", clusters(report), want)
	}
	if report.Truth == nil || report.Truth.F1 != 1 || report.Truth.Right != 4 {
		t.Errorf("truth %+v", report.Truth)
	}
	if report.Compared != 45 || !report.Every {
		t.Errorf("%d pairs compared, want all 45", report.Compared)
	}
}

func TestCharactersAndPinyinMeet(t *testing.T) {
	report := match(t, `姓名,生日,手机号,省,市
王杰,1993-09-14,13800138001,浙江省,杭州市
Jie Wang,9/14/93,138****8001,浙江,杭州
王伟,1997-09-14,13911112222,浙江,杭州
王婷先生,1988-01-02,15011112222,江苏,南京
`, linkage.Options{})
	if want := []int64{1, 1, 3, 4}; !slices.Equal(clusters(report), want) {
		t.Errorf("%v, want %v", clusters(report), want)
	}
}

func TestFatherAndSonOfOneName(t *testing.T) {
	report := match(t, "name,dob,address\nMorris Klein Jr,1982-04-12,1 Elm St\nMorris Klein Sr,1982-04-12,1 Elm St\nMorris Klein,1982-04-12,1 Elm St\nAda Low,1950-02-02,7 Oak St\n", linkage.Options{})
	got := clusters(report)
	if got[0] == got[1] || got[2] != got[0] && got[2] != got[1] {
		t.Errorf("%v: want the third with one of the first two, which stay apart", got)
	}
}

// crowd are people, most of them twice, the second time with a slip.
func crowd(people int) []string {
	dice := rand.New(rand.NewPCG(7, 8))
	syllables := strings.Fields("an ber cor da el fin gar hol is jo kel lor mar nor os per quin ros sta ter")
	word := func() string { return syllables[dice.IntN(20)] + syllables[dice.IntN(20)] + syllables[dice.IntN(20)] }
	var rows []string
	for i := range people {
		given, surname := word(), word()
		day := fmt.Sprintf("%d-%02d-%02d", 1940+dice.IntN(60), 1+dice.IntN(12), 1+dice.IntN(28))
		city := syllables[dice.IntN(20)]
		rows = append(rows, fmt.Sprintf("%s,%s,%s,%s,%d", given, surname, day, city, i))
		if i%3 != 0 {
			at := 1 + dice.IntN(len(surname)-1)
			rows = append(rows, fmt.Sprintf("%s,%s,%s,,%d", given, surname[:at]+surname[at-1:], day, i))
		}
	}
	return rows
}

const crowdHeader = "given_name,surname,dob,city,person\n"

// What a till, a form or a tester put into hundreds of records is nobody's: it brings no two people together, nor does it part the records of one.
func TestWhatACrowdHasIsNobodys(t *testing.T) {
	var rows []string
	people := crowd(900)
	for i, row := range people {
		cells := strings.Split(row, ",")
		given, surname, day, city, person := cells[0], cells[1], cells[2], cells[3], cells[4]
		email, phone := given+surname+person+"@mail.com", fmt.Sprintf("07%09s", person)
		if i%4 != 0 {
			email, phone = "shop@brand.com", "02079460000"
		}
		if i%2 == 0 {
			day = "1990-01-01"
		}
		rows = append(rows, strings.Join([]string{given, surname, day, city, email, phone, person}, ","))
	}
	for i := range 300 {
		rows = append(rows, fmt.Sprintf("test,N/A,1990-01-01,per,shop@brand.com,02079460000,test %d", i))
	}
	report := match(t, "given_name,surname,dob,city,email,phone,person\n"+strings.Join(rows, "\n")+"\n", linkage.Options{Truth: "person"})
	if report.Truth.Precision < .99 || report.Truth.Recall < .9 {
		t.Errorf("precision %.3f and recall %.3f, want .99 and .9 at least", report.Truth.Precision, report.Truth.Recall)
	}
}

func TestSameForAnyOrderAndThreads(t *testing.T) {
	rows := crowd(1220) // more than are compared all with all
	report := match(t, crowdHeader+strings.Join(rows, "\n"), linkage.Options{Truth: "person"})
	if report.Every || report.Truth.Precision < .999 || report.Truth.Recall < .98 {
		t.Errorf("every pair %v, %+v", report.Every, report.Truth)
	}
	slices.Reverse(rows)
	again := match(t, crowdHeader+strings.Join(rows, "\n"), linkage.Options{Truth: "person", Threads: 3})
	if *again.Truth != *report.Truth || !slices.Equal(again.Model, report.Model) {
		t.Errorf("%+v in the other order, %+v before", again.Truth, report.Truth)
	}
	mine, other := clusters(report), clusters(again)
	slices.Reverse(other)
	for a := range mine { // names of clusters are row numbers; who is with whom must be the same
		if b := a + 1; b < len(mine) && (mine[a] == mine[b]) != (other[a] == other[b]) {
			t.Fatalf("rows %d and %d are together in one order only", a, b)
		}
	}
}

func TestBudgetRefusesLargeBlocks(t *testing.T) {
	report := match(t, crowdHeader+strings.Join(crowd(1220), "\n"), linkage.Options{Budget: 1500})
	if report.Compared > 1500 {
		t.Errorf("%d pairs compared, more than the budget", report.Compared)
	}
	var made, refused int64
	for _, block := range report.Blocks {
		made += block.Pairs
		refused += block.RefusedPairs
		if block.RefusedPairs > 0 && block.RefusedBlocks == 0 {
			t.Errorf("%+v", block)
		}
	}
	if made > 1500 || refused == 0 {
		t.Errorf("%d pairs made, %d refused", made, refused)
	}
}

// Where a rule's blocks are larger than the budget allows, neighbours in them are compared: most of what every pair would find is found.
func TestNeighboursInLargeBlocks(t *testing.T) {
	rows := crowd(6000)
	for i := range rows { // few fields: both names with a slip in one of them, and one city
		cells := strings.Split(rows[i], ",")
		rows[i] = strings.Join([]string{cells[0], cells[1], "", "anber", cells[4]}, ",")
	}
	report := match(t, crowdHeader+strings.Join(rows, "\n"), linkage.Options{Truth: "person", Budget: 400_000})
	neighbours := int64(0)
	for _, block := range report.Blocks {
		neighbours += block.Neighbours
	}
	if neighbours == 0 || report.Compared > 400_000 || report.Truth.Recall < .9 || report.Truth.Precision < .9 {
		t.Errorf("%d neighbours, %d compared, %+v", neighbours, report.Compared, report.Truth)
	}
}

func TestUnknownColumnsServeWhereFewAreKnown(t *testing.T) {
	report := match(t, "id,title,artist,album\n1,Blue in Green,Miles Davis,Kind of Blue\n2,Blue in Grene,Miles Davis,Kind of Blue\n3,Hey Jude,Beatles,Hey Jude\n4,Help,Beatles,Help\n", linkage.Options{})
	if want := []int64{1, 1, 3, 4}; !slices.Equal(clusters(report), want) {
		t.Errorf("%v, want %v", clusters(report), want)
	}
	if report.Columns[0].Role != "" || report.Columns[1].Role != "text" {
		t.Errorf("%v", report.Columns)
	}
}

func TestClearErrors(t *testing.T) {
	for text, want := range map[string]string{
		"id,weight\n1,2\n": "--map", "first_name,surname\n": "no record",
	} {
		if _, err := tryMatch(t, text, linkage.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want word of %q", text, err, want)
		}
	}
	if _, err := tryMatch(t, families, linkage.Options{Truth: "cluster"}); err == nil || !strings.Contains(err.Error(), "surname") {
		t.Errorf("a truth that is not there: %v", err)
	}
	if err := linkage.CheckRoles(map[string]string{"nom": "lastname"}); err == nil || !strings.Contains(err.Error(), "surname") {
		t.Errorf("a role that is none: %v", err)
	}
}
