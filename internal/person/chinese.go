package person

import (
	"slices"
	"strings"
)

// chineseAddress parts an address in characters into province, city, district and the rest: 浙江省杭州市西湖区文三路1号, with or without spaces and
// 省; 上海徐汇区漕溪路2号. Parts that it does not find are empty, and what it cannot read stays in the rest.
func chineseAddress(text string) (province, city, district, rest string) {
	rest = strings.ReplaceAll(text, " ", "")
	for _, name := range provinces() {
		if after, found := strings.CutPrefix(rest, name); found {
			province, rest = name, trimAnyPrefix(after, provinceEnds())
			break
		}
	}
	if slices.Contains(municipalities(), province) {
		rest = strings.TrimPrefix(strings.TrimPrefix(rest, province), "市")
		city = province
	} else {
		city, rest = cutAfter(rest, "市", "自治州", "地区", "盟")
		city = trimAnySuffix(city, provinceEnds())
	}
	if city != "" {
		district, rest = cutAfter(rest, "区", "县", "旗", "市")
	}
	return province, city, district, rest
}

// cutAfter takes the part that ends with one of the words, if one comes within the length that names of places have.
func cutAfter(text string, ends ...string) (part, rest string) {
	const longest = 12
	at := -1
	for _, end := range ends {
		if i := strings.Index(text, end); i > 0 && len([]rune(text[:i])) < longest && (at < 0 || i+len(end) < at) {
			at = i + len(end)
		}
	}
	if at < 0 {
		return "", text
	}
	return text[:at], text[at:]
}

func trimAnyPrefix(text string, words []string) string {
	for _, word := range words {
		if after, found := strings.CutPrefix(text, word); found {
			return after
		}
	}
	return text
}

func trimAnySuffix(text string, words []string) string {
	for _, word := range words {
		if before, found := strings.CutSuffix(text, word); found && before != "" {
			return before
		}
	}
	return text
}

// provinceEnds are what a province or a city may be called after its name, the longest first.
func provinceEnds() []string {
	return strings.Fields("维吾尔自治区 壮族自治区 回族自治区 特别行政区 自治区 自治州 省 市")
}

func municipalities() []string { return strings.Fields("北京 上海 天津 重庆") }

func provinces() []string {
	return strings.Fields("北京 上海 天津 重庆 河北 山西 内蒙古 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 广西 海南 四川 贵州 云南 西藏 陕西 甘肃 青海 宁夏 新疆 台湾 香港 澳门")
}
