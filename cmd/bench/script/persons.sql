-- {records} records of people, made up: households of one to three, who mostly share a surname and an address and sometimes a phone; a person has one to four
-- records, as channels have them. A record may lack a value, mask it, write it otherwise, or have a slip in it, or be from before a move or a new
-- phone; each has a phone, a birthday or an e-mail. Names, cities and roads come from lists of which the first are the most frequent. Every figure is a
-- hash of the numbers of person and record.
create macro share(a, b) as (hash(a, b) % 1000000)::double / 1000000;
create macro common(list, a, b) as list[1 + floor(len(list) * pow(share(a, b), 1.7))::bigint];
create table lists as select
    string_split('王 李 张 刘 陈 杨 黄 赵 吴 周 徐 孙 马 朱 胡 郭 何 高 林 罗 郑 梁 谢 宋 唐 许 韩 冯 邓 曹 彭 曾 萧 田 董 袁 潘 蒋 蔡 余', ' ') as surnames,
    string_split('wang li zhang liu chen yang huang zhao wu zhou xu sun ma zhu hu guo he gao lin luo zheng liang xie song tang xu han feng deng cao peng zeng xiao tian dong yuan pan jiang cai yu', ' ') as surnames_read,
    string_split('伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 秀 霞 平 刚 桂 英 华 玉 兰 红 建 文 斌 宇 浩 凯 欣 雨 婷 博 志 鹏 佳 思 晨 梦 琪 嘉 怡 涵 轩 泽 瑞 雪 海 春 梅 金 国 龙 飞 宁 安 俊 峰 辉 健 鑫 旭 亮 波 成 康 翔 林 松 柏 乐 天 一 可 心 雅 诗 韵 萍 莉 琳 倩 洁 蕾 薇 颖 慧 珍 凤 云 燕 月 爱 美 翠 荣 根 福 寿 德 仁 义 礼 信 忠 良 清 源 江 河 山 川 石 玲 珊 彤 萌 菲 蓉 岩 锋 钢 铭 毅 恒 立 启 振 家 宝 友 景 新 世 永 长 东 南 西 北', ' ') as given,
    string_split('wei fang na min jing li qiang lei jun yang yong yan jie juan tao ming chao xiu xia ping gang gui ying hua yu lan hong jian wen bin yu hao kai xin yu ting bo zhi peng jia si chen meng qi jia yi han xuan ze rui xue hai chun mei jin guo long fei ning an jun feng hui jian xin xu liang bo cheng kang xiang lin song bai le tian yi ke xin ya shi yun ping li lin qian jie lei wei ying hui zhen feng yun yan yue ai mei cui rong gen fu shou de ren yi li xin zhong liang qing yuan jiang he shan chuan shi ling shan tong meng fei rong yan feng gang ming yi heng li qi zhen jia bao you jing xin shi yong chang dong nan xi bei', ' ') as given_read,
    string_split('浙江 杭州,江苏 南京,江苏 苏州,浙江 宁波,四川 成都,湖北 武汉,广东 广州,广东 深圳,陕西 西安,山东 青岛,湖南 长沙,福建 厦门,河南 郑州,辽宁 大连,安徽 合肥,福建 福州,山东 济南,云南 昆明,江苏 无锡,浙江 温州,广东 东莞,江西 南昌,河北 石家庄,贵州 贵阳', ',') as cities,
    string_split('中山 人民 解放 建设 和平 文化 新华 长江 黄河 学院 滨江 环城 东风 胜利 青年 光明 湖滨 南山 朝阳 友谊 幸福 延安 北京 上海', ' ') as roads;
