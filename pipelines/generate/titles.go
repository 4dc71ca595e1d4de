package generate

import (
	"strconv"
	"strings"
)

// titleType is one of the seven ways to put a title, with what it does to readership and sharing.
type titleType struct {
	name         string
	reach, share float64
	templates    []string
}

func titleTypes() []titleType {
	return []titleType{
		{"promise", 1.05, 1.0, []string{"喝完这杯睡个好觉", "一周喝懂{p}", "让爸妈夸你的{s}年货", "{n}天养出好气色", "一杯{p}，暖到{s}末"}},
		{"question", 1.25, 1.1, []string{"{p}到底该怎么泡？", "你喝的{p}是真的吗？", "{s}喝什么茶最舒服？", "{p}能放多久？", "办公室只留{n}种零食，你选谁？"}},
		{"news", .85, .8, []string{"{s}新茶到了", "{p}开售", "禾里第{n}家店开门", "{s}上新清单来了", "{p}拿了金奖"}},
		{"why_how", 1.1, 1.15, []string{"为什么老茶客都存{p}", "怎样挑一盒不踩雷的{p}", "{p}为什么越放越香", "如何用{n}步泡好{p}", "为什么{s}别喝凉茶"}},
		{"fast_result", 1.4, 1.3, []string{"{n}分钟做好冷泡茶", "{n}秒开一颗夏威夷果", "三步搞定{s}下午茶", "{n}分钟学会看茶底", "懒人{p}：一冲就好"}},
		{"expert", .95, .95, []string{"制茶师傅的{n}句真心话", "营养师怎么看{p}", "评茶员教你闻{p}", "老师傅炒了{n}年茶", "茶学教授谈{p}"}},
		{"life_tip", 1.15, 1.45, []string{"茶渣别扔，有{n}个用处", "{p}的{n}种吃法", "{s}囤货看这篇", "冰箱里的{p}这样存", "周末野餐带{p}"}},
	}
}

func titleSeason(month int) string {
	return []string{"冬天", "早春", "春天", "春天", "初夏", "夏天", "盛夏", "夏天", "秋天", "秋天", "深秋", "冬天"}[month-1]
}

// fillTitle puts a product, a number and the season into a template.
func fillTitle(template string, d *dice, month int) string {
	things := strings.Split("龙井 桂花乌龙 老白茶 茉莉花茶 坚果 桃酥 鲜花饼 凤梨酥 芝麻糊 藕粉 燕麦 小米 山茶油 陈皮", " ")
	return strings.NewReplacer(
		"{p}", pick(d, things), "{n}", strconv.Itoa(d.between(3, 30)), "{s}", titleSeason(month),
	).Replace(template)
}
