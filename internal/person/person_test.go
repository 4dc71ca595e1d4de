package person_test

import (
	"math"
	"testing"

	"countinghouse/internal/person"

	"pgregory.net/rapid"
)

func TestNames(t *testing.T) {
	cases := []struct {
		cells                      map[person.Role]string
		given, surname, generation string
	}{
		{map[person.Role]string{person.Given: " Mr. Bob ", person.Surname: "O'Hare Jr"}, "bob", "ohare", "jr"},
		{map[person.Role]string{person.FullName: "Smith, José"}, "jose", "smith", ""},
		{map[person.Role]string{person.FullName: "Dr Anna Maria Aguilar"}, "anna maria", "aguilar", ""},
		{map[person.Role]string{person.FullName: "王杰先生"}, "杰|jie", "王|wang", ""},
		{map[person.Role]string{person.FullName: "欧阳娜娜"}, "娜娜|nana", "欧阳|ouyang", ""},
		{map[person.Role]string{person.FullName: "欧**"}, "**", "欧*|ou", ""},
		{map[person.Role]string{person.FullName: "张**"}, "**", "张|zhang", ""},
		{map[person.Role]string{person.FullName: "曾伟"}, "伟|wei", "曾|zeng", ""},
		{map[person.Role]string{person.Given: "Ａｎｎａ", person.Surname: "Klein II"}, "anna", "klein", "ii"},
		{map[person.Role]string{}, "", "", ""},
	}
	for _, c := range cases {
		p := person.Normalise(c.cells, nil)
		if p.Given != c.given || p.Surname != c.surname || p.Generation != c.generation {
			t.Errorf("%v: %q %q %q, want %q %q %q", c.cells, p.Given, p.Surname, p.Generation, c.given, c.surname, c.generation)
		}
	}
}

// What says that nothing is known is no value: two such records have nothing in common. Names that look like it and are some people's stay.
func TestUnknownIsNoValue(t *testing.T) {
	for role, cells := range map[person.Role][]string{
		person.FullName: {"N/A", "None", "无", "匿名", "test", "测试1", "用户8812", "微信用户", "先生", "xxx", "AAAA"},
		person.Surname:  {"NULL", "unknown", "xxx", "不详"},
		person.Given:    {"none", "Test"},
		person.Email:    {"none@none.com", "test@shop.cn", "N/A@x.com", "noreply@a.com", "xxx@xxx.com"},
		person.Address:  {"无", "测试地址", "N/A"},
		person.City:     {"未知", "n/a"},
	} {
		for _, cell := range cells {
			p := person.Normalise(map[person.Role]string{role: cell}, nil)
			if p.Given+p.Surname+p.Email+p.Address+p.Place != "" {
				t.Errorf("%s %q: %+v, want nothing", role, cell, p)
			}
		}
	}
	for _, c := range []struct{ given, surname string }{{"Na", "Li"}, {"Anna", "Guest"}, {"Ann", "Nash"}, {"可可", "无忌"}} {
		if p := person.Normalise(map[person.Role]string{person.Given: c.given, person.Surname: c.surname}, nil); p.Given == "" || p.Surname == "" {
			t.Errorf("%v: %+v, want both names", c, p)
		}
	}
}

func TestDate(t *testing.T) {
	for cell, want := range map[string]string{
		"19781211": "1978-12-11", "12/11/1978": "1978-12-11", "20/8/1991": "1991-08-20", "8/20/91": "1991-08-20", "Mar 1 1970": "1970-03-01",
		"24-May-11": "2011-05-24", "1978年12月3日": "1978-12-03", "1978-12-11 00:00:00": "1978-12-11", "1990": "1990-00-00", "2026-02": "2026-02-00",
		"": "", "soon": "", "99/99/1999": "", "１９９０－１－２": "1990-01-02",
	} {
		if got := person.Date(cell); got != want {
			t.Errorf("%q: %q, want %q", cell, got, want)
		}
	}
}

