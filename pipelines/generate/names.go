package generate

import "strings"

func surnames() []string {
	return strings.Split("王 李 张 刘 陈 杨 黄 赵 吴 周 徐 孙 马 朱 胡 郭 何 高 林 罗 郑 梁 谢 宋 唐 许 韩 冯 邓 曹 彭 曾 萧 田 董 袁 潘 蒋 蔡 余 欧阳 司马", " ")
}

func givenCharacters() []string {
	return strings.Split("伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 秀 霞 平 刚 桂 玲 辉 健 雪 琳 晨 宇 浩 梓 涵 欣 怡 子 轩 诗 思 佳 嘉 俊 文 博 雨 婷 瑞 可 安 宁 一 诺 玥 瑶", " ")
}

func nickWords() []string {
	return strings.Split("爱喝茶的猫 山里的风 小鹿 南方有嘉木 一口桃酥 早睡早起 慢慢来 阿禾 春山 夏天的雨 橘子汽水 半盏 小满 晴天 老友记 青柠", " ")
}

func streets() []string {
	return strings.Split("文三路 人民路 解放大道 中山路 学府街 建设路 和平里 滨江大道 桂花巷 望湖路", " ")
}

func mobilePrefixes() []string {
	return strings.Split("131 132 135 136 137 139 150 151 152 157 158 159 176 177 178 180 182 185 186 187 188 189 198 199", " ")
}
