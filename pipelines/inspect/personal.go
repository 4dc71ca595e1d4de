package inspect

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// personal says why a column is taken for personal data: by its name, or because a tenth of its values look like it. Empty: it is not.
func personal(header string, values []string) string {
	for _, known := range []struct{ pattern, what string }{
		{`手机|电话|(?i:phone|mobile|tel)`, "phone"},
		{`邮箱|邮件|(?i:e-?mail)`, "e-mail"},
		{`身份证|证件|(?i:id card|passport)`, "identity card"},
		{`地址|收货|街道|(?i:address|street|zip|postcode)`, "address"},
		{`生日|出生|(?i:birth)`, "birthday"},
		{`姓名|收件人|联系人|昵称|买家|用户名|会员名|旺旺|对方|(?i:(?:first|last|full|customer|buyer|billing|shipping|user|nick) ?_?name|^name$)`, "name"},
		{`(?i:open_?id|union_?id|member_?no|device_?id)|会员号|会员卡号`, "identifier of a person"},
	} {
		if regexp.MustCompile(known.pattern).MatchString(header) {
			return known.what
		}
	}
	return personalByValues(values)
}

func personalByValues(values []string) string {
	for _, known := range []struct{ pattern, what string }{
		{`^(?:\+?86[ -]?)?1[3-9][0-9*]{9}$`, "phone"},
		{`^[^@\s]+@[^@\s]+\.[A-Za-z]+$`, "e-mail"},
		{`^[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx]$`, "identity card"},
	} {
		expression := regexp.MustCompile(known.pattern)
		fit := len(slices.DeleteFunc(slices.Clone(values), func(value string) bool { return !expression.MatchString(value) }))
		if fit > 0 && fit*10 >= len(values) {
			return known.what
		}
	}
	return ""
}

// mask hides a personal value but for its shape: the first letter, and what is neither letter nor digit.
func mask(value, personal string) string {
	if personal == "" {
		return value
	}
	var text strings.Builder
	for i, r := range []rune(value) {
		if i > 0 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			r = '*'
		}
		text.WriteRune(r)
	}
	return text.String()
}

// madeUp gives a value of the same shape that is nobody's.
func madeUp(value string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return '1'
		case r >= 'A' && r <= 'Z':
			return 'X'
		case r >= 'a' && r <= 'z':
			return 'x'
		case unicode.IsLetter(r):
			return '某'
		}
		return r
	}, value)
}
