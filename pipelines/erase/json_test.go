package erase_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"countinghouse/internal/contract"
	"countinghouse/internal/objectstore/open"
	"countinghouse/pipelines/erase"
	"countinghouse/schemas"
)

// jsonStore knows two feeds of an app: orders of buyers as one document, and visits as a line each.
func jsonStore(t *testing.T) store {
	t.Helper()
	const columns = `
columns:
  - {name: user, header: [user], type: id, required: true}
  - {name: name, header: [name], type: text, personal: true}
  - {name: mobile, header: [mobile], type: phone}
  - {name: order_id, header: [order], type: id}
gives:
  accounts:
    columns: {account_id: user, name: name, phone: mobile}
`
	files := fstest.MapFS{
		"feeds/app_buyers.yaml": {Data: []byte("feed: app_buyers\nabout: Orders by buyer\nchannel: app\nfiles: {names: ['buyers_*.json'], container: json, records: 'data.buyers[].orders[]', encoding: utf-8}\ngrain: [order_id]" + columns)},
		"feeds/app_visits.yaml": {Data: []byte("feed: app_visits\nabout: Visits\nchannel: app\nfiles: {names: ['visits_*.jsonl'], container: jsonl, encoding: utf-8}\ngrain: [order_id]" + columns)},
	}
	bucket, err := open.Bucket(t.Context(), "mem://", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	registry, err := contract.Load(schemas.Files, files)
	if err != nil {
		t.Fatal(err)
	}
	return store{t, bucket, registry}
}

// erased is what the file is after the person was taken out, and all of it but that is as it was.
func (s store) erased(feed, name, text, want string) {
	s.Helper()
	s.land(feed, name, []byte(text))
	done, err := s.rewrite(erase.Options{})
	if err != nil || len(done) != 1 || done[0].How != erase.CellByCell {
		s.Fatalf("%+v %v", done, err)
	}
	for object, err := range s.bucket.List(s.Context(), "landing/"+feed+"/"+done[0].SHA256+"/"+name) {
		if err != nil {
			s.Fatal(err)
		}
		got, _, err := s.bucket.Read(s.Context(), object.Key)
		if err != nil || string(got) != want {
			s.Errorf("%v\n%s\nwant\n%s", err, got, want)
		}
		return
	}
	s.Error("the rewritten file is not there")
}

// Two people have one name, and one number of an order is the other's age: the other's stay. Texts are escaped as the channel likes, and what no column
// reads goes from the person's record.
func TestOnlyThePersonsRecordsOfADocumentChange(t *testing.T) {
	s := jsonStore(t)
	s.erased("app_buyers", "buyers_1.json", "\ufeff"+`{"took": 7, "data": {"page": 1, "buyers": [
  {"user": "U9", "name": "林小满", "age": 13900000001, "orders": [{"order": 1, "mobile": "`+other+`"}]},
  {"user": "U1", "name": "\u6797\u5c0f\u6ee1", "orders": [
    {"order": 2, "mobile": 13900000001, "gift": "for 小满"}, {"order" : "3", "mobile":"`+other+`", "gift": {"to": "mum"}}
  ]},
  {"user": "U7", "name": "林小满", "orders": []}
], "more": false}, "name": "林小满"}
`,
		"\ufeff"+`{"took": 7, "data": {"page": 1, "buyers": [
  {"user": "U9", "name": "林小满", "age": 13900000001, "orders": [{"order": 1, "mobile": "`+other+`"}]},
  {"user": "erased-xyz", "name": "", "orders": [
    {"order": 2, "mobile": "erased-abc", "gift": ""}, {"order" : "3", "mobile":"", "gift": {"to": ""}}
  ]},
  {"user": "U7", "name": "林小满", "orders": []}
], "more": false}, "name": "林小满"}
`)
}

// Empty lines count for nothing, a value may go over several lines, and the last one may lack its end.
func TestOnlyThePersonsLinesChange(t *testing.T) {
	s := jsonStore(t)
	s.erased("app_visits", "visits_1.jsonl", `{"user":"U9","name":"林小满","mobile":"`+other+`","order":"a"}

{"user":"U8","name":"林小满",
 "mobile":"+86 139-0000-0001","order":"b","ip":"10.0.0.1"}
{"user":"U9","name":"林小满","mobile":"`+other+`","order":"c"}
{"user":"U1","name":"周航","order":"d"}`,
		`{"user":"U9","name":"林小满","mobile":"`+other+`","order":"a"}

{"user":"U8","name":"",
 "mobile":"erased-abc","order":"b","ip":""}
{"user":"U9","name":"林小满","mobile":"`+other+`","order":"c"}
{"user":"erased-xyz","name":"","order":"d"}`)
}

// What a record says besides is told by its name, not by looking like what goes.
func TestAFigureThatLooksLikeTheAccountStays(t *testing.T) {
	s := jsonStore(t)
	s.erased("app_visits", "visits_3.jsonl", `{"user":"U1","order":"U1","name":"7"}`+"\n", `{"user":"erased-xyz","order":"U1","name":""}`+"\n")
}

// A record that holds the person and cannot be read as fields goes whole.
func TestARefusedRecordGoesWhole(t *testing.T) {
	s := jsonStore(t)
	got := `{"user":{"id":"U1"},"mobile":"` + person + `"}` + "\n" + `{"user":"U9","mobile":"` + other + `"}` + "\n"
	s.erased("app_visits", "visits_2.jsonl", got, strings.Replace(got, `{"user":{"id":"U1"},"mobile":"`+person+`"}`, `"erased"`, 1))
}
