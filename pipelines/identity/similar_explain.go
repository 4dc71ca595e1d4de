package identity

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"countinghouse/internal/warehouse"
)

// Alike is a pair of accounts that the model compared, and what its weight is made of.
type Alike struct {
	Account string  `json:"account"`
	Other   string  `json:"other_account"`
	Weight  float64 `json:"weight"`
	Outcome string  `json:"outcome"`
	Parts   []Bits  `json:"parts"`
}

// Bits is one part of a weight: a field and how it agrees.
type Bits struct {
	What string  `json:"what"`
	Bits float64 `json:"bits"`
}

// AlikePairs gives the pairs of likeness between an account of one customer and one of the other, or, of one customer alone, all that its accounts
// have; the likeliest first.
func AlikePairs(ctx context.Context, session *warehouse.Session, one Account, other *Account) (pairs []Alike, err error) {
	of := func(side, customer string) string {
		return fmt.Sprintf("(%[1]schannel, %[1]saccount_id) in (select (channel, account_id) from identity.account_customers where customer_id = %[2]s)", side, warehouse.Quote(customer))
	}
	where := of("", one.Customer) + " or " + of("other_", one.Customer)
	switch {
	case other != nil && other.Customer == one.Customer:
		where = of("", one.Customer) + " and " + of("other_", one.Customer)
	case other != nil:
		where = of("", one.Customer) + " and " + of("other_", other.Customer) + " or " + of("", other.Customer) + " and " + of("other_", one.Customer)
	}
	rows, err := session.Query(ctx, `select channel || ':' || account_id, other_channel || ':' || other_account_id, weight, outcome, evidence
from identity.similar where `+where+" order by weight desc, 1, 2 limit "+strconv.Itoa(mostAlike))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	pairs = []Alike{}
	for rows.Next() {
		var pair Alike
		var evidence string
		if err := rows.Scan(&pair.Account, &pair.Other, &pair.Weight, &pair.Outcome, &evidence); err != nil {
			return nil, err
		}
		pair.Parts = partsOf(evidence)
		pairs = append(pairs, pair)
	}
	return pairs, rows.Err()
}

// mostAlike pairs are told of; a customer whose accounts resemble more is a crowd.
const mostAlike = 20

// partsOf reads the evidence of identity.similar: "surname: equal +5.39; place: city +4.70".
func partsOf(evidence string) []Bits {
	var parts []Bits
	for _, part := range strings.Split(evidence, "; ") {
		if at := strings.LastIndex(part, " "); at > 0 {
			bits, _ := strconv.ParseFloat(part[at+1:], 64) // the step wrote it
			parts = append(parts, Bits{part[:at], bits})
		}
	}
	return parts
}

// ModelLevel is a row of identity.model.
type ModelLevel struct {
	Field     string  `json:"field"`
	Level     string  `json:"level"`
	M         float64 `json:"m"`
	U         float64 `json:"u"`
	Weight    float64 `json:"weight"`
	Frequency bool    `json:"by_frequency"`
}

// Model reads what the model of the environment's tables learnt.
func Model(ctx context.Context, session *warehouse.Session) (levels []ModelLevel, err error) {
	rows, err := session.Query(ctx, "select field, level, m, u, weight, by_frequency from identity.model order by field, level_no")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	levels = []ModelLevel{}
	for rows.Next() {
		var level ModelLevel
		if err := rows.Scan(&level.Field, &level.Level, &level.M, &level.U, &level.Weight, &level.Frequency); err != nil {
			return nil, err
		}
		levels = append(levels, level)
	}
	return levels, rows.Err()
}
