package identity

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
)

// Withdraw takes the decision on two accounts out of the text of a file of overrides, and leaves the rest as it is. A pair without a decision is
// an error.
func Withdraw(text []byte, one, other Account) ([]byte, error) {
	pair := Override{Channel: one.Channel, AccountID: one.ID, OtherChannel: other.Channel, OtherAccountID: other.ID}
	body := bytes.TrimPrefix(text, []byte("\ufeff"))
	kept := bytes.Clone(text[:len(text)-len(body)])
	reader := csv.NewReader(bytes.NewReader(body))
	withdrawn := false
	for begin := int64(0); ; begin = reader.InputOffset() {
		line, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("identity_overrides.csv: %w", err)
		}
		if len(line) > 4 && pair.samePair(line) {
			withdrawn = true
			continue
		}
		kept = append(kept, body[begin:reader.InputOffset()]...)
	}
	if !withdrawn {
		return nil, fmt.Errorf("identity_overrides.csv has no line on %s and %s", one, other)
	}
	return kept, nil
}
