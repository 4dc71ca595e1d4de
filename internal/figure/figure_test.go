package figure_test

import (
	"testing"

	"countinghouse/internal/figure"
)

func TestThousands(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "0": "0", "-5": "-5", "999": "999", "1000": "1,000", "-999": "-999", "-1000": "-1,000", "+1000": "+1,000", "100000": "100,000", "1234567": "1,234,567",
		"1234.5678": "1,234.5678", "-1234567.50": "-1,234,567.50", "9223372036854775807": "9,223,372,036,854,775,807",
	} {
		if got := figure.Thousands(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
