package person

import "strings"

// known gives the cells without those that say in words that nothing is known: N/A, 无, 匿名. Two people who both say so have nothing in common.
func known(cells map[Role]string) map[Role]string {
	kept := cells
	for role, cell := range cells {
		if !isUnknown(role, cell) {
			continue
		}
		if len(kept) == len(cells) {
			kept = make(map[Role]string, len(cells))
			for role, cell := range cells {
				kept[role] = cell
			}
		}
		delete(kept, role)
	}
	return kept
}

func isUnknown(role Role, cell string) bool {
	cell = strings.ToLower(strings.TrimSpace(cell))
	switch role {
	case FullName:
		return saysNothing(cell) || nobodysName(strings.TrimRight(cell, "0123456789 ")) || oneLetter(cell)
	case Given, Surname, Middle:
		// Na is a given name, and Guest a surname.
		return cell != "na" && saysNothing(cell) || cell == "test" || cell == "测试" || oneLetter(cell)
	case Email:
		name, _, _ := strings.Cut(cell, "@")
		return saysNothing(name) || nobodysName(name) || nobodysAddress(name)
	case Address:
		return saysNothing(cell) || cell == "test" || strings.HasPrefix(cell, "测试") || oneLetter(cell)
	}
	return saysNothing(cell)
}

func saysNothing(text string) bool {
	switch text {
	case "n/a", "n.a.", "na", "none", "null", "nil", "nan", "unknown", "not known", "not available", "not applicable", "not provided", "no data", "undefined", "(none)", "(null)",
		"无", "没有", "暂无", "无数据", "不详", "未知", "未填", "未填写", "未提供", "保密", "匿名", "空", "缺失":
		return true
	}
	return false
}

// nobodysName are names that shops and platforms give to whoever has told none, and those of tests.
func nobodysName(text string) bool {
	switch text {
	case "test", "tester", "testing", "test user", "test account", "test test", "user", "guest", "customer", "anonymous", "anonymous user", "admin", "demo", "dummy", "first last", "no name", "noname",
		"测试", "测试账号", "测试用户", "测试员", "姓名", "用户", "新用户", "匿名用户", "匿名买家", "会员", "新会员", "顾客", "客户", "散客", "游客", "访客", "管理员",
		"微信用户", "淘宝用户", "京东用户", "抖音用户", "小红书用户", "先生", "女士", "小姐", "先生/女士":
		return true
	}
	return false
}

// nobodysAddress are the names before the @ of those who have no address, or give none.
func nobodysAddress(name string) bool {
	switch name {
	case "no", "noemail", "no-email", "no.email", "nomail", "noreply", "no-reply", "donotreply", "nobody", "notprovided", "fake", "invalid", "example":
		return true
	}
	return oneLetter(name)
}

// oneLetter tells of what is typed to fill a cell: xxx, aaaa.
func oneLetter(text string) bool {
	return len(text) >= 3 && text[0] >= 'a' && text[0] <= 'z' && strings.Trim(text, text[:1]) == ""
}
