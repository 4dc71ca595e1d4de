package jobs_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"maps"
	random "math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"countinghouse/internal/model"
	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/jobs"
	"countinghouse/pipelines/build"
	"countinghouse/pipelines/identity"
)

// crmExport is an export of accounts or of orders, made on a day. Of rows with the same key the newest export's counts; one without an account says that there is
// no such row any more.
type crmExport struct {
	dataset, name string
	day           int
	rows          []string // of a values list: the key, the account's columns
	query         string   // gives rows in place of a list, if there are many
}

// The columns of what the exports hold, besides a key and the line.
var crmColumns = map[string]string{
	"accounts": "channel, account_id, phone, email, member_no, birthday, registered_at, name",
	"orders":   "channel, account_id, ordered_at",
}

// mentionColumns are columns of the datasets that the merge reads and these exports do not fill.
var mentionColumns = map[string]string{
	"accounts":           "null::varchar as union_id, null::varchar as open_id, null::varchar as device_id, null::varchar as app_id, null::varchar as shop_id, null::varchar as brand, null::varchar as family_name",
	"orders":             "null::timestamp as paid_at",
	"refunds":            "null::timestamp as refunded_at",
	"point_transactions": "null::timestamp as occurred_at",
	"point_balances":     "0 as points",
	"interactions":       "null::timestamp as occurred_at, null::varchar as referrer_account_id",
	"coupons":            "null::timestamp as issued_at",
	"messages":           "null::timestamp as sent_at, null::varchar as account_channel",
	"community_members":  "null::timestamp as joined_at",
}

// datasetOf is a dataset as it comes of some exports.
func datasetOf(dataset string, exports []crmExport) string {
	columns := crmColumns[dataset]
	if columns == "" {
		return "select null::varchar as channel, null::varchar as account_id, null::timestamp as exported_at, null::varchar as source_file, null::bigint as source_row, " + mentionColumns[dataset] + " where false"
	}
	queries := []string{"select " + typed(columns) + ", null::varchar as key, null::varchar as source_file, null::bigint as source_row, null::timestamp as exported_at where false"}
	for _, export := range exports {
		if export.dataset == dataset {
			from := export.query
			if from == "" {
				from = "values " + strings.Join(export.rows, ", ")
			}
			queries = append(queries, fmt.Sprintf("select t.*, '%s' as source_file, row_number() over ()::bigint + 1 as source_row, timestamp '2026-01-01' + interval %d day as exported_at from (%s) as t(key, %s)",
				sourceFile(export), export.day, from, columns))
		}
	}
	return "select *, " + mentionColumns[dataset] + " from (select * from (" + strings.Join(queries, " union all by name ") +
		") qualify row_number() over (partition by key order by exported_at desc, source_file desc, source_row desc) = 1) where account_id is not null"
}

// sourceFile is where an export lies when it has landed.
func sourceFile(export crmExport) string {
	return fmt.Sprintf("landing/%s/%x/%s.csv", export.dataset, sha256.Sum256([]byte(export.name)), export.name)
}

func typed(columns string) string {
	var all []string
	for column := range strings.SplitSeq(columns, ", ") {
		kind := map[bool]string{true: "timestamp", false: "varchar"}[strings.HasSuffix(column, "_at")]
		if column == "birthday" {
			kind = "date"
		}
		all = append(all, "null::"+kind+" as "+column)
	}
	return strings.Join(all, ", ")
}

// crm merges the accounts of exports, in a store.
type crm struct {
	t       *testing.T
	bucket  *objectstore.Bucket
	current map[string]snapshot.Table
}

