package main

import (
	"reflect"
	"testing"
)

func TestRotatedKeyKeepsIDs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const old, fresh = "the key that makes the ids", "the key that came after it"
	read := func(secret string) (ids, hashes [][]string) {
		s.env = []string{"COUNTINGHOUSE_HASH_KEY=" + secret}
		s.run("--land", brand(t, "first"))
		ids = s.query("select channel, account_id, customer_id from identity.account_customers order by all")
		return ids, s.query("select kind, channel, account_id, value_hash from identity.identifiers order by all")
	}
	ids, hashes := read(old)
	rotatedIDs, rotatedHashes := read(fresh + "\n" + old)
	if len(ids) < 2 || !reflect.DeepEqual(ids, rotatedIDs) {
		t.Errorf("a rotation changed ids: %v\n%v", ids, rotatedIDs)
	}
	if reflect.DeepEqual(hashes, rotatedHashes) {
		t.Error("the hashes of identifiers are still those of the old key")
	}
	if otherIDs, _ := read(fresh); reflect.DeepEqual(otherIDs, ids) {
		t.Error("another key alone makes the same ids: they do not depend on it")
	}
}
