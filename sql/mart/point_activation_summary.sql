/* ---
about: "The members of one activation group, of one currency of points: how many, what they hold, what they lack, and what is about to expire."
zh: 积分激活汇总
owner: finance
tags: [points, finance]
grain: [as_of, currency, activation_group]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  currency: {zh: 积分种类, about: "Which points; points where a brand has one kind"}
  activation_group: {zh: 激活分组, about: "far_below, close_below, just_above, active, unknown"}
  activation_order: {zh: 激活顺序, about: "1 for close_below, which a little brings over the threshold; then just_above, far_below; active and unknown last"}
  members: {zh: 会员数, about: Members of the group}
  members_with_points: {zh: 有积分会员数, about: Those of them who hold points}
  balance: {zh: 余额, unit: points, about: Points that they hold}
  face_value: {zh: 面值, unit: CNY, about: Face value of the balance of the group}
  points_missing: {zh: 尚缺积分, unit: points, about: Points that they lack up to the threshold; empty without one}
  members_expiring: {zh: 临期会员数, about: Those with points about to expire}
  points_expiring: {zh: 临期积分, unit: points, about: Points about to expire}
audits:
  nobody_is_lost: >-
    select groups.members, everyone.members from (select coalesce(sum(members), 0) as members from mart.point_activation_summary) as groups
    cross join (select count(*) as members from mart.point_activation) as everyone where groups.members <> everyone.members
--- */
with
members as (select * from mart.point_activation),
programme as (select * from mart.point_programme),

final as (
    select
        members.as_of,
        members.currency,
        members.activation_group,
        case members.activation_group
            when 'close_below' then 1
            when 'just_above' then 2
            when 'far_below' then 3
            when 'active' then 4
            else 5
        end as activation_order,
        count(*) as members,
        count(*) filter (where members.balance > 0) as members_with_points,
        cast(sum(members.balance) as bigint) as balance,
        cast(round(sum(members.balance) * programme.point_value, 2) as decimal(18, 2)) as face_value,
        cast(sum(members.points_missing) as bigint) as points_missing,
        count(*) filter (where members.points_expiring > 0) as members_expiring,
        cast(sum(members.points_expiring) as bigint) as points_expiring,
    from members
    inner join programme on members.currency = programme.currency
    group by members.as_of, members.currency, members.activation_group, programme.point_value
)

select * from final
