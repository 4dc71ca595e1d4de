-- One round: every node goes to its least neighbour, and on to where that one goes. What is left are edges between where the nodes went.
create or replace table hooks as
with least_neighbours as (select node, min(neighbour) as target from edges group by node)
select own.node, coalesce(further.target, own.target) as target
from least_neighbours as own left join least_neighbours as further on own.target = further.node;
create or replace table moved as
select moved.node, coalesce(target, representative) as representative from moved left join hooks on representative = hooks.node
union all
select node, target from hooks anti join moved using (node);
create or replace table edges as
with ends as (
    select coalesce(a.target, edges.node) as one, coalesce(b.target, edges.neighbour) as other
    from edges left join hooks as a on edges.node = a.node left join hooks as b on edges.neighbour = b.node
)
select distinct greatest(one, other) as node, least(one, other) as neighbour from ends where one <> other;
