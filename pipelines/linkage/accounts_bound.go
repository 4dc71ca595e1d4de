package linkage

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"countinghouse/internal/linkage"
)

// bound tells in SQL which pairs of records cannot be rivals of any other, by the hashes that are kept of them: l is a record of linkage_again.touched, r one of
// linkage_again.near. Of a field that is not equal it takes the best level that is still possible.
type bound struct {
	fields []linkage.Field
	start  float64
	bits   [][]float64
	values []int
}

func (g *again) bound() bound {
	b := bound{fields: newTable(nil, accountRoles()).Fields, values: g.keyer.values}
	b.start, b.bits = g.learnt.model.Bounds()
	return b
}

// roundingOf is more than what the rounding of figures in SQL comes to.
const roundingOf = .001

// promisingSQL: the pair may be above what is faint, or stand against a phone or an e-mail address, or a name may be the other's other name.
func (b *bound) promisingSQL(phoneKey string) string {
	parts := []string{figureSQL(b.start)}
	for place, field := range b.fields {
		parts = append(parts, b.fieldSQL(place, field.Name, phoneKey))
	}
	email, phone := valueColumn(b.place("email")), valueColumn(b.place("phone"))
	return fmt.Sprintf("l.%[1]s = r.%[1]s or l.%[2]s = r.%[2]s or %[3]s or %[4]s > %[5]s",
		email, phone, b.exchangedSQL(), strings.Join(parts, "\n        + "), figureSQL(linkage.Faint-roundingOf))
}

func figureSQL(figure float64) string { return fmt.Sprintf("(%.6f)", figure) }

func (b *bound) place(name string) int {
	return slices.IndexFunc(b.fields, func(field linkage.Field) bool { return field.Name == name })
}

// best is the most that a level from one on adds; what says nothing adds nothing.
func (b *bound) best(field, from int) string {
	return figureSQL(max(0, slices.Max(b.bits[field][from:])))
}

// level is what a level adds, by its name.
func (b *bound) level(field int, name string) string {
	level := slices.IndexFunc(b.fields[field].Levels, func(level linkage.Level) bool { return level.Name == name })
	return figureSQL(b.bits[field][level])
}

func (b *bound) fieldSQL(field int, name, phoneKey string) string {
	switch {
	case name == "channel":
		return fmt.Sprintf("case when l.channel = r.channel then %s else %s end", b.level(field, "the same"), b.level(field, "another"))
	case !slices.Contains(b.values, field):
		return b.best(field, 0)
	}
	equal, other := fmt.Sprintf("greatest(l.w%d, %s)", field, b.best(field, 1)), b.best(field, 0)
	differs := func() string { return b.level(field, "different") }
	switch name {
	case "given name":
		masked := fmt.Sprintf("greatest(0, %s)", b.level(field, "initial or mask fits"))
		other = b.nameSQL("given", masked, b.best(field, 1), differs())
	case "surname":
		masked := fmt.Sprintf("greatest(0, %s, %s)", b.level(field, "equal"), b.level(field, "initial or mask fits"))
		other = b.nameSQL("surname", masked, b.best(field, 1), differs())
	case "birthday":
		far := fmt.Sprintf("greatest(%s, %s)", b.level(field, "within a year"), differs())
		other = fmt.Sprintf("case when l.birth_year <> r.birth_year and l.birth_day <> r.birth_day then %s else %s end", far, b.best(field, 1))
	case "phone":
		const begin, end = "l.phone_begin <> r.phone_begin", "l.phone_end <> r.phone_end"
		whole := fmt.Sprintf("case when %s and %s then %s else greatest(%s, %s) end", begin, end, differs(), b.level(field, "last seven equal"), b.level(field, "one slip"))
		other = fmt.Sprintf("case when l.%[1]s is not null and r.%[1]s is not null then %[2]s when %[3]s or %[4]s then %[5]s else %[6]s end",
			phoneKey, whole, begin, end, differs(), b.best(field, 1))
	case "email":
		other = fmt.Sprintf("case when l.email_figures = r.email_figures then %s else %s end", b.best(field, 1), b.best(field, 2))
	case "address":
		const whole, begin = "l.address_joined <> r.address_joined", "l.address_begin <> r.address_begin"
		far := fmt.Sprintf("greatest(%s, %s)", b.level(field, "some words"), differs())
		other = fmt.Sprintf("case when %[1]s and l.address_end <> r.address_end then %[2]s when %[1]s then greatest(%[2]s, %[3]s) when %[4]s then %[5]s else %[6]s end",
			begin, far, b.level(field, "most words and number"), whole, b.best(field, 1), b.best(field, 0))
	case "place":
		elsewhere := fmt.Sprintf("greatest(0, %s, %s, %s)", b.level(field, "postcode"), b.level(field, "nearly"), b.level(field, "state"))
		other = fmt.Sprintf("case when l.city = r.city then case when l.postcode = r.postcode or l.district = r.district then %s else greatest(0, %s) end else %s end",
			b.best(field, 0), b.level(field, "city"), elsewhere)
	}
	return fmt.Sprintf("case when l.%[1]s is null or r.%[1]s is null then 0 when l.%[1]s = r.%[1]s then %[2]s else %[3]s end", valueColumn(field), equal, other)
}

