package linkage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"countinghouse/internal/person"
	"countinghouse/internal/warehouse"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// accountCells are the columns of dataset.accounts that are compared, with what each is and how it is read. A ciphertext is no value, nor
// is a name longer than anybody's; a number
// that a platform lends for one deal (a mobile number with an extension) is nobody's.
func accountCells() []struct {
	column, expression string
	role               person.Role
} {
	return []struct {
		column, expression string
		role               person.Role
	}{
		{"name", "case when length(name) <= 60 and not regexp_matches(name, '^(##|\\$\\$)') then name end", person.FullName},
		{"given_name", "given_name", person.Given},
		{"family_name", "family_name", person.Surname},
		{"phone", "case when not regexp_matches(phone, '^(##|\\$\\$)|1[0-9]{10} *(-|转|#|,|x|ext)') then phone end", person.Phone},
		{"email", "email", person.Email},
		{"birthday", "cast(birthday as varchar)", person.Birthday},
		{"gender", "gender", person.Gender},
		{"province", "province", person.State},
		{"city", "city", person.City},
		{"district", "district", person.District},
		{"address", "address", person.Address},
		{"postcode", "postcode", person.Postcode},
	}
}

func accountRoles() []person.Role {
	roles := []person.Role{person.Channel}
	for _, cell := range accountCells() {
		roles = append(roles, cell.role)
	}
	return roles
}

// cellColumns are the columns of accountCells.
func cellColumns() []string {
	var names []string
	for _, cell := range accountCells() {
		names = append(names, cell.column)
	}
	return names
}

const (
	// longestCell is how much of a text is compared; more is no name and no address.
	longestCell = 200
	// mostRecords of one account are compared: the newest. An account with five hundred phones is no person's.
	mostRecords = 8
	// apart stands between two values of which a person has one.
	apart = "\x1f"
)

// describedQuery gives the records of the accounts of a relation. What one row of an export lacks and another of the same account has is filled in, the
// newest first; rows that say the same are one. An account without a name must have two other things to go by. s0, s1… are what each account has of
// the kinds of which a person has one value, or two of its values.
func describedQuery(relation string, kinds []string) string {
	var cells, fills, known, once, singles []string
	for _, cell := range accountCells() {
		cells = append(cells, fmt.Sprintf("nullif(trim(cast(%s as varchar)[:%d]), '') as %s", cell.expression, longestCell, cell.column))
		fills = append(fills, fmt.Sprintf("coalesce(%[1]s, arg_max(%[1]s, (recency, %[1]s)) over (partition by channel, account_id)) as %[1]s", cell.column))
		if cell.column != "gender" && cell.column != "province" {
			known = append(known, "(case when "+cell.column+" is not null then 1 else 0 end)")
		}
	}
	for i, kind := range kinds {
		value := "nullif(cast(" + warehouse.QuoteName(kind) + " as varchar), '')"
		once = append(once, fmt.Sprintf("min(%[1]s) || case when max(%[1]s) > min(%[1]s) then chr(31) || max(%[1]s) else '' end as s%[2]d", value, i))
		singles = append(singles, fmt.Sprint("s", i))
	}
	list := strings.Join(cellColumns(), ", ")
	return `with given as (
    select channel, account_id, exported_at, source_file, source_row, ` + strings.Join(cells, ", ") + `
    from ` + relation + ` where channel is not null and account_id is not null
),
said as (
    select channel, account_id, ` + list + `, max((coalesce(exported_at, timestamp '1970-01-01'), source_file, source_row)) as recency
    from given group by channel, account_id, ` + list + `
),
alone as (select channel, account_id from said group by channel, account_id having count(*) = 1),
filled as (
    select channel, account_id, recency, ` + list + ` from said semi join alone using (channel, account_id)
    union all
    select channel, account_id, recency, ` + strings.Join(fills, ", ") + ` from said anti join alone using (channel, account_id)
),
records as (
    select channel, account_id, ` + list + `, max(recency) as recency from filled group by channel, account_id, ` + list + `
),
newest as (
    select channel, account_id, ` + list + ` from records
    where name is not null or family_name is not null or ` + strings.Join(known, " + ") + ` >= 2
    qualify row_number() over (partition by channel, account_id order by recency desc, ` + list + `) <= ` + fmt.Sprint(mostRecords) + `
),
once as (
    select ` + strings.Join(append([]string{"channel", "account_id"}, once...), ", ") + ` from ` + relation + `
    where channel is not null and account_id is not null group by channel, account_id
)
select ` + strings.Join(append([]string{"channel", "account_id", list}, singles...), ", ") + ` from newest left join once using (channel, account_id)`
}

