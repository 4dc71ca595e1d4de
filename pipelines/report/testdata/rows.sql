insert into mart.pyramid_summary values
    ('window', '2025-11-01', 1, 'refer', 86, 86, 86, 3174, 36.906977, 919.51, 2918534.08, 0.360834),
    ('window', '2025-11-01', 2, 'value', 128, 128, 128, 1790, 13.984375, 549.98, 984463.97, 0.121714),
    ('window', '2025-11-01', 3, 'value', 213, 213, 213, 2083, 9.779343, 444.84, 926592.29, 0.114559),
    ('window', '2025-11-01', 4, 'stick', 214, 214, 214, 1571, 7.341121, 405.03, 636299.99, 0.078669),
    ('window', '2025-11-01', 5, 'stick', 213, 213, 213, 1370, 6.431925, 350.85, 480665.60, 0.059427),
    ('window', '2025-11-01', 6, 'activate', 3414, 3414, 3414, 8451, 2.475395, 255.55, 2141994.00, 0.264826),
    ('window', '2025-11-01', 7, 'enter', 1207, 0, 1207, 0, null, null, -240.55, -0.0006);
insert into mart.pyramid_summary
    select 'month', cast(date '2024-11-01' + to_months(cast(n as integer)) as date), layer, null, 0, 0, 0, 0, null, null,
        cast(case when layer = 7 then -10.55 else
            (60000 + 1700 * n + case when (n + 10) % 12 = 10 then 90000 when (n + 10) % 12 = 5 then 50000 else 0 end) * [1.6, 0.6, 0.55, 0.4, 0.3, 1.4][layer] end
            as decimal(18, 2)), null
    from range(0, 24) as months(n) cross join range(1, 8) as layers(layer);
insert into mart.customer_pyramid select 'c' || n, n % 3 <> 0 from range(0, 5475) as customers(n);
insert into mart.point_rollforward (period_kind, period_start, channel, opening, issued, redeemed, expired, clawed_back, recredited, adjusted, closing, closing_value)
    select 'month', cast(date '2024-11-01' + to_months(cast(n as integer)) as date), channel, share * 150000 * n, share * 610000, share * 300000, share * 150000,
        share * 30000, share * 12000, share * 8000, share * 150000 * (n + 1), cast(share * 1500 * (n + 1) as decimal(18, 2))
    from range(0, 24) as months(n) cross join (values ('wechat_member', 2), ('pos', 1)) as channels(channel, share);
insert into mart.point_rollforward (period_kind, period_start, channel, opening, issued, redeemed, expired, clawed_back, recredited, adjusted, closing, closing_value) select 'year', '2026-01-01', 'pos', 1, 1, 1, 1, 1, 1, 1, 1, 1;
insert into mart.point_liability (expiry_month, age_band, outstanding_points, arrears_points, expected_redemption_points, breakage_points, face_value, expected_face_value, expected_cost, expected_redemption_cost, expected_redemption_rate, used_share, promotional_cost)
    select cast(date '2026-11-01' + to_months(cast(n as integer)) as date), '000-030', 70000 + 31000 * (n % 5), 0, 40000 + 15000 * (n % 5), 30000 + 16000 * (n % 5),
        700 + 310 * (n % 5), 400 + 150 * (n % 5), 280 + 124 * (n % 5), 160 + 60 * (n % 5), 0.614, 0.4875, 0.00097500
    from range(0, 12) as months(n);
insert into mart.point_liability (expiry_month, age_band, outstanding_points, arrears_points, expected_redemption_points, breakage_points, face_value, expected_face_value, expected_cost, expected_redemption_cost, expected_redemption_rate, used_share, promotional_cost) values
    ('9999-12-01', '000-030', 4200, 0, 2100, 2100, 42.00, 21.00, 16.80, 8.40, 0.614, 0.4875, 0.00097500),
    ('2026-10-01', 'arrears', 0, 1234, 0, 0, 0, 0, 0, 0, 0.614, 0.4875, 0.00097500);
