package main

import (
	"fmt"
	"strings"

	"countinghouse/pipelines/linkage"
)

// neighbourOrders are how a block that is too large is sorted, each record to meet those that follow.
func neighbourOrders() []string {
	return []string{
		"surname_sound, given_sound, names, social_id, passport, licence, national_id, email, phone7, birthday_key, email_name, street_key, place_key, birthday, phone4",
		"phone4, birthday, place_key, street_key, email_name, given_sound, birthday_key, surname_sound, names, phone7, email, national_id, licence, passport, social_id",
	}
}

// pairsScript makes the pairs of the blocking rules, each once, and writes how many there are.
func pairsScript(dir string, blocks []linkage.Block) string {
	var keys, kept, joins, counts, neighbours []string
	for i, block := range blocks {
		columns := blockColumns(block)
		keys = append(keys, fmt.Sprintf("case when %s is not null then hash(%s) end as k%d", strings.Join(columns, " is not null and "), strings.Join(columns, ", "), i))
		if block.Neighbours > 0 {
			for _, order := range neighbourOrders() {
				neighbours = append(neighbours, neighboursSQL(i, block, order))
			}
		}
		if block.Pairs == 0 {
			continue
		}
		counts = append(counts, fmt.Sprintf("select count(*) as made from blocks as l inner join blocks as r on l.k%[1]d = r.k%[1]d and l.id < r.id where %s", i, notBy(kept)))
		kept = append(kept, fmt.Sprintf("k%d", i))
		joins = append(joins, fmt.Sprintf("left join (select k%[1]d from keys where k%[1]d is not null group by k%[1]d having count(*) between 2 and %d) as s%[1]d on keys.k%[1]d = s%[1]d.k%[1]d", i, block.Largest))
	}
	var columns []string
	for _, key := range kept {
		columns = append(columns, "s"+key[1:]+"."+key)
	}
	if neighbours != nil {
		counts = append(counts, "select count(*) from (select distinct one, other from (\n"+strings.Join(neighbours, "\nunion all\n")+
			")) as pairs inner join blocks as l on pairs.one = l.id inner join blocks as r on pairs.other = r.id where "+notBy(kept))
	}
	return strings.ReplaceAll(featuresSQL, "{dir}", dir) + "create table keys as select id, " + strings.Join(keys, ",\n    ") + "\nfrom records;\n" +
		"create table blocks as select " + strings.Join(append([]string{"keys.id"}, columns...), ", ") + " from keys\n" + strings.Join(joins, "\n") + ";\n" +
		"copy (select sum(made)::bigint as pairs from (\n" + strings.Join(counts, "\nunion all\n") + "\n)) to '" + dir + "/pairs.parquet' (format parquet);\n"
}

// blockColumns are the columns of a rule, which is told as "l.a = r.a and l.b = r.b".
func blockColumns(block linkage.Block) []string {
	var columns []string
	for _, part := range strings.Split(block.SQL, " and ") {
		left, _, _ := strings.Cut(part, " = ")
		columns = append(columns, strings.TrimPrefix(left, "l."))
	}
	return columns
}

// notBy leaves out the pairs that an earlier rule has made.
func notBy(keys []string) string {
	conditions := []string{"true"}
	for _, key := range keys {
		conditions = append(conditions, fmt.Sprintf("(l.%[1]s = r.%[1]s) is not true", key))
	}
	return strings.Join(conditions, " and ")
}

// neighboursSQL gives pairs of records that stand near each other in a block that is too large.
func neighboursSQL(key int, block linkage.Block, order string) string {
	placed := fmt.Sprintf("select id, k%[1]d, row_number() over (partition by k%[1]d order by %[2]s, id) as place from keys inner join records using (id) "+
		"where k%[1]d in (select k%[1]d from keys where k%[1]d is not null group by k%[1]d having count(*) > %[3]d)", key, order, max(block.Largest, 1))
	return fmt.Sprintf("select least(l.id, r.id) as one, greatest(l.id, r.id) as other from (select id, k%[1]d, place + unnest(range(1, %[2]d)) as place from (%[3]s)) as l inner join (%[3]s) as r using (k%[1]d, place)",
		key, block.Neighbours/(2*block.RefusedRecords)+1, placed)
}
