-- A made-up brand's marts, with the columns that the page reads.
create schema mart;
create table mart.pyramid_summary (period_kind varchar, period_start date, layer bigint, stage varchar, customers bigint, buyers bigint, heads bigint,
    orders bigint, frequency double, average_ticket decimal(18, 2), revenue decimal(18, 2), revenue_share double);
create table mart.customer_pyramid (customer_id varchar, is_member boolean);
create table mart.point_rollforward (period_kind varchar, period_start date, channel varchar, opening bigint, issued bigint, redeemed bigint,
    expired bigint, clawed_back bigint, recredited bigint, adjusted bigint, closing bigint, closing_value decimal(18, 2), currency varchar default 'points',
    transferred bigint default 0, prior_period bigint default 0);
create table mart.point_liability (expiry_month date, age_band varchar, outstanding_points bigint, arrears_points bigint,
    expected_redemption_points bigint, breakage_points bigint, face_value decimal(18, 2), expected_face_value decimal(18, 2),
    expected_cost decimal(18, 2), expected_redemption_cost decimal(18, 2), expected_redemption_rate double, used_share double,
    promotional_cost decimal(18, 8), currency varchar default 'points', expected_redemption_cost_low decimal(18, 2), expected_redemption_cost_high decimal(18, 2));
create table mart.point_programme (currency varchar, redemption_rate_low double, redemption_rate_high double, redemption_rate_basis varchar);
create table mart.point_contract_liability (period_kind varchar, period_start date, currency varchar, channel varchar, opening decimal(18, 2), allocated decimal(18, 2),
    reversed decimal(18, 2), revenue_redemption decimal(18, 2), revenue_catch_up decimal(18, 2), revenue_run_off decimal(18, 2), prior_allocated decimal(18, 2),
    prior_reversed decimal(18, 2), revenue_prior_period decimal(18, 2), closing decimal(18, 2), closing_current decimal(18, 2), closing_noncurrent decimal(18, 2),
    closing_rate_up decimal(18, 2), closing_rate_down decimal(18, 2));
create table mart.churn_tiers (customer_id varchar, tier varchar, tier_rank bigint, revenue decimal(18, 2), previous_revenue decimal(18, 2));
create table mart.content_performance (channel varchar, content_id varchar, title varchar, published_at timestamp, reads bigint, share_rate double,
    fission_coefficient double, followers_gained bigint, linear_orders decimal(18, 6), linear_revenue decimal(18, 2));
create schema identity;
create table identity.model (field varchar, level_no integer, level varchar, m double, u double, weight double, by_frequency boolean);
