package identity

import "testing"

func TestNormalise(t *testing.T) {
	cases := []struct {
		kind, value, want string
		status            Status
	}{
		{"phone", "13912340001", "+8613912340001", Used},
		{"phone", "+86 139-1234-0001", "+8613912340001", Used},
		{"phone", "0086 13912340001", "+8613912340001", Used},
		{"phone", "86-13912340001", "+8613912340001", Used},
		{"phone", "１３９１２３４０００１", "+8613912340001", Used},
		{"phone", "+44 20 7946 0018", "+442079460018", Used},
		{"phone", "13333333333", "13333333333", Junk},
		{"phone", "12345", "12345", Junk},
		{"phone", "000000", "000000", Junk},
		{"phone", "139****0001", "139****0001", Masked},
		{"phone", "##aBc/De", "##aBc/De", Masked},
		{"phone", "$$x", "$$x", Masked},
		{"email", " Li.Wei@Example.COM ", "li.wei@example.com", Used},
		{"email", "ｌｉ＠example.com", "li@example.com", Used},
		{"email", "nobody", "nobody", Junk},
		{"email", "a b@example.com", "a b@example.com", Junk},
		{"member_no", "M0001", "M0001", Used},
		{"member_no", "0000", "0000", Junk},
		{"union_id", "--", "--", Junk},
	}
	for _, c := range cases {
		if got, status := Normalise(c.kind, c.value, "CN"); got != c.want || status != c.status {
			t.Errorf("Normalise(%s, %q) = %q, %v; want %q, %v", c.kind, c.value, got, status, c.want, c.status)
		}
	}
}
