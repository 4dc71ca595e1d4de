package jobs

import (
	"strings"

	"countinghouse/internal/lineage"
	"countinghouse/pipelines/ledger"
)

// declaration is what is known of the columns of a Go step: the queries that it reads, and which of their columns flow into which of its own.
// A step without one is followed by table only.
type declaration struct {
	queries []string
	values  map[string]string // column: schema.table.column, parted by blanks; the same for every table of the step
}

func declaredColumns(step string) declaration {
	if step != "ledger" {
		return declaration{}
	}
	const movement = "dataset.point_transactions."
	const expiry = movement + "expires_on " + movement + "occurred_at seed.points_programme.valid_from seed.points_programme.validity seed.points_programme.validity_days seed.points_programme.grace_days"
	return declaration{
		queries: []string{ledger.InputSQL, ledger.ProgrammeSQL},
		values: map[string]string{
			"channel": movement + "channel", "account_id": movement + "account_id", "txn_id": movement + "txn_id", "lot_id": movement + "txn_id",
			"order_id": movement + "order_id", "reason": movement + "reason", "kind": movement + "kind",
			"source_file": movement + "source_file", "source_row": movement + "source_row",
			"occurred_at": movement + "occurred_at", "occurred_on": movement + "occurred_at", "issued_at": movement + "occurred_at", "issued_on": movement + "occurred_at",
			"expires_on": expiry, "extended_from": expiry,
			"currency": movement + "currency", "counter_account_id": movement + "counter_account_id",
			"origin_account_id": movement + "counter_account_id", "origin_lot_id": movement + "txn_id",
			"counter_txn_id": movement + "txn_id " + movement + "counter_account_id",
			"points_opening": movement + "points", "points_transferred": movement + "points", "points_reinstated": movement + "points",
			"points": movement + "points", "points_issued": movement + "points", "points_redeemed": movement + "points", "points_expired": movement + "points",
			"points_clawed_back": movement + "points", "points_adjusted": movement + "points", "points_remaining": movement + "points",
			"balance": movement + "points", "balance_after": movement + "points", "lots_remaining": movement + "points", "arrears": movement + "points",
		},
	}
}

// of gives the sources of one column; none where the step makes it up.
func (d declaration) of(column string) []lineage.Source {
	var sources []lineage.Source
	for _, name := range strings.Fields(d.values[column]) {
		at := strings.LastIndex(name, ".")
		sources = append(sources, lineage.Source{Table: name[:at], Column: name[at+1:]})
	}
	return sources
}
