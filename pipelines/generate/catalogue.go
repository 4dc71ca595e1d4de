package generate

import "fmt"

// product is one article of the made-up brand, a tea and pantry house called 禾里.
type product struct {
	id, name, category string
	price, cost        fen
	// platform is the numeric id that marketplaces give it.
	platform string
}

type category struct {
	name  string
	goods []goods
}

type goods struct {
	name  string
	yuan  fen
	costs fen
}

func categories() []category {
	return []category{
		{"茶叶", []goods{
			{"明前龙井 50g", 128, 52},
			{"桂花乌龙 100g", 78, 27},
			{"老白茶饼 350g", 298, 120},
			{"茉莉花茶 100g", 59, 19},
			{"正山小种 125g", 98, 35},
			{"陈皮熟普 8饼", 168, 60},
			{"冷泡茶包 12枚", 49, 14},
			{"金骏眉礼盒", 598, 230},
		}},
		{"坚果", []goods{
			{"每日坚果 30包", 139, 72},
			{"碧根果 500g", 69, 36},
			{"夏威夷果 450g", 62, 31},
			{"原味腰果 400g", 58, 30},
			{"开口松子 250g", 88, 47},
			{"坚果年货礼盒", 268, 118},
		}},
		{"糕点", []goods{
			{"绿豆冰糕 12枚", 39, 15},
			{"桃酥礼盒", 88, 32},
			{"鲜花饼 10枚", 36, 14},
			{"凤梨酥 12枚", 49, 19},
			{"月饼礼盒 8枚", 228, 84},
			{"芝麻麻薯 300g", 29, 10},
		}},
		{"冲饮", []goods{
			{"黑芝麻糊 18包", 56, 21},
			{"桂圆红枣茶 12杯", 66, 25},
			{"燕麦片 1kg", 45, 19},
			{"藕粉 600g", 52, 21},
			{"蜂蜜柚子茶 1kg", 42, 16},
			{"胶原蛋白饮 10瓶", 318, 98},
		}},
		{"粮油", []goods{
			{"五常大米 5kg", 89, 52},
			{"有机小米 2.5kg", 58, 31},
			{"山茶油 1L", 158, 83},
			{"藜麦 1kg", 46, 22},
			{"杂粮礼盒 10袋", 128, 63},
			{"初榨橄榄油 750ml", 118, 60},
		}},
		{"茶器", []goods{
			{"便携茶具一壶三杯", 168, 66},
			{"玻璃公道杯", 39, 13},
			{"紫砂壶 200ml", 680, 240},
			{"保温杯 450ml", 99, 38},
			{"茶席套组", 1280, 470},
			{"手绘主人杯", 88, 30},
		}},
	}
}

func catalogue() []product {
	var all []product
	for c, cat := range categories() {
		for g, item := range cat.goods {
			n := c*100 + g + 1
			all = append(all, product{
				id: fmt.Sprintf("HL%04d", n), name: item.name, category: cat.name, price: item.yuan * 100, cost: item.costs * 100,
				platform: fmt.Sprintf("6%011d", 74_000_000_000+n*7919),
			})
		}
	}
	return all
}

// store is one point of sale of a dealer.
type store struct{ id, dealer, name, region, city string }

// storeCount grows with the brand and stops at 2,000.
func storeCount(members int) int { return min(2000, max(8, members/250)) }

func stores(count int) []store {
	places := places()
	all := make([]store, count)
	for i := range all {
		place := places[i%len(places)]
		all[i] = store{
			id: fmt.Sprintf("S%04d", i+1), dealer: fmt.Sprintf("D%03d", i/4+1), city: place.city, region: place.region,
			name: fmt.Sprintf("禾里%s%d店", place.city, i/len(places)+1),
		}
	}
	return all
}

type place struct{ province, city, district, region, postcode string }

func places() []place {
	return []place{
		{"浙江省", "杭州市", "西湖区", "华东", "310012"},
		{"上海市", "上海市", "徐汇区", "华东", "200030"},
		{"江苏省", "南京市", "鼓楼区", "华东", "210009"},
		{"江苏省", "苏州市", "姑苏区", "华东", "215008"},
		{"广东省", "广州市", "天河区", "华南", "510630"},
		{"广东省", "深圳市", "南山区", "华南", "518052"},
		{"福建省", "厦门市", "思明区", "华南", "361004"},
		{"北京市", "北京市", "海淀区", "华北", "100080"},
		{"天津市", "天津市", "和平区", "华北", "300041"},
		{"山东省", "青岛市", "市南区", "华北", "266071"},
		{"湖北省", "武汉市", "武昌区", "华中", "430060"},
		{"湖南省", "长沙市", "岳麓区", "华中", "410006"},
		{"四川省", "成都市", "锦江区", "西南", "610021"},
		{"重庆市", "重庆市", "渝中区", "西南", "400010"},
		{"陕西省", "西安市", "雁塔区", "西北", "710061"},
		{"辽宁省", "沈阳市", "沈河区", "东北", "110013"},
	}
}
