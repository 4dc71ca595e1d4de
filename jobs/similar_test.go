package jobs_test

import (
	"fmt"
	"maps"
	random "math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/jobs"
	"countinghouse/pipelines/build"
	"countinghouse/pipelines/linkage"
)

// described is an export of what accounts are called and where they live. Of rows with the same key the newest export's counts; one without an account says that
// there is no such row any more.
type described struct {
	name string
	day  int
	rows []string
}

const describedColumns = "key, channel, account_id, name, phone, email, birthday, city, district, address, member_no"

func describedQuery(exports []described) string {
	columns := strings.Split(describedColumns, ", ")
	queries := []string{"select null::varchar as " + strings.Join(columns, ", null::varchar as ") + ", null::varchar as source_file, null::bigint as source_row, null::timestamp as exported_at where false"}
	for _, export := range exports {
		queries = append(queries, fmt.Sprintf("select t.*, '%s' as source_file, row_number() over ()::bigint + 1 as source_row, timestamp '2026-01-01' + interval %d day as exported_at from (values %s) as t(%s)",
			export.name, export.day, strings.Join(export.rows, ", "), describedColumns))
	}
	return `select channel, account_id, name, phone, email, birthday::date as birthday, city, district, address, member_no, source_file, source_row, exported_at,
    null::varchar as given_name, null::varchar as family_name, null::varchar as gender, null::varchar as province, null::varchar as postcode
from (` + strings.Join(queries, "\nunion all ") + `)
qualify row_number() over (partition by key order by exported_at desc, source_file desc, source_row desc) = 1 and account_id is not null`
}

// similarHistory draws accounts of people, some of whom have one name, one phone or one place.
type similarHistory struct {
	*random.Rand
	people []similarPerson
	keys   int
}

type similarPerson struct{ name, phone, email, birthday, city, district, address string }

func newSimilarHistory(seed uint64) *similarHistory {
	h := &similarHistory{Rand: random.New(random.NewPCG(seed, 7))}
	surnames, characters := []rune("王李张刘陈杨黄赵"), []rune("伟芳娜敏静丽强磊军洋勇艳杰娟涛明")
	for range 150 {
		one := similarPerson{
			name:  string(surnames[h.IntN(len(surnames))]) + string(characters[h.IntN(len(characters))]) + string(characters[h.IntN(len(characters))]),
			phone: fmt.Sprintf("13%d%04d%04d", h.IntN(10), h.IntN(3), h.IntN(10000)), email: fmt.Sprintf("p%d@example.com", h.IntN(1000)),
			birthday: fmt.Sprintf("19%02d-0%d-1%d", 60+h.IntN(30), 1+h.IntN(9), h.IntN(9)), city: []string{"杭州市", "南京市", "广州市"}[h.IntN(3)],
			district: []string{"西湖区", "鼓楼区", "天河区", "上城区"}[h.IntN(4)], address: fmt.Sprintf("文三路%d号", h.IntN(60)),
		}
		h.people = append(h.people, one)
	}
	return h
}

// row draws how a channel shows an account: with its phone, with a mask of it, with another person's phone, or of a crowd that has one name or one phone.
func (h *similarHistory) row(account int) string {
	p := h.people[account%len(h.people)]
	channel := []string{"shop", "pos", "app"}[account/len(h.people)%3]
	phone, name, email, birthday, address, member := p.phone, p.name, "", "", "", ""
	switch h.IntN(8) {
	case 0:
		phone, name = phone[:3]+"****"+phone[7:], string([]rune(name)[:1])+"**"
	case 1, 2:
		phone = phone[:1] + "******" + phone[7:]
	case 3:
		phone = h.people[h.IntN(len(h.people))].phone
	case 4:
		phone, email = "", p.email
	case 5:
		birthday, address = p.birthday, p.address
	case 6:
		member = fmt.Sprint("M", account%len(h.people))
	}
	return h.cells(channel, account, name, phone, email, birthday, p.city, p.district, address, member)
}

func (h *similarHistory) cells(channel string, account int, more ...string) string {
	key := h.keys
	if h.keys++; h.IntN(5) == 0 {
		key = h.IntN(h.keys) // again
	}
	id := fmt.Sprintf("A%04d", account)
	if h.IntN(25) == 0 {
		id = ""
	}
	var cells []string
	for _, cell := range append([]string{fmt.Sprint("K", key), channel, id}, more...) {
		if cell == "" {
			cells = append(cells, "null::varchar")
		} else {
			cells = append(cells, warehouse.Quote(cell))
		}
	}
	return "(" + strings.Join(cells, ", ") + ")"
}