// asAccounts sets what is otherwise among the accounts of a brand than in files of any kind: a phone there is a mobile, by which channels know
// their customers, and seldom one of a household; nor have its members one given name. Some channels know the city
// alone, others the district: that two say no more than the city is no more than that.
func (t *table) asAccounts() {
	for i := range t.Fields {
		switch t.Fields[i].Name {
		case "phone":
			t.Fields[i].Household = .005
		case "given name":
			t.Fields[i].Household = .002
		case "place":
			t.Fields[i].Partial = func(place string) bool { return strings.HasPrefix(place, "|") && strings.Count(place, "|") == 2 }
		}
	}
}

// readKinds reads of what one person has one value by identity_rules: two accounts that differ in one are two people.
func (a *accounts) readKinds(ctx context.Context) (err error) {
	columns, err := a.session.Columns(ctx, "dataset.accounts")
	if err != nil {
		return err
	}
	rows, err := a.session.Query(ctx, "select distinct kind from seed.identity_rules where scope = 'global' and values_per_customer = 1 order by kind")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var kind string
		if err := rows.Scan(&kind); err != nil {
			return err
		}
		if slices.ContainsFunc(columns, func(column warehouse.Column) bool { return column.Name == kind }) {
			a.kinds = append(a.kinds, kind)
		}
	}
	return rows.Err()
}

// singleColumns are those of describedQuery, under another letter.
func (a *accounts) singleColumns(letter string) []string {
	var names []string
	for i := range a.kinds {
		names = append(names, fmt.Sprint(letter, i))
	}
	return names
}

// readAll brings the accounts into the table and linkage.keys: those of now, and of when the month began.
func (a *accounts) readAll(ctx context.Context) error {
	if err := a.readKinds(ctx); err != nil {
		return err
	}
	query := "select *, true as is_now, false as is_earlier from (" + describedQuery("dataset.accounts", a.kinds) + ")"
	if a.config.Earlier != "" {
		query += "\nunion all\nselect *, false, true from (" + describedQuery("("+a.config.Earlier+"\n)", a.kinds) + ")"
	}
	var singles []string
	for i := range a.kinds {
		singles = append(singles, fmt.Sprintf("max(s%[1]d) filter (where is_now) as s%[1]d, max(s%[1]d) filter (where is_earlier) as e%[1]d", i))
	}
	key := append([]string{"channel", "account_id"}, cellColumns()...)
	list := append(append(slices.Clone(key), "bool_or(is_now) as is_now", "bool_or(is_earlier) as is_earlier"), singles...)
	_, err := a.session.Exec(ctx, "create table linkage.described as select "+strings.Join(list, ", ")+" from (\n"+query+"\n) group by "+strings.Join(key, ", "))
	if err != nil {
		return err
	}
	if err := a.standStill(ctx); err != nil {
		return err
	}
	return a.readDescribed(ctx)
}

const (
	// fewestToLearn are the accounts from which on a model is learnt from those of when the month began; a smaller brand learns from all, each day.
	fewestToLearn = 10_000
	// mostGrowth is how many more records, at most, there may be by now: of a brand that begins, the month before says little.
	mostGrowth = 1.25
)

