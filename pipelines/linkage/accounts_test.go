package linkage_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/linkage"
)

// account is a row of dataset.accounts: channel and account_id, then what the export says.
type account struct {
	channel, id, name, phone, email, birthday, memberNo, province, city, district, address string
}

// similar is a row of identity.similar.
type similar struct {
	one, other, outcome, evidence string
	weight                        float64
}

// link runs the step over rows of dataset.accounts, in the order given.
func link(t *testing.T, rows []account, parameters map[string]any, threads int) []similar {
	t.Helper()
	session := linked(t, rows, parameters, threads)
	return similars(t, session)
}

func linked(t *testing.T, rows []account, parameters map[string]any, threads int, more ...string) *warehouse.Session {
	t.Helper()
	variables := map[string]any{"identity_model": "on", "identity_model_bits": 4.0}
	for name, value := range parameters {
		variables[name] = value
	}
	session, err := warehouse.Open(t.Context(), warehouse.Options{Threads: threads, ScratchDir: t.TempDir(), Variables: variables})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	for _, statement := range []string{
		"create schema dataset", "create schema seed", "create schema identity",
		`create table dataset.accounts (channel varchar, account_id varchar, name varchar, phone varchar, email varchar, birthday date, member_no varchar, province varchar, city varchar,
			district varchar, address varchar, given_name varchar, family_name varchar, gender varchar, postcode varchar, exported_at timestamp, source_file varchar, source_row bigint)`,
		"create table seed.identity_rules as select * from (values ('member_no', 'global', 1), ('birthday', 'global', 1), ('phone', 'global', 5)) as rules (kind, scope, values_per_customer)",
	} {
		if _, err := session.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	for start := 0; start < len(rows); start += 1000 {
		var values []string
		for i, row := range rows[start:min(len(rows), start+1000)] {
			var cells []string
			for _, cell := range []string{row.channel, row.id, row.name, row.phone, row.email, row.birthday, row.memberNo, row.province, row.city, row.district, row.address} {
				if cell == "" {
					cells = append(cells, "null")
				} else {
					cells = append(cells, warehouse.Quote(cell))
				}
			}
			values = append(values, "("+strings.Join(cells, ", ")+fmt.Sprintf(", null, null, null, null, timestamp '2026-01-01', 'file', %d)", start+i))
		}
		if _, err := session.Exec(t.Context(), "insert into dataset.accounts values "+strings.Join(values, ", ")); err != nil {
			t.Fatal(err)
		}
	}
	for _, statement := range more {
		if _, err := session.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	err = linkage.Link(t.Context(), session, linkage.Config{Threads: threads}, nil, tables{t, session})
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// tables writes them into the session.
type tables struct {
	t       *testing.T
	session *warehouse.Session
}

func (w tables) Whole(table, query string) error {
	_, err := w.session.Exec(w.t.Context(), "create table "+table+" as "+query)
	return err
}

func (w tables) Part(table, _, _ string) error { return w.Keep(table) }

func (w tables) Keep(table string) error { return errors.New(table + " has no past") }

func similars(t *testing.T, session *warehouse.Session) []similar {
	t.Helper()
	rows, err := session.Query(t.Context(), `select channel || ':' || account_id, other_channel || ':' || other_account_id, outcome, evidence, weight from identity.similar order by all`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var found []similar
	for rows.Next() {
		var s similar
		if err := rows.Scan(&s.one, &s.other, &s.outcome, &s.evidence, &s.weight); err != nil {
			t.Fatal(err)
		}
		found = append(found, s)
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return found
}

// strangers are people who have nothing to do with each other, each with a member account: what a model learns from.
func strangers(size int) []account {
	random := rand.New(rand.NewPCG(1, 2))
	surnames, characters := []rune("王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗"), []rune("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂玲辉健雪琳晨宇浩")
	cities := []string{"浙江省 杭州市 西湖区", "浙江省 杭州市 上城区", "江苏省 南京市 鼓楼区", "广东省 广州市 天河区", "四川省 成都市 锦江区", "湖北省 武汉市 武昌区"}
	people := make([]account, size)
	for i := range people {
		place := strings.Fields(cities[random.IntN(len(cities))])
		people[i] = account{
			channel: "member", id: fmt.Sprint("M", i), memberNo: fmt.Sprint(80000 + i), province: place[0], city: place[1], district: place[2],
			name:  string(surnames[random.IntN(len(surnames))]) + string(characters[random.IntN(len(characters))]) + string(characters[random.IntN(len(characters))]),
			phone: fmt.Sprintf("1%d%09d", 3+random.IntN(7), random.IntN(1_000_000_000)),
		}
	}
	return people
}

func find(found []similar, one, other string) *similar {
	for i, s := range found {
		if s.one == one && s.other == other || s.one == other && s.other == one {
			return &found[i]
		}
	}
	return nil
}

// Every fourth person has another account, which shows what such an export shows; who is who is told by the ids. A few of those of whom the surname
// alone is seen have a namesake with such a number, and wait for a person.
func TestAccountsThatOnlyMasksShow(t *testing.T) {
	rows := strangers(4000)
	for i := 0; i < 4000; i += 4 {
		p := rows[i]
		masked := account{channel: "jd", id: p.id, name: p.name, phone: p.phone[:1] + "******" + p.phone[7:], address: p.province + p.city + p.district + "文三路1号"}
		if i%8 == 0 {
			masked = account{channel: "douyin", id: p.id, name: string([]rune(p.name)[:1]) + "**", phone: p.phone[:3] + "****" + p.phone[7:], city: p.city, district: p.district}
		}
		rows = append(rows, masked)
	}
	other := rows[9]
	rows = append(rows,
		account{channel: "douyin", id: "another surname", name: "欧**", phone: other.phone[:3] + "****" + other.phone[7:], city: other.city, district: other.district},
		account{channel: "shop", id: "cipher", name: "##abc", phone: "$$13800138000", email: "a@b.com"},
	)
	right, wrong := map[string]int{}, 0
	for _, pair := range link(t, rows, nil, 2) {
		channel, id, _ := strings.Cut(pair.one, ":")
		_, otherID, _ := strings.Cut(pair.other, ":")
		switch {
		case pair.outcome != linkage.Accepted:
		case id == otherID:
			right[channel]++
		default:
			wrong++
			t.Logf("%s and %s are two people: %s", pair.one, pair.other, pair.evidence)
		}
	}
	if right["jd"] < 490 || right["douyin"] < 450 || wrong > 1 {
		t.Errorf("of 500 each %v are found, and %d wrong ones", right, wrong)
	}
}

// The parts of the evidence add up to the weight, to the rounding of each.
func TestEvidenceAddsUp(t *testing.T) {
	people := strangers(3000)
	for i := range 400 {
		p := people[i]
		people = append(people, account{channel: "jd", id: fmt.Sprint("J", i), name: p.name, phone: p.phone[:1] + "******" + p.phone[7:], address: p.province + p.city + p.district})
	}
	found := link(t, people, nil, 1)
	if len(found) < 350 {
		t.Fatalf("%d pairs, want about 400", len(found))
	}
	for _, pair := range found {
		sum := 0.0
		for _, part := range strings.Split(pair.evidence, "; ") {
			var bits float64
			if _, err := fmt.Sscan(part[strings.LastIndex(part, " ")+1:], &bits); err != nil {
				t.Fatalf("%s: %v", part, err)
			}
			sum += bits
		}
		if sum < pair.weight-.05 || sum > pair.weight+.05 {
			t.Errorf("%s: %.3f, want %.3f", pair.evidence, sum, pair.weight)
		}
	}
}

// A masked account that two people could have made is nobody's, though those two are so unlike that their own pair is not kept; nor are two masked accounts of a
// channel that fit one person, who has one account there. Without the rival each is found.
func TestWhoCouldBeTwoPeopleWaits(t *testing.T) {
	mask := func(p account, id string) account {
		return account{channel: "douyin", id: id, name: string([]rune(p.name)[:1]) + "**", phone: p.phone[:3] + "****" + p.phone[7:], city: p.city, district: p.district}
	}
	rows := strangers(4000)
	for i := range rows {
		rows[i].channel = []string{"member", "shop", "till"}[i%3]
		if i >= 1000 {
			rows = append(rows, mask(rows[i], rows[i].id))
		}
	}
	cousin := rows[0]
	cousin.channel, cousin.id, cousin.memberNo = "tmall", "C0", ""
	cousin.name, cousin.phone = string([]rune(rows[0].name)[:1])+"一诺", rows[0].phone[:3]+"9071"+rows[0].phone[7:]
	one, other := mask(rows[1], "D1"), mask(rows[1], "E1")
	one.phone, other.phone = "1******"+one.phone[7:], "1******"+one.phone[7:]
	other.city, other.district = "", ""
	alone := append(slices.Clone(rows), mask(rows[0], "D0"), one)
	rivals := append(slices.Clone(alone), cousin, other)
	found := [][]similar{link(t, alone, nil, 2), link(t, rivals, nil, 2)}
	for pair, want := range map[[2]string][2]bool{
		{"douyin:D0", "member:M0"}: {true, false}, {"douyin:D0", "tmall:C0"}: {false, false},
		{"douyin:D1", "shop:M1"}: {true, false}, {"douyin:E1", "shop:M1"}: {false, false}, {"douyin:D1", "douyin:E1"}: {false, false},
	} {
		for i, some := range [][]account{alone, rivals} {
			got := find(found[i], pair[0], pair[1])
			if accepted := got != nil && got.outcome == linkage.Accepted; accepted != want[i] {
				t.Errorf("%v among %d: %+v, want accepted: %v", pair, len(some), got, want[i])
			}
		}
	}
}

func TestTwoBirthdaysOrMemberNumbersAreTwoPeople(t *testing.T) {
	people := strangers(3000)
	mask := func(p account, channel string) account {
		return account{channel: channel, id: p.id, name: p.name, phone: p.phone[:3] + "****" + p.phone[7:], address: p.province + p.city + p.district + "文三路1号"}
	}
	people[1].birthday, people[3].birthday = "1990-05-04", "1990-05-04"
	birthday, member, same := mask(people[1], "a"), mask(people[2], "b"), mask(people[3], "c")
	birthday.birthday, member.memberNo, same.birthday = "1991-05-04", "7", "1990-05-04"
	found := link(t, append(people, birthday, member, same), nil, 2)
	for pair, want := range map[[2]string]string{{"member:M1", "a:M1"}: linkage.Conflict, {"member:M2", "b:M2"}: linkage.Conflict, {"member:M3", "c:M3"}: linkage.Accepted} {
		if got := find(found, pair[0], pair[1]); got == nil || got.outcome != want {
			t.Errorf("%v: %+v, want %s", pair, got, want)
		}
	}
}

// Rows in another order and other threads give the same tables.
func TestAccountsDependOnNoOrder(t *testing.T) {
	people := strangers(2500)
	for i := range 60 {
		p := people[i]
		people = append(people, account{channel: "jd", id: fmt.Sprint("J", i), name: p.name, phone: p.phone[:1] + "******" + p.phone[7:], city: p.city})
	}
	want := link(t, people, nil, 1)
	shuffled := slices.Clone(people)
	rand.New(rand.NewPCG(5, 6)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	if got := link(t, shuffled, nil, 4); !slices.Equal(got, want) {
		t.Errorf("%d pairs, and %d in another order", len(want), len(got))
	}
	if off := link(t, people, map[string]any{"identity_model": "off"}, 1); len(off) != 0 {
		t.Errorf("the model is off and finds %d pairs", len(off))
	}
}

// No name, phone or address of the input is a part of any cell of the tables.
func TestNothingPersonalIsLeft(t *testing.T) {
	people := strangers(2500)
	for i := range 60 {
		p := people[i]
		people = append(people, account{channel: "jd", id: fmt.Sprint("J", i), name: p.name, phone: p.phone[:1] + "******" + p.phone[7:], address: p.province + p.city + p.district + "秘密路9号"})
	}
	session := linked(t, people, nil, 2)
	for _, table := range []string{"identity.similar", "identity.model"} {
		text := everything(t, session, table)
		for i := range 60 {
			for _, value := range []string{people[i].name, people[i].phone, people[i].phone[7:] + " ", "秘密路", "杭州"} {
				if strings.Contains(text, value) {
					t.Errorf("%s holds %q", table, value)
				}
			}
		}
	}
	if len(everything(t, session, "identity.similar")) == 0 {
		t.Error("nothing was found")
	}
}

func everything(t *testing.T, session *warehouse.Session, table string) (text string) {
	t.Helper()
	if err := session.QueryRow(context.WithoutCancel(t.Context()), "select coalesce(string_agg(cast(r as varchar), chr(10)), '') from "+table+" as r").Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}

// What no person has, on very many accounts, joins none of them, and costs no look at every pair: 4,000 accounts have eight million.
func TestBadAccounts(t *testing.T) {
	people := strangers(2000)
	for i := range 200 {
		p := people[i]
		people = append(people, account{channel: "jd", id: fmt.Sprint("J", i), name: p.name, phone: p.phone[:1] + "******" + p.phone[7:], address: p.province + p.city + p.district})
	}
	const columns = "insert into dataset.accounts (channel, account_id, name, phone, city, birthday, source_file, source_row) select "
	cases := map[string]string{
		"one phone on 4,000 accounts":       columns + "'bad', 'B' || i, chr(20000 + cast(i % 3000 as integer)) || chr(25000 + cast(i % 2777 as integer)), '13912340001', '杭州市', null, 'f', i from range(4000) as r(i)",
		"one name and city on 6,000":        columns + "'bad', 'B' || i, '张伟', null, '杭州市', null, 'f', i from range(6000) as r(i)",
		"one value everywhere":              columns + "'bad', 'B' || i, '张伟', '13912340001', '杭州市', date '2000-01-01', 'f', i from range(1000) as r(i)",
		"nothing at all":                    columns + "'bad', 'B' || i, null, null, null, null, 'f', i from range(5000) as r(i)",
		"blanks":                            columns + "'bad', 'B' || i, '  ', '', ' ', null, 'f', i from range(5000) as r(i)",
		"names of 10 kB":                    columns + "'bad', 'B' || i, repeat('王' || chr(20000 + cast(i as integer)), 1700), '139' || (10000000 + hash(i) % 80000000), '杭州市', null, 'f', i from range(2000) as r(i)",
		"five hundred phones on an account": columns + "'bad', 'B' || i % 3, '王明', '139' || (10000000 + hash(i) % 80000000), '杭州市', null, 'f', i from range(1500) as r(i)",
		"two birthdays on an account":       columns + "'bad', 'B' || i % 50, '王明' || i % 50, '139' || (10000000 + hash(i % 50) % 80000000), '杭州市', date '1990-01-01' + cast(i as integer), 'f', i from range(100) as r(i)",
	}
	for name, statement := range cases {
		t.Run(name, func(t *testing.T) {
			right := 0
			for _, pair := range similars(t, linked(t, people, nil, 2, statement)) {
				if strings.HasPrefix(pair.one+pair.other, "bad") || strings.Contains(pair.other, "bad") {
					if pair.outcome == linkage.Accepted {
						t.Fatalf("%s and %s: %s", pair.one, pair.other, pair.evidence)
					}
				} else if pair.outcome == linkage.Accepted {
					right++
				}
			}
			if right < 150 {
				t.Errorf("of 200 other pairs %d are found", right)
			}
		})
	}
}

// Of 2,000 accounts of one phone, 50 each of one birthday, every two share the phone and nothing of their names: none is kept to stand against the phone, which a
// crowd has, while two people of one phone are.
func TestACrowdKeepsNoPairs(t *testing.T) {
	people := strangers(3000)
	for i := range 200 {
		p := people[i]
		people = append(people, account{channel: "jd", id: p.id, name: p.name, phone: p.phone[:1] + "******" + p.phone[7:], address: p.province + p.city + p.district})
	}
	people[3].phone = people[4].phone
	session := linked(t, people, nil, 2, `insert into dataset.accounts (channel, account_id, name, phone, birthday, source_file, source_row)
		select 'bad', 'B' || i, chr(20000 + cast(i as integer)) || chr(24000 + cast(i as integer)), '13912340001', date '1990-01-01' + cast(i % 40 as integer), 'f', i from range(2000) as r(i)`)
	config := linkage.Config{Threads: 2, Earlier: "select * from dataset.accounts", Fewest: 100, Key: []byte("a key of the tests")}
	for table := range linkage.Tables() {
		if _, err := session.Exec(t.Context(), "drop table "+table); err != nil {
			t.Fatal(err)
		}
	}
	if err := linkage.Link(t.Context(), session, config, nil, tables{t, session}); err != nil {
		t.Fatal(err)
	}
	var crowd, all, against int
	err := session.QueryRow(t.Context(), `select count(*) filter (where channel = 'bad' and other_channel = 'bad' and weight < -10), count(*) from identity.kept_similar`).Scan(&crowd, &all)
	if err := errors.Join(err, session.QueryRow(t.Context(), "select count(*) from identity.similar where outcome = 'contradiction'").Scan(&against)); err != nil {
		t.Fatal(err)
	}
	if crowd > 0 || all < 150 || against != 1 {
		t.Errorf("of %d pairs that are kept %d are of the crowd; %d stand against a phone", all, crowd, against)
	}
}