func (h *similarHistory) export(number, day, rows int) described {
	export := described{name: fmt.Sprintf("accounts-%03d", number), day: day}
	for range rows {
		export.rows = append(export.rows, h.row(h.IntN(3*len(h.people))))
	}
	return export
}

// crowd draws accounts of one name that nobody had, or of one phone under other people's names: half of those that make a crowd of it.
func (h *similarHistory) crowd(number, day, half int) described {
	export := described{name: fmt.Sprintf("accounts-%03d", number), day: day}
	for i := range 13 {
		account := 1000 + 13*half + i
		export.rows = append(export.rows, h.cells("app", account, "欧阳青", fmt.Sprintf("139%04d%04d", h.IntN(10000), h.IntN(10000)), "", "", "杭州市", "西湖区", "", ""))
		export.rows = append(export.rows, h.cells("pos", account, h.people[h.IntN(len(h.people))].name, "13812345678", "", "", "南京市", "鼓楼区", "", ""))
	}
	return export
}

// compare links the accounts of exports in a store, on a day, and gives the digest and the rows of each table, and the number of parts.
func (c *crm) compare(exports []described, today int) (tables map[string]string, parts int) {
	c.t.Helper()
	variables := map[string]any{"identity_model": "on", "identity_model_bits": 4.0}
	session, scratch := openOver(c.t, c.bucket, variables)
	defer func() { _ = session.Close() }()
	earlier := slices.DeleteFunc(slices.Clone(exports), func(export described) bool { return export.day >= today/30*30 })
	config := linkage.Config{
		Threads: 2, Pairs: 12_000, Fewest: 100, Key: []byte("a key of the tests, long enough"),
		Earlier: describedQuery(earlier), EarlierFrom: describedQuery(earlier),
	}
	accounts := build.Dataset{
		Name: "dataset.accounts", Query: describedQuery(exports), Definition: describedQuery(exports), Shape: func() string { return "accounts" },
		Of: func(some []snapshot.SourceFile) string {
			return describedQuery(slices.DeleteFunc(slices.Clone(exports), func(export described) bool {
				return !slices.ContainsFunc(some, func(file snapshot.SourceFile) bool { return file.SHA256 == export.name })
			}))
		},
	}
	for _, export := range exports {
		accounts.Files = append(accounts.Files, snapshot.SourceFile{Feed: "accounts", SourceFile: export.name, SHA256: export.name})
	}
	steps := slices.DeleteFunc(jobs.Steps(jobs.StepOptions{Linkage: config}), func(step build.Step) bool { return step.Name != "similar" })
	state := crmState{rules: crmRules, junk: "phone,13800138000\n"}
	graph, err := build.Resolve(state.library(c.t, session), []build.Dataset{accounts}, steps, variables)
	if err != nil {
		c.t.Fatal(err)
	}
	c.current = buildFrom(c.t, graph, build.Options{Bucket: c.bucket, Session: session, Scratch: scratch, Current: c.current})
	return c.read(session, slices.Sorted(maps.Keys(linkage.Tables())))
}

// TestAccountsComparedDayByDayAreThoseFromScratch runs the step on each of some days, and from scratch in a store of its own: every table must have the same rows.
func TestAccountsComparedDayByDayAreThoseFromScratch(t *testing.T) {
	t.Parallel()
	var wentOn, found atomic.Int32
	t.Cleanup(func() {
		if wentOn.Load() < 5 || found.Load() < 300 {
			t.Errorf("%d of 8 runs went on from the one before, over %d pairs: too few to prove anything", wentOn.Load(), found.Load())
		}
	})
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			history := newSimilarHistory(seed)
			var exports []described
			for day := 30; day < 60; day += 4 {
				exports = append(exports, history.export(len(exports), day, 60))
			}
			shop, today := newCRM(t), 61
			shop.compare(exports, today)
			for run := range 4 {
				today += 1 + 5*history.IntN(2)
				if run < 2 {
					exports = append(exports, history.crowd(len(exports), today, run))
				}
				for range history.IntN(3) {
					exports = append(exports, history.export(len(exports), today-history.IntN(2), 1+history.IntN(6)))
				}
				got, parts := shop.compare(exports, today)
				want, _ := newCRM(t).compare(exports, today)
				if difference := differingRows(want, got); difference != "" {
					t.Fatalf("run %d (-from scratch +in %d parts):\n%s", run, parts, difference)
				}
				found.Add(int32(strings.Count(want["identity.similar"], "\n")))
				if parts > 1 {
					wentOn.Add(1)
				}
			}
		})
	}
}
