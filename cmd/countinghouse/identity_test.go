package main

import (
	"strings"
	"testing"

	"countinghouse/pipelines/identity"
)

func TestAnswersOfAFilledInQueue(t *testing.T) {
	header := strings.Join(queueHeader(), ",")
	split := func(lines ...string) (rows [][]string) {
		for _, line := range append([]string{header}, lines...) {
			rows = append(rows, strings.Split(line, ","))
		}
		return rows
	}
	const rest = ",A,B,phone,refused,,"
	got, err := answers(split(" Apart ,shared phone,shop,'=A1,pos,'B"+rest, ",,shop,A,pos,B"+rest), "wang", "2026-11-30")
	want := identity.Override{Action: "apart", Channel: "shop", AccountID: "=A1", OtherChannel: "pos", OtherAccountID: "'B", By: "wang", On: "2026-11-30", Why: "shared phone"}
	if err != nil || len(got) != 1 || got[0] != want {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	for line, problem := range map[string]string{
		"maybe,why,shop,A,pos,B" + rest: "2: decision \"maybe\"",
		"apart,,shop,A,pos,B" + rest:    "2: it has no why",
		",,shop,A,pos,B" + rest:         "1: no line has a decision",
	} {
		if _, err := answers(split(line), "wang", "2026-11-30"); err == nil || !strings.HasPrefix(err.Error(), problem) {
			t.Errorf("%q gave %v, want %s", line, err, problem)
		}
	}
	if _, err := answers([][]string{{"a", "b"}}, "wang", "2026-11-30"); err == nil {
		t.Error("a file of another kind was taken")
	}
}