func TestPhonesAndOthers(t *testing.T) {
	for cell, want := range map[string]string{
		"702-919-1300": "7029191300", "+86 138 0013 8001": "13800138001", "0086-13800138001": "13800138001", "1-202-919-1300": "2029191300",
		"702-919-1300 x12": "7029191300", "1******6198": "1******6198", "０２１５５５５１２３４": "02155551234", "12": "", "000000": "", "11111111111": "", "13800138000": "", "123456789": "", "***********": "", "11111111112": "1111111112",
	} {
		if got := person.Normalise(map[person.Role]string{person.Phone: cell}, nil).Phone; got != want {
			t.Errorf("%q: %q, want %q", cell, got, want)
		}
	}
	p := person.Normalise(map[person.Role]string{
		person.Email: `"Jay Jones" <JJones@Mail.com>`, person.Gender: "Female", person.SocialID: "294-66-9999",
		person.Address: "1515 Adela Street", person.City: "Las Vegas", person.State: "NV", person.Postcode: "891110000",
	}, nil)
	if p.Email != "jjones@mail.com" || p.Gender != "f" || p.IDs[person.SocialID] != "294669999" || p.Address != "1515 adela st" || p.Place != "89111|las vegas|nv" {
		t.Errorf("%+v", p)
	}
}

// Places are what a reader of Chinese addresses finds in them, however a channel writes them.
func TestChineseAddresses(t *testing.T) {
	for _, c := range []struct {
		cells       map[person.Role]string
		line, place string
	}{
		{map[person.Role]string{person.Address: "浙江省 杭州市 西湖区 文三路1号(310012)"}, "文三路1号", "|杭州|浙江|西湖区"},
		{map[person.Role]string{person.Address: "浙江杭州市西湖区文三路1号"}, "文三路1号", "|杭州|浙江|西湖区"},
		{map[person.Role]string{person.Address: "上海徐汇区漕溪路2号"}, "漕溪路2号", "|上海|上海|徐汇区"},
		{map[person.Role]string{person.Address: "上海 上海市 徐汇区 漕溪路2号"}, "漕溪路2号", "|上海|上海|徐汇区"},
		{map[person.Role]string{person.State: "浙江省", person.City: "杭州市", person.District: "西湖区", person.Address: "文三路1号"}, "文三路1号", "|杭州|浙江|西湖区"},
		{map[person.Role]string{person.State: "浙江省", person.City: "杭州市"}, "", "|杭州|浙江"},
		{map[person.Role]string{person.State: "广西壮族自治区", person.City: "南宁市", person.Postcode: "530000"}, "", "530000|南宁|广西"},
		{map[person.Role]string{person.Address: "内蒙古自治区锡林郭勒盟正蓝旗上都镇"}, "上都镇", "|锡林郭勒盟|内蒙古|正蓝旗"},
		{map[person.Role]string{person.Address: "文三路1号"}, "文三路1号", ""},
	} {
		if p := person.Normalise(c.cells, nil); p.Address != c.line || p.Place != c.place {
			t.Errorf("%v: %q in %q, want %q in %q", c.cells, p.Address, p.Place, c.line, c.place)
		}
	}
}

// The similarities are those of Winkler's tables (1994).
func TestJaroWinkler(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want float64
	}{
		{"martha", "marhta", .961}, {"dwayne", "duane", .840}, {"dixon", "dicksonx", .813}, {"jones", "johnson", .832}, {"abc", "xyz", 0}, {"", "a", 0},
	} {
		if got := person.JaroWinkler(c.a, c.b); math.Abs(got-c.want) > .0006 {
			t.Errorf("%s %s: %.4f, want %.3f", c.a, c.b, got, c.want)
		}
	}
}

// plain is the definition of the distance, word for word, and slow.
func plain(a, b []rune) int {
	if len(a) == 0 || len(b) == 0 {
		return len(a) + len(b)
	}
	last := func(x []rune) rune { return x[len(x)-1] }
	cost := 1
	if last(a) == last(b) {
		cost = 0
	}
	least := min(plain(a[:len(a)-1], b)+1, plain(a, b[:len(b)-1])+1, plain(a[:len(a)-1], b[:len(b)-1])+cost)
	if len(a) > 1 && len(b) > 1 && last(a) == b[len(b)-2] && last(b) == a[len(a)-2] {
		least = min(least, plain(a[:len(a)-2], b[:len(b)-2])+1)
	}
	return least
}

func TestEditsAreTheDefinition(t *testing.T) {
	text := rapid.StringOfN(rapid.RuneFrom([]rune("ab张伟")), 0, 5, -1)
	rapid.Check(t, func(t *rapid.T) {
		a, b, most := text.Draw(t, "a"), text.Draw(t, "b"), rapid.IntRange(0, 6).Draw(t, "most")
		if want, got := min(plain([]rune(a), []rune(b)), most+1), person.Edits(a, b, most); got != want {
			t.Fatalf("%q %q up to %d: %d, want %d", a, b, most, got, want)
		}
	})
}

