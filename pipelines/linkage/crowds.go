package linkage

import "slices"

// mostOfADay is the share of the records with a birthday that one day may have: of more it is what a form had in it, such as 1900-01-01 or 1990-01-01. The first
// of January of a year, where no more was known, comes to one in a hundred, and tells the year.
const mostOfADay = .02

// forgetCrowds takes from the records what is nobody's own: a phone, an e-mail address or a number that more records have than are one person's, and a birthday
// that far more have than are born on a day. It is as if it were not known: that two have it tells nothing, nor that one of them has another.
func (t *table) forgetCrowds() {
	var own []string
	for _, rule := range rules(nil)[:ownRules] {
		own = append(own, rule.held...)
	}
	for field := range t.Fields {
		if name := t.Fields[field].Name; name == "birthday" || slices.Contains(own, name) {
			records, known := recordsOf(t.Codes[field], len(t.Words[field]))
			most := float64(mostOfOne)
			if name == "birthday" {
				most = max(most, mostOfADay*float64(known))
			}
			for record, code := range t.Codes[field] {
				if code >= 0 && float64(records[code]) > most {
					t.Codes[field][record] = -1
				}
			}
		}
	}
}

// recordsOf counts the records that have each value, and any.
func recordsOf(codes []int32, values int) (records []int, known int) {
	records = make([]int, values)
	for _, code := range codes {
		if code >= 0 {
			records[code]++
			known++
		}
	}
	return records, known
}