func newCRM(t *testing.T) *crm {
	t.Helper()
	bucket, err := open.Bucket(t.Context(), t.TempDir(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &crm{t: t, bucket: bucket}
}

// crmState is what a merge is made from.
type crmState struct {
	exports          []crmExport
	rules, junk      string
	overrides, pairs []string
}

const overridesHeader = "action,channel,account_id,other_channel,other_account_id,decided_by,decided_on,why\n"

func (s crmState) library(t *testing.T, session *warehouse.Session) *model.Library {
	t.Helper()
	seed := func(grain string, columns ...string) *fstest.MapFile {
		yaml := "about: Rules.\ngrain: [" + grain + "]\ncolumns:\n"
		for _, column := range columns {
			name, kind, _ := strings.Cut(column, " ")
			yaml += "  " + name + ": {type: " + kind + "}\n"
		}
		return &fstest.MapFile{Data: []byte(yaml)}
	}
	text := func(lines string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(lines)} }
	files := fstest.MapFS{
		"seeds/identity_rules.csv": text("kind,trust,scope,values_per_customer,accounts_per_value,accounts_per_channel,valid_days\n" + s.rules),
		"seeds/identity_rules.yaml": seed("kind", "kind VARCHAR", "trust INTEGER", "scope VARCHAR", "values_per_customer INTEGER", "accounts_per_value INTEGER",
			"accounts_per_channel INTEGER", "valid_days INTEGER"),
		"seeds/identity_junk.csv":      text("kind,value\n" + s.junk),
		"seeds/identity_junk.yaml":     seed("kind, value", "kind VARCHAR", "value VARCHAR"),
		"seeds/identity_overrides.csv": text(overridesHeader + strings.Join(s.overrides, "")),
		"seeds/identity_overrides.yaml": seed("action, channel, account_id, other_channel, other_account_id", "action VARCHAR", "channel VARCHAR", "account_id VARCHAR", "other_channel VARCHAR",
			"other_account_id VARCHAR", "decided_by VARCHAR", "decided_on DATE", "why VARCHAR"),
	}
	library, err := model.Load(func(text string) ([]byte, error) { return session.Serialize(context.Background(), text) }, model.Source{Files: files, Label: "sql"})
	if err != nil {
		t.Fatal(err)
	}
	return library
}

func (s crmState) datasets() (datasets []build.Dataset) {
	for dataset := range mentionColumns {
		made := build.Dataset{
			Name: "dataset." + dataset, Query: datasetOf(dataset, s.exports), Definition: datasetOf(dataset, s.exports), Shape: func() string { return dataset },
			Of: func(some []snapshot.SourceFile) string {
				return datasetOf(dataset, slices.DeleteFunc(slices.Clone(s.exports), func(export crmExport) bool {
					return !slices.ContainsFunc(some, func(file snapshot.SourceFile) bool { return file.SHA256 == export.name })
				}))
			},
		}
		for _, export := range s.exports {
			if export.dataset == dataset {
				made.Files = append(made.Files, snapshot.SourceFile{Feed: dataset, SourceFile: sourceFile(export), SHA256: export.name})
			}
		}
		datasets = append(datasets, made)
	}
	return datasets
}

// similar stands for the step that compares names: it gives the pairs.
func (s crmState) similar() build.Step {
	rows := "select null::varchar as channel, null::varchar as account_id, null::varchar as other_channel, null::varchar as other_account_id, null::double as weight, null::varchar as outcome where false"
	if len(s.pairs) > 0 {
		rows += " union all from (values " + strings.Join(s.pairs, ", ") + ")"
	}
	columns := []warehouse.Column{
		{Name: "channel", Type: "VARCHAR"},
		{Name: "account_id", Type: "VARCHAR"},
		{Name: "other_channel", Type: "VARCHAR"},
		{Name: "other_account_id", Type: "VARCHAR"},
		{Name: "weight", Type: "DOUBLE"},
		{Name: "outcome", Type: "VARCHAR"},
	}
	return build.Step{
		Name: "similar", Definition: rows, Inputs: []string{"dataset.accounts"}, Tables: map[string][]warehouse.Column{"identity.similar": columns},
		Run: func(ctx context.Context, _ *warehouse.Session, write build.TableWriter, _ *build.Before) error {
			return write.Query(ctx, "identity.similar", rows)
		},
	}
}

// openOver begins a session over a store, with a scratch folder of its own. Close it.
func openOver(t *testing.T, bucket *objectstore.Bucket, variables map[string]any) (session *warehouse.Session, scratch string) {
	t.Helper()
	scratch = t.TempDir()
	session, err := warehouse.Open(t.Context(), warehouse.Options{Threads: 2, ScratchDir: scratch, AllowedDirs: []string{bucket.Root()}, Measured: 1, Variables: variables})
	if err != nil {
		t.Fatal(err)
	}
	return session, scratch
}

// buildFrom makes the tables of a graph from those that are current, one at a time.
func buildFrom(t *testing.T, graph *build.Graph, options build.Options) map[string]snapshot.Table {
	t.Helper()
	options.Workers, options.Random, options.Now, options.CPU = 1, rand.Reader, time.Now, func() float64 { return 0 }
	made, err := build.Run(t.Context(), graph, options)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// run merges, and gives the digest and the rows of each table, and the number of parts.
func (c *crm) run(state crmState) (tables map[string]string, parts int) {
	c.t.Helper()
	session, scratch := openOver(c.t, c.bucket, nil)
	defer func() { _ = session.Close() }()
	kinds := []string{"phone", "email", "union_id", "open_id", "member_no", "device_id", "birthday"}
	config := identity.Config{Kinds: kinds, Key: []byte("a key of the tests, long enough"), Region: "CN"}
	steps := slices.DeleteFunc(jobs.Steps(jobs.StepOptions{Identity: config}), func(step build.Step) bool { return step.Name != "identity" })
	graph, err := build.Resolve(state.library(c.t, session), state.datasets(), append(steps, state.similar()), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	c.current = buildFrom(c.t, graph, build.Options{Bucket: c.bucket, Session: session, Scratch: scratch, Current: c.current})
	return c.read(session, slices.Sorted(maps.Keys(identity.Tables())))
}

// read gives what a reader of the tables sees, and of those that are kept for the next merge.
func (c *crm) read(session *warehouse.Session, of []string) (tables map[string]string, parts int) {
	c.t.Helper()
	tables = map[string]string{}
	references := map[string]snapshot.Table{}
	for _, table := range of {
		references[table] = c.current[table]
		manifest, err := snapshot.ReadManifest(c.t.Context(), c.bucket, table, c.current[table].Fingerprint)
		if err != nil {
			c.t.Fatal(err)
		}
		maps.Copy(references, manifest.Kept)
		parts = max(parts, len(manifest.Parts))
	}
	for table, reference := range references {
		manifest, err := snapshot.ReadManifest(c.t.Context(), c.bucket, table, reference.Fingerprint)
		if err != nil {
			c.t.Fatal(err)
		}
		query, err := snapshot.RowsQuery(c.t.Context(), c.bucket, manifest)
		if err != nil {
			c.t.Fatal(err)
		}
		var rows string
		if err := session.QueryRow(c.t.Context(), "select coalesce(string_agg(line, chr(10) order by line), '') from (select rows::varchar as line from ("+query+") as rows)").Scan(&rows); err != nil {
			c.t.Fatal(err)
		}
		_, digest, err := build.Digest(c.t.Context(), session, "("+query+")", manifest.Columns)
		if err != nil {
			c.t.Fatal(err)
		}
		tables[table] = digest + "\n" + rows
	}
	return tables, parts
}

// crmHistory draws exports, decisions and pairs.
type crmHistory struct {
	*random.Rand
	accounts, keys int
}

func (h *crmHistory) pick(from ...string) string { return from[h.IntN(len(from))] }

func (h *crmHistory) account() (channel, id string) {
	number := h.IntN(h.accounts)
	return []string{"shop", "pos", "app"}[number%3], fmt.Sprintf("A%02d", number)
}

// export draws an export of a day around today; more than half of it is about few accounts.
func (h *crmHistory) export(number, today int) crmExport {
	dataset := h.pick("accounts", "accounts", "orders")
	export := crmExport{dataset: dataset, name: fmt.Sprintf("%s-%03d", dataset, number), day: max(0, today-h.IntN(2)*h.IntN(30))}
	for range 1 + h.IntN(5) {
		channel, id := h.account()
		account, key := "'"+id+"'", fmt.Sprintf("'K%d'", h.keys)
		if h.keys++; h.IntN(3) == 0 {
			key = fmt.Sprintf("'K%d'", h.IntN(h.keys)) // again
		}
		if h.IntN(8) == 0 {
			account = "null"
		}
		at := fmt.Sprintf("timestamp '2026-01-01' + interval %d day", max(0, export.day-h.IntN(20)))
		if h.IntN(3) > 0 {
			at = "null::timestamp"
		}
		row := []string{key, "'" + channel + "'", account, at}
		if dataset == "accounts" {
			row = []string{key, "'" + channel + "'", account, h.phone(), h.email(), h.member(), h.pick("null::date", "null::date", "date '1990-01-01'", "date '1991-02-02'"), at, h.pick("null::varchar", "'Li'")}
		}
		export.rows = append(export.rows, "("+strings.Join(row, ", ")+")")
	}
	return export
}

// phone draws one of several people, one of a shop, one that a platform lends, one that nobody has, one that is hidden, or none.
func (h *crmHistory) phone() string {
	number := fmt.Sprintf("1391234%04d", 1000+h.IntN(2*h.accounts)*7)
	return h.pick("null::varchar", "'"+number+"'", "'"+number+"'", "'+86 "+number+"'", "'13800000001'", fmt.Sprintf("'13912345678转%d'", 1+h.IntN(h.accounts)), "'13800138000'", "'139****0001'")
}

// email draws one of several people, or that of a till, which is on more than twenty accounts before long.
func (h *crmHistory) email() string {
	return h.pick("null::varchar", "null::varchar", fmt.Sprintf("'p%d@example.com'", h.IntN(2*h.accounts)), "'till@example.com'", "'Till@example.com'")
}

func (h *crmHistory) member() string {
	return h.pick("null::varchar", "null::varchar", fmt.Sprintf("'M%d'", h.IntN(2*h.accounts)))
}

func (h *crmHistory) decision() string {
	channel, id := h.account()
	other, otherID := h.account()
	return fmt.Sprintf("%s,%s,%s,%s,%s,wang,2026-01-%02d,because\n", h.pick("together", "apart"), channel, id, other, otherID, 1+h.IntN(28))
}

// pair draws two accounts as the model would have them.
func (h *crmHistory) pair(outcomes ...string) string {
	channel, id := h.account()
	other, otherID := h.account()
	for other == channel && otherID == id {
		other, otherID = h.account()
	}
	return fmt.Sprintf("('%s', '%s', '%s', '%s', %d, '%s')", channel, id, other, otherID, 1+h.IntN(20), h.pick(outcomes...))
}

const crmRules = "member_no,1,global,1,50,,\nunion_id,2,global,1,20,,\nopen_id,3,app_id,5,5,,\nphone,4,global,3,4,2,\nemail,5,global,2,,,\nprivacy_phone,6,global,,5,2,15\nbirthday,0,global,1,,,\ndevice_id,0,channel,,,,\n"

// next lets something happen.
func (h *crmHistory) next(state *crmState, today int) {
	for range h.IntN(3) {
		state.exports = append(state.exports, h.export(len(state.exports), today))
	}
	if h.IntN(4) == 0 {
		state.overrides = append(state.overrides, h.decision())
	}
	if h.IntN(6) == 0 && len(state.overrides) > 0 {
		state.overrides = state.overrides[1:]
	}
	slices.Sort(state.overrides)
	state.overrides = slices.Compact(state.overrides)
	if h.IntN(3) == 0 {
		state.pairs = append(state.pairs, h.pair("accepted", "accepted", "candidate", "contradiction"))
	}
	if h.IntN(6) == 0 && len(state.pairs) > 0 {
		state.pairs = slices.Clone(state.pairs[1:])
	}
}

// differingRows gives the rows that only one of two readings has.
func differingRows(want, got map[string]string) string {
	var lines []string
	for _, table := range slices.Sorted(maps.Keys(want)) {
		for mark, sides := range map[string][2]string{"-": {want[table], got[table]}, "+": {got[table], want[table]}} {
			other := strings.Split(sides[1], "\n")
			for line := range strings.SplitSeq(sides[0], "\n") {
				if !slices.Contains(other, line) {
					lines = append(lines, table+" "+mark+" "+line)
				}
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// TestAMergeThatGoesOnIsTheMergeFromScratch cuts histories into runs at random. After each run every table must be what it is from scratch, in a store of its own.
func TestAMergeThatGoesOnIsTheMergeFromScratch(t *testing.T) {
	t.Parallel()
	var wentOn atomic.Int32
	t.Cleanup(func() {
		if wentOn.Load() < 7 {
			t.Errorf("only %d of 12 runs went on from the one before: too few to prove anything", wentOn.Load())
		}
	})
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			history := crmHistory{Rand: random.New(random.NewPCG(seed, 5)), accounts: 120}
			state, today, shop := crmState{rules: crmRules, junk: "phone,13800138000\n"}, 60, newCRM(t)
			for range 40 {
				state.exports = append(state.exports, history.export(len(state.exports), today))
			}
			for range 3 {
				state.overrides, state.pairs = append(state.overrides, history.decision()), append(state.pairs, history.pair("accepted", "candidate"))
			}
			shop.run(state)
			for run := range 4 {
				today += history.IntN(4)
				history.next(&state, today)
				got, parts := shop.run(state)
				want, _ := newCRM(t).run(state)
				if difference := differingRows(want, got); difference != "" {
					t.Fatalf("run %d (-from scratch +in %d parts):\n%s", run, parts, difference)
				}
				if parts > 1 {
					wentOn.Add(1)
				}
			}
		})
	}
}