func TestLevels(t *testing.T) {
	given := person.NewNicknames().CompareGiven
	cases := []struct {
		what    string
		compare func(a, b string) int
		a, b    string
		want    int
	}{
		{"nickname", given, "bob", "robert", 1},
		{"pinyin", given, "杰|jie", "jie", 1},
		{"pinyin with a space", given, "秀英|xiuying", "xiu ying", 1},
		{"slip", given, "theodore", "theodroe", 2},
		{"initial", given, "b", "bob", 4},
		{"mask fits", given, "明*", "明伟|mingwei", 4},
		{"masked compound surname", person.CompareSurname, "欧*|ou", "欧阳|ouyang", 0},
		{"masked surname that may be a compound", person.CompareSurname, "欧*|ou", "欧|ou", 0},
		{"masked surname of another", person.CompareSurname, "欧*|ou", "司马|sima", 6},
		{"all hidden says nothing", given, "**", "伟|wei", -1},
		{"hidden alike says nothing", given, "**", "**", -1},
		{"masked alike is a mask that fits", given, "明*", "明*", 4},
		{"characters that differ by one of two are two people", person.CompareSurname, "张|zhang", "章伟|zhangwei", 6},
		{"same sound, other character", given, "伟|wei", "玮|wei", 1},
		{"double surname", person.CompareSurname, "sanchez mendoza", "sanchez", 3},
		{"other", given, "mark", "susan", 6},
		{"day and month", person.CompareDate, "1978-12-11", "1978-11-12", 1},
		{"one digit", person.CompareDate, "1978-12-11", "1979-12-11", 2},
		{"day missing", person.CompareDate, "1978-12-00", "1978-12-11", 2},
		{"same day, other year", person.CompareDate, "1978-12-11", "1993-12-11", 3},
		{"other day", person.CompareDate, "1978-12-11", "1950-01-30", 5},
		{"masked phone, four digits seen", person.ComparePhone, "1******6198", "13812346198", 3},
		{"masked phone, seven digits seen", person.ComparePhone, "138****6198", "13812346198", 2},
		{"two masks, of which both show the last four", person.ComparePhone, "138****6198", "1******6198", 3},
		{"masked phone, two digits seen", person.ComparePhone, "1********98", "13812346198", 4},
		{"masked phone of another", person.ComparePhone, "1******6198", "13812346199", 6},
		{"masked phone of another length", person.ComparePhone, "1******6198", "02112346198", 6},
		{"area code missing", person.ComparePhone, "3213212", "2023213212", 1},
		{"mail at two providers, with figures", person.CompareEmail, "jay77@a.com", "jay77@b.org", 1},
		{"mail at two providers, a name alone", person.CompareEmail, "jay@a.com", "jay@b.org", -1},
		{"transposed id", person.CompareID, "5613395", "5613935", 1},
		{"other id", person.CompareID, "2534242", "5860195", 2},
		{"street and number", person.CompareAddress, "1515 adela ln", "1515 adela lane", 0 + 1},
		{"city and postcode", person.ComparePlace, "89111|las vegas|nv", "89132|las vegas|nv", 2},
		{"district and city, postcode or not", person.ComparePlace, "|杭州|浙江|西湖区", "|杭州|浙江|西湖区", 0},
		{"a British postcode of the same town", person.ComparePlace, "tq138df||", "tq138hu||", 3},
		{"one of another town", person.ComparePlace, "tq138df||", "ex68df||", 5},
		{"other district", person.ComparePlace, "|杭州|浙江|西湖区", "|杭州|浙江|上城区", 2},
		{"address in characters, with the city", person.CompareAddress, "浙江杭州市西湖区文三路1号", "西湖区文三路1号", 1},
	}
	for _, c := range cases {
		if got, back := c.compare(c.a, c.b), c.compare(c.b, c.a); got != c.want || back != c.want {
			t.Errorf("%s: %d, and %d the other way, want %d", c.what, got, back, c.want)
		}
	}
}

// The codes are those of the American Soundex without padding.
func TestSound(t *testing.T) {
	for name, want := range map[string]string{"robert": "r163", "rupert": "r163", "ashcraft": "a261", "王|wang": "w52", "": ""} {
		if got := person.Sound(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