update mart.point_liability set expected_redemption_cost_low = expected_redemption_cost - 20, expected_redemption_cost_high = expected_redemption_cost + 30 where age_band <> 'arrears';
insert into mart.point_programme values ('points', 0.58, 0.65, 'own_estimate'), ('coins', null, null, 'cap');
insert into mart.point_contract_liability
    select 'month', cast(date '2025-10-01' + to_months(cast(n as integer)) as date), 'points', channel, share * 1000 * n, share * 3100, share * 40, share * 1500, share * 60, share * 500,
        0, 0, 0, share * 1000 * (n + 1), share * 900 * (n + 1), share * 100 * (n + 1), share * 1040 * (n + 1), share * 960 * (n + 1)
    from range(0, 13) as months(n) cross join (values ('wechat_member', 2), ('pos', 1)) as channels(channel, share);
insert into mart.point_contract_liability values ('quarter', '2026-10-01', 'points', 'pos', 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
insert into mart.point_rollforward (currency, period_kind, period_start, channel, opening, issued, redeemed, expired, clawed_back, recredited, adjusted, transferred, prior_period, closing, closing_value)
    values ('coins', 'month', '2026-10-01', 'pos', 100, 50, 30, 0, 0, 0, 0, -20, 7, 107, 10.70);
insert into mart.point_liability (currency, expiry_month, age_band, outstanding_points, arrears_points, expected_redemption_points, breakage_points, face_value, expected_face_value, expected_cost, expected_redemption_cost, expected_redemption_rate, used_share)
    values ('coins', '2027-10-01', '000-030', 107, 0, 107, 0, 10.70, 10.70, 4.28, 4.28, 0.98, 0.3);
insert into mart.churn_tiers
    select 'c' || n, tiers.tier, tiers.tier_rank, cast(120.35 + n as decimal(18, 2)), cast(80.10 + n as decimal(18, 2))
    from (values ('new', 1, 412), ('active', 2, 1640), ('light', 3, 688), ('medium', 4, 505), ('heavy', 5, 730), ('lost', 6, 1493)) as tiers(tier, tier_rank, customers)
    cross join range(0, 1700) as customers(n) where n < tiers.customers;
insert into mart.content_performance values
    ('wechat_article', '2247_1', '三步挑到一罐好茶', '2026-10-08 08:00:00', 48210, 0.081, 1.42, 310, 61.25, 18240.37),
    ('xiaohongshu', 'a1', '为什么老茶客都在冬天喝红茶？', '2026-09-21 19:30:00', 32650, 0.064, 0.88, 205, 40.5, 11870.00),
    ('douyin', 'd9', '一分钟学会盖碗', '2026-10-17 12:00:00', 121400, 0.022, 0.35, 960, 33, 9410.90),
    ('wechat_article', '2247_2', '<script>alert("1")</script> & "quotes" ''single''', '2026-08-03 08:00:00', 15020, 0.031, null, 44, 12.2, 3105.18),
    ('wechat_article', '2246_1', '周末去哪儿：城里最安静的五间茶室，适合一个人坐一下午，也适合两个人说说话', '2026-07-11 08:00:00', 20110, 0.112, 2.05, 188, 9.75, 2750.00),
    ('xiaohongshu', 'a2', '新品上市', '2026-10-25 10:00:00', 8040, 0.018, 0.12, 21, 8, 2012.00),
    ('douyin', 'd7', 'Iced tea, five ways', '2026-06-18 18:00:00', 64000, 0.027, 0.41, 402, 6.33, 1710.45),
    ('wechat_article', '2245_1', null, null, null, null, null, null, 2, 640.00),
    ('xiaohongshu', 'a3', '办公室泡茶的三个错误', '2026-05-30 12:00:00', 12800, 0.047, 0.66, 73, 1.5, 402.10),
    ('douyin', 'd3', '茶园的一天', '2026-04-22 09:00:00', 30250, 0.035, 0.29, 150, 1, 260.00),
    ('douyin', 'd2', '排不进前十的作品', '2026-04-01 09:00:00', 900, 0.01, 0.01, 1, 0, 0.00);
insert into identity.model values
    ('surname', 0, 'equal', 0.9, 0.01125, 6.32, true), ('surname', 1, 'different', 0.1, 0.98875, -3.31, false),
    ('phone', 0, 'equal', 0.5, 0.00000025, 20.93, false), ('phone', 1, 'mask fits in seven digits <b>', 0.25, 0.000001, 17.93, false), ('phone', 2, 'different', 0.25, 0.99999875, -2.0, false),
    ('any pair', 0, 'of one person', 0.0000005, 0.9999995, -20.93, false);
