package generate

import "strconv"

// fen is money in hundredths of a yuan: every amount is exact.
type fen int64

// String spells the amount in yuan with two decimals.
func (f fen) String() string {
	sign := ""
	if f < 0 {
		sign, f = "-", -f
	}
	cents := strconv.Itoa(int(f % 100))
	if len(cents) == 1 {
		cents = "0" + cents
	}
	return sign + strconv.FormatInt(int64(f/100), 10) + "." + cents
}

// MarshalText writes money as text, so that no reader turns it into a binary fraction.
func (f fen) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// yuan is the whole yuan of a non-negative amount.
func (f fen) yuan() int64 { return int64(f) / 100 }

// share splits an amount over weights so that the parts add up to it exactly: the last part takes what rounding left.
func share(amount fen, weights []fen) []fen {
	parts := make([]fen, len(weights))
	var total, left fen = 0, amount
	for _, w := range weights {
		total += w
	}
	for i, w := range weights {
		if i == len(weights)-1 || total == 0 {
			parts[i] = left
			break
		}
		parts[i] = amount * w / total
		left -= parts[i]
	}
	return parts
}
