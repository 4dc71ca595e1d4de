package identity

import (
	"strings"
	"testing"
)

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
		{"phone", "17012340001-1234", "+8617012340001;ext=1234", Used},
		{"phone", "17012340001转1234", "+8617012340001;ext=1234", Used},
		{"phone", "86-17012340001 ext. 12", "+8617012340001;ext=12", Used},
		{"phone", "021-62345678-801", "+862162345678;ext=801", Used},
		{"email", "L.Wei+shop@GoogleMail.com", "lwei@gmail.com", Used},
		{"email", "l.wei+shop@outlook.com", "l.wei@outlook.com", Used},
		{"email", "l.wei+shop@qq.com", "l.wei+shop@qq.com", Used},
		{"email", "+shop@gmail.com", "+shop@gmail.com", Junk},
		{"email", "a@b@example.com", "a@b@example.com", Junk},
		{"union_id", strings.Repeat("x", 10_000), strings.Repeat("x", 320), Junk},
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

func TestNumbersThatAreLent(t *testing.T) {
	for value, want := range map[string]bool{"17012340001-1234": true, "17012340001": false, "021-62345678 ext. 801": false} {
		normal, _ := Normalise("phone", value, "CN")
		if isLent(normal) != want {
			t.Errorf("isLent(%q) = %v", normal, !want)
		}
	}
}