create table people as
select
    i, household,
    1 + floor(len(surnames) * pow(share(if(i % 3 = 1 and hash(i, 1) % 2 = 0, i, household + 1000000000), 2), 1.7))::bigint as surname,
    1 + floor(len(given) * pow(share(i, 3), 1.3))::bigint as first, if(hash(i, 4) % 5 = 0, null, 1 + floor(len(given) * pow(share(i, 5), 1.3))::bigint) as second,
    if(hash(i, 6) % 2 = 0, '男', '女') as gender, date '1950-01-01' + (hash(i, 7) % 20000)::integer as birthday,
    '1' || (30 + hash(if(hash(i, 8) % 10 = 0, household + 1000000000, i), 9) % 70) || lpad((hash(if(hash(i, 8) % 10 = 0, household + 1000000000, i), 10) % 100000000)::varchar, 8, '0') as phone,
    1 + hash(i, 11) % 4 as records
from (select i, i // 3 * 2 + (i % 3 = 2 and hash(i, 12) % 2 = 0)::integer as household from range(0, {records} // 2 + 100) as t(i)), lists;
create table mentions as
select *, hash(i, r, 0) as dice, if(share(dice, 1) < 0.08, household + 2000000000, household) as home, if(share(dice, 2) < 0.03, 1 + hash(dice, 3) % len(given), first)::bigint as written
from (select unnest(range(0, records::bigint)) as r, * from people), lists
order by i, r
limit {records};
create macro home_line(home, roads, room) as '第' || (1 + hash(home, 20) % 6) || '区' || common(roads, home, 21) || '路' || (1 + hash(home, 22) % 300) || '号' || if(room, (1 + hash(home, 23) % 30) || '幢' || (101 + hash(home, 24) % 900) || '室', '');
copy (
    select
        case
            when share(dice, 4) < 0.06 then surnames_read[surname] || ', ' || given_read[written] || coalesce(given_read[second], '')
            when share(dice, 4) < 0.12 then surnames[surname] || if(second is null, '*', '**')
            else surnames[surname] || given[written] || coalesce(given[second], '') || if(share(dice, 4) < 0.17, if(gender = '男', '先生', '女士'), '')
        end as 姓名,
        case
            when share(dice, 5) < 0.4 then null
            when share(dice, 5) < 0.42 and day(birthday) <= 12 then strftime(birthday, '%Y-%d-%m')
            when share(dice, 5) < 0.44 then strftime(birthday + (1 + hash(dice, 6) % 9)::integer, '%Y-%m-%d')
            when share(dice, 5) < 0.54 then strftime(birthday, '%Y年%m月%d日')
            else strftime(birthday, '%Y-%m-%d')
        end as 生日,
        case
            when share(dice, 7) < 0.2 and share(dice, 4) not between 0.06 and 0.12 and (share(dice, 5) >= 0.4 or share(dice, 9) >= 0.6) then null
            when share(dice, 7) < 0.35 then phone[:3] || '****' || phone[8:]
            when share(dice, 7) < 0.38 then phone[:6] || hash(dice, 8) % 10 || phone[8:]
            when share(dice, 7) < 0.44 then '1' || (30 + hash(i, 25) % 70) || lpad((hash(i, 26) % 100000000)::varchar, 8, '0')
            else phone
        end as 手机号,
        if(share(dice, 9) < 0.6, null, if(hash(i, 29) % 3 = 0, given_read[first] || coalesce(given_read[second], '') || surnames_read[surname] || hash(i, 27) % 1000, (100000000 + hash(i, 27) % 900000000)::varchar) || if(hash(dice, 10) % 10 = 0, '@163.com', '@qq.com')) as 邮箱,
        if(share(dice, 11) < 0.3, null, gender) as 性别,
        if(share(dice, 12) < 0.3, null, split_part(common(cities, home, 28), ' ', 1) || if(hash(dice, 13) % 2 = 0, '省', '')) as 省,
        if(share(dice, 14) < 0.15, null, split_part(common(cities, home, 28), ' ', 2) || if(hash(dice, 15) % 2 = 0, '市', '')) as 市,
        if(share(dice, 14) < 0.4, null, home_line(home, roads, share(dice, 16) > 0.1)) as 地址,
        i as person
    from mentions
    order by dice
) to '{dir}/people.csv' (header);