// nameSQL: names in characters that are read otherwise are different; of names in letters slips are possible.
func (b *bound) nameSQL(name, masked, near, differs string) string {
	return fmt.Sprintf(`case when l.%[1]s_read is null or r.%[1]s_read is null then %[2]s
            when l.%[1]s_read = r.%[1]s_read or l.%[1]s_letters is not null and r.%[1]s_letters is not null then %[3]s else %[4]s end`, name, masked, near, differs)
}

// exchangedSQL: both names may be in each other's place, or the one name of a record be the other name of the other record.
func (b *bound) exchangedSQL() string {
	given, surname := valueColumn(b.place("given name")), valueColumn(b.place("surname"))
	near := func(one, other string) string {
		return fmt.Sprintf(`(%[1]s.%[3]s is not null and %[2]s.%[4]s is not null and (%[1]s.given_read = %[2]s.surname_read
            or %[1]s.given_letters is not null and %[2]s.surname_letters is not null or %[1]s.given_read is null and %[2]s.surname_read is null))`, one, other, given, surname)
	}
	one, other := near("l", "r"), near("r", "l")
	return fmt.Sprintf("(l.%[1]s <> r.%[1]s and l.%[2]s <> r.%[2]s and %[3]s and %[4]s\n        or (l.%[2]s is null or r.%[1]s is null) and %[3]s or (r.%[2]s is null or l.%[1]s is null) and %[4]s)",
		given, surname, one, other)
}

// chooseMates makes linkage_again.mates: the moved accounts, and those that share an open block with one and may be more than faintly like it.
func (g *again) chooseMates(ctx context.Context) error {
	b := g.bound()
	columns, joins := []string{"touched.*"}, ""
	for _, field := range b.values {
		columns = append(columns, fmt.Sprintf("log2(%.12f / coalesce(f%[2]d.frequency, %.12[3]g::double)) as w%[2]d", g.learnt.model.M[field][0], field, g.learnt.rare[field]))
		joins += fmt.Sprintf("\nleft join (select hash, frequency from {%s} where place = '%[2]s') as f%[3]d on touched.%[2]s = f%[3]d.hash", commonTable, valueColumn(field), field)
	}
	var shares, pairs []string
	phoneKey := ""
	for _, rule := range g.keyer.rules {
		column := blockColumn(rule.bit)
		if accountRules()[rule.bit].name == "phone" {
			phoneKey = column
		}
		limit := g.learnt.limits[rule.bit]
		if limit.Now < 2 {
			continue
		}
		columns = append(columns, fmt.Sprintf("o%[1]d.hash as o%[1]d", rule.bit))
		joins += fmt.Sprintf("\nleft join (select hash from linkage_again.sizes where place = '%[1]s' and now between 2 and %[2]d and earlier <= %[3]d) as o%[4]d on touched.%[1]s = o%[4]d.hash",
			column, limit.Now, limit.Earlier, rule.bit)
		shares = append(shares, fmt.Sprintf("%s in (select o%d from linkage_again.opened)", column, rule.bit))
		pairs = append(pairs, fmt.Sprintf("select r.channel, r.account_id from linkage_again.opened as l inner join linkage_again.near as r on l.o%d = r.%s where {promising}", rule.bit, column))
	}
	mates := append([]string{"select channel, account_id from linkage_again.moved"}, pairs...)
	return g.exec(ctx, "create table linkage_again.opened as select "+strings.Join(columns, ", ")+"\nfrom linkage_again.touched"+joins,
		"create table linkage_again.near as from linkage_again.now where "+strings.Join(append(shares, "false"), "\nor "),
		"create table linkage_again.mates as select distinct channel, account_id from (\n"+strings.ReplaceAll(strings.Join(mates, "\nunion all\n"), "{promising}", b.promisingSQL(phoneKey))+"\n)")
}
