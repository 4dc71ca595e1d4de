-- What the blocking rules speak of, from records in one spelling.
create table records as
select
    id, null::varchar as social_id, null::varchar as passport, null::varchar as licence, null::varchar as national_id,
    nullif(email, '') as email, nullif(split_part(email, '@', 1), '') as email_name,
    case when length(phone) >= 7 and not contains(phone, '*') then right(phone, 7) end as phone7,
    case when length(phone) >= 4 and not contains(right(phone, 4), '*') then right(phone, 4) end as phone4,
    case when given_read <> '' and surname_read <> '' then least(given_read, surname_read) || ' ' || greatest(given_read, surname_read) end as names,
    nullif(given_sound, '') as given_sound, nullif(surname_sound, '') as surname_sound, nullif(birthday, '') as birthday,
    case when length(birthday) = 10 and not contains(birthday[6:], '00') then birthday[:4] || least(birthday[6:7], birthday[9:]) || greatest(birthday[6:7], birthday[9:]) end as birthday_key,
    nullif(right(replace(address, ' ', ''), 12), '') as street_key,
    nullif(coalesce(nullif(split_part(place, '|', 1), ''), split_part(place, '|', 2)), '') as place_key
from read_parquet('{dir}/persons.parquet');
