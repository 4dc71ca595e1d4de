package person_test

import (
	"testing"

	"countinghouse/internal/person"
)

func TestWhatAnAddressHoldsBesideTheName(t *testing.T) {
	john := map[person.Role]string{person.Given: "John Paul", person.Surname: "O'Smith"}
	for address, want := range map[string]struct {
		rest string
		ok   bool
	}{
		"john.osmith82@mail.com": {"82@mail.com", true}, "josmith@mail.com": {"@mail.com", true}, "osmith.jp.77@mail.com": {"77@mail.com", true}, "j_osmith1990@mail.com": {"1990@mail.com", true},
		"sunny88@mail.com": {"", false}, "jo@mail.com": {"", false}, "nothing": {"", false}, "john@mail.com": {"@mail.com", true},
	} {
		cells := map[person.Role]string{person.Email: address, person.Given: john[person.Given], person.Surname: john[person.Surname]}
		if rest, ok := person.EmailRest(person.Normalise(cells, nil)); rest != want.rest || ok != want.ok {
			t.Errorf("%s: %q %v, want %q %v", address, rest, ok, want.rest, want.ok)
		}
	}
	wang := person.Normalise(map[person.Role]string{person.FullName: "王小明", person.Email: "WangXiaoming88@mail.com"}, nil)
	if rest, ok := person.EmailRest(wang); rest != "88@mail.com" || !ok {
		t.Errorf("pinyin: %q %v", rest, ok)
	}
	masked := person.Normalise(map[person.Role]string{person.FullName: "王**", person.Email: "xiaoming88@mail.com"}, nil)
	if rest, ok := person.EmailRest(masked); ok {
		t.Errorf("a mask is in no address: %q", rest)
	}
}

func TestLevelsOfEmails(t *testing.T) {
	for _, c := range []struct {
		what    string
		compare func(a, b string) int
		a, b    string
		want    int
	}{
		{"other figures behind one word", person.CompareEmail, "sunny88@mail.com", "sunny34@mail.com", 3},
		{"the next number behind one word", person.CompareEmail, "sunny88@mail.com", "sunny89@mail.com", 3},
		{"a figure left out", person.CompareEmail, "sunny88@mail.com", "sunny8@mail.com", -1},
		{"a slip in many figures", person.CompareEmail, "hl00012345@mail.com", "hl00012354@mail.com", 2},
		{"many figures, of which two differ", person.CompareEmail, "hl00012345@mail.com", "hl00012399@mail.com", 3},
		{"a slip in a word", person.CompareEmail, "sunnyday@mail.com", "sunyday@mail.com", 2},
		{"nothing but names", person.CompareEmailRests, "@a.com", "@b.org", -1},
		{"nothing but names in one place", person.CompareEmailRests, "@a.com", "@a.com", -1},
		{"the same two figures elsewhere", person.CompareEmailRests, "82@a.com", "82@b.org", -1},
		{"the same two figures, and a slip in the place", person.CompareEmailRests, "82@powers.com", "82@power.com", 2},
		{"the same year elsewhere", person.CompareEmailRests, "1982@a.com", "1982@b.org", 1},
		{"another year", person.CompareEmailRests, "1982@a.com", "1975@a.com", 3},
		{"the next number", person.CompareEmailRests, "82@a.com", "83@a.com", 3},
		{"figures at one only", person.CompareEmailRests, "82@a.com", "@a.com", 3},
	} {
		if got, back := c.compare(c.a, c.b), c.compare(c.b, c.a); got != c.want || back != c.want {
			t.Errorf("%s: %d, and %d the other way, want %d", c.what, got, back, c.want)
		}
	}
}
