-- One round: clusters without an edge that leads out are finished and set aside; of the others every node takes the least representative among its own
-- and those of its neighbours that changed in the round before.
create or replace table leading_out as
select distinct mine.representative
from representatives as mine
inner join neighbours on mine.node = neighbours.node
inner join representatives as theirs on neighbours.neighbour = theirs.node
where mine.representative <> theirs.representative;
insert into finished select node, representative from representatives anti join leading_out using (representative);
create or replace table remaining as from representatives semi join leading_out using (representative);
create or replace table neighbours as from neighbours where node in (select node from remaining);
create or replace table representatives as
with seen as (
    select neighbours.node, theirs.representative
    from neighbours inner join remaining as theirs on neighbours.neighbour = theirs.node and theirs.changed
    union all
    select node, representative from remaining
),
least_seen as (select node, min(representative) as representative from seen group by node)
select node, least_seen.representative, least_seen.representative <> remaining.representative as changed
from least_seen inner join remaining using (node);