// standStill decides whether what is learnt stands still for the month. If not, all is learnt from what there is now.
func (a *accounts) standStill(ctx context.Context) error {
	var records int64
	err := a.session.QueryRow(ctx, `select count(distinct (channel, account_id)) filter (where is_earlier), count(*) filter (where is_earlier), count(*) filter (where is_now)
from linkage.described`).Scan(&a.learnt.accounts, &a.learnt.records, &records)
	if err != nil {
		return err
	}
	if a.dated = a.learnt.accounts >= a.config.fewest() && a.learnt.enoughFor(records); a.dated {
		return nil
	}
	set := []string{"is_earlier = true"}
	for i := range a.kinds {
		set = append(set, fmt.Sprintf("e%[1]d = s%[1]d", i))
	}
	for _, statement := range []string{"delete from linkage.described where not is_now", "update linkage.described set " + strings.Join(set, ", ")} {
		if _, err := a.session.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return a.session.QueryRow(ctx, "select count(distinct (channel, account_id)), count(*) from linkage.described").Scan(&a.learnt.accounts, &a.learnt.records)
}

func (c Config) fewest() int64 {
	if c.Fewest > 0 {
		return int64(c.Fewest)
	}
	return fewestToLearn
}

// readSome brings the accounts of a query, as they are now, into the table and linkage.keys.
func (a *accounts) readSome(ctx context.Context, some string) error {
	if err := a.readKinds(ctx); err != nil {
		return err
	}
	a.restricted, a.dated = true, true
	relation := "(from dataset.accounts semi join (" + some + ") as wanted using (channel, account_id))"
	_, err := a.session.Exec(ctx, "create table linkage.described as select *, true as is_now, false as is_earlier from ("+describedQuery(relation, a.kinds)+")")
	if err != nil {
		return err
	}
	return a.readDescribed(ctx)
}

// readDescribed numbers the accounts of linkage.described, and reads their records.
func (a *accounts) readDescribed(ctx context.Context) error {
	a.table = newTable(nil, accountRoles())
	a.table.asAccounts()
	a.owned = a.table.fieldsNamed([]string{"phone", "email"})
	a.channel = a.table.fieldsNamed([]string{"channel"})[0]
	a.earlier.addKind()
	for range a.kinds {
		a.table.single.addKind()
		a.earlier.addKind()
	}
	names := "select channel, account_id from linkage.described"
	if a.beside != "" {
		names += " union all " + a.beside
	}
	_, err := a.session.Exec(ctx, "create table linkage.accounts as select row_number() over (order by channel, account_id) - 1 as account, channel, account_id from (select distinct channel, account_id from ("+names+"))")
	if err != nil {
		return err
	}
	columns := append(cellColumns(), a.singleColumns("s")...)
	if !a.restricted {
		columns = append(columns, a.singleColumns("e")...)
	}
	var list []string
	for _, column := range columns {
		list = append(list, "coalesce("+column+", '')")
	}
	query := "select cast(account as integer), is_now, is_earlier, channel, " + strings.Join(list, ", ") +
		" from linkage.described inner join linkage.accounts using (channel, account_id) order by account, " + strings.Join(cellColumns(), ", ")
	return a.loadKeys(ctx, query, len(columns))
}

func (a *accounts) loadKeys(ctx context.Context, query string, columns int) error {
	loader := a.session.LoadTable(ctx, a.keyer.schema(), "linkage.keys")
	builder := array.NewRecordBuilder(memory.DefaultAllocator, a.keyer.schema())
	defer builder.Release()
	err := a.session.ReadArrow(ctx, query, func(reader array.RecordReader) error {
		for reader.Next() {
			a.addAccounts(reader.RecordBatch(), builder, columns)
			batch := builder.NewRecordBatch()
			err := loader.Write(batch)
			batch.Release()
			if err != nil {
				return err
			}
		}
		return reader.Err()
	})
	_, closeErr := loader.Close()
	a.table.closed()
	clear(a.earlier.codes)
	return errors.Join(err, closeErr)
}

func (a *accounts) addAccounts(batch arrow.RecordBatch, builder *array.RecordBuilder, columns int) {
	owners, now, earlier := batch.Column(0).(*array.Int32), batch.Column(1).(*array.Boolean), batch.Column(2).(*array.Boolean)
	content := make([]string, columns)
	for row := range int(batch.NumRows()) {
		for i := range content {
			content[i] = batch.Column(i + 4).(*array.String).Value(row)
		}
		cells := map[person.Role]string{person.Channel: batch.Column(3).(*array.String).Value(row)}
		for i, cell := range accountCells() {
			cells[cell.role] = content[i]
		}
		record, owner := person.Normalise(cells, nil), owners.Value(row)
		builder.Field(0).(*array.Int32Builder).Append(int32(a.table.Records()))
		builder.Field(1).(*array.Int32Builder).Append(owner)
		builder.Field(2).(*array.BooleanBuilder).Append(now.Value(row))
		builder.Field(3).(*array.BooleanBuilder).Append(earlier.Value(row))
		a.table.Owner = append(a.table.Owner, owner)
		a.table.add(record)
		singles := content[len(accountCells()):]
		var flags uint8
		if now.Value(row) {
			flags |= isNow
			a.table.single.setAll(owner, record.Generation, singles[:len(a.kinds)])
		}
		if earlier.Value(row) {
			flags |= isEarlier
			a.earlier.setAll(owner, record.Generation, singles[len(a.kinds):])
		}
		a.flags = append(a.flags, flags)
		a.keyer.append(builder, &a.table.Table, record, content[:len(accountCells())+len(a.kinds)])
	}
}

// setAll notes an owner's generation, and its values of the kinds after it.
func (s *singles) setAll(owner int32, first string, values []string) {
	s.set(generation, owner, first)
	for i, value := range values {
		for part := range strings.SplitSeq(value, apart) {
			s.set(generation+1+i, owner, part)
		}
	}
}

// fill makes room for all owners.
func (s *singles) fill(owners int) {
	for kind := range s.values {
		if owners > 0 {
			s.set(kind, int32(owners-1), "") //nolint:gosec // owners are numbered by int32
		}
	}
}
