package linkage

import (
	"context"
	"fmt"
	"strings"

	"countinghouse/internal/person"
	"countinghouse/internal/warehouse"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
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

// longestCell is how much of a text is compared; more is no name and no address.
const longestCell = 200

// mostRecords of one account are compared: the newest. An account with five hundred phones is no person's.
const mostRecords = 8

// describedQuery gives the records of the accounts. What one row of an export lacks and another of the same account has is filled in, the newest
// first; rows that say the same are one. An account without a name must have two other things to go by.
func describedQuery() string {
	var cells, fills, names, known []string
	for _, cell := range accountCells() {
		cells = append(cells, fmt.Sprintf("nullif(trim(cast(%s as varchar)[:%d]), '') as %s", cell.expression, longestCell, cell.column))
		fills = append(fills, fmt.Sprintf("coalesce(%[1]s, arg_max(%[1]s, (recency, %[1]s)) over (partition by channel, account_id)) as %[1]s", cell.column))
		names = append(names, cell.column)
		if cell.column != "gender" && cell.column != "province" {
			known = append(known, "(case when "+cell.column+" is not null then 1 else 0 end)")
		}
	}
	list := strings.Join(names, ", ")
	return `with given as (
    select channel, account_id, exported_at, source_file, source_row, ` + strings.Join(cells, ", ") + `
    from dataset.accounts where channel is not null and account_id is not null
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
)
select channel, account_id, ` + list + ` from records
where name is not null or family_name is not null or ` + strings.Join(known, " + ") + ` >= 2
qualify row_number() over (partition by channel, account_id order by recency desc, ` + list + `) <= ` + fmt.Sprint(mostRecords)
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

// read brings the accounts into the table and linkage.records, numbered by channel and account.
func (a *accounts) read(ctx context.Context) error {
	a.table = newTable(nil, nil)
	a.table.asAccounts()
	list := make([]string, 0, len(accountCells()))
	for _, cell := range accountCells() {
		list = append(list, "coalesce("+cell.column+", '')")
	}
	for _, statement := range []string{
		"create table linkage.described as " + describedQuery(),
		"create table linkage.accounts as select row_number() over (order by channel, account_id) - 1 as account, channel, account_id from (select distinct channel, account_id from linkage.described)",
	} {
		if _, err := a.session.Exec(ctx, statement); err != nil {
			return err
		}
	}
	query := "select cast(account as integer), " + strings.Join(list, ", ") + " from linkage.described inner join linkage.accounts using (channel, account_id) order by all"
	if err := a.loadRecords(ctx, query, a.addAccounts); err != nil {
		return err
	}
	return a.readSingles(ctx)
}

func (a *accounts) addAccounts(batch arrow.RecordBatch, builder *array.RecordBuilder) {
	owners := batch.Column(0).(*array.Int32)
	for row := range int(batch.NumRows()) {
		cells := map[person.Role]string{}
		for i, cell := range accountCells() {
			cells[cell.role] = batch.Column(i + 1).(*array.String).Value(row)
		}
		record := person.Normalise(cells, nil)
		builder.Field(0).(*array.Int32Builder).Append(int32(a.table.Records()))
		a.table.Owner = append(a.table.Owner, owners.Value(row))
		a.table.add(record, owners.Value(row))
		appendFeatures(builder, record, 0)
	}
}

// readSingles reads the values of which one person has one by identity_rules: two accounts that differ in one are two people.
func (a *accounts) readSingles(ctx context.Context) error {
	columns, err := a.session.Columns(ctx, "dataset.accounts")
	if err != nil {
		return err
	}
	for _, column := range columns {
		if err := a.readSingle(ctx, column); err != nil {
			return fmt.Errorf("values of %s: %w", column.Name, err)
		}
	}
	return nil
}

func (a *accounts) readSingle(ctx context.Context, column warehouse.Column) error {
	name := warehouse.QuoteName(column.Name)
	query := fmt.Sprintf(`select cast(account as integer), cast(%[1]s as varchar) from dataset.accounts inner join linkage.accounts using (channel, account_id)
where %[1]s is not null and exists (from seed.identity_rules where kind = %[2]s and scope = 'global' and values_per_customer = 1)
group by 1, 2 order by 1, 2`, name, warehouse.Quote(column.Name))
	kind := -1
	return a.session.ReadArrow(ctx, query, func(reader array.RecordReader) error {
		for reader.Next() {
			if kind < 0 {
				a.table.addKind()
				kind = len(a.table.single) - 1
				a.table.setSingle(kind, int32(a.owners()-1), "")
			}
			batch := reader.RecordBatch()
			for row := range int(batch.NumRows()) {
				a.table.setSingle(kind, batch.Column(0).(*array.Int32).Value(row), batch.Column(1).(*array.String).Value(row))
			}
		}
		return nil
	})
}
