.headers on
.mode column
create table planet (id integer primary key, name text not null unique, mass real, moons integer);
insert into planet values (1,'Mercury',0.330,0),(2,'Venus',4.87,0),(3,'Earth',5.97,1),(4,'Mars',0.642,2),(5,'Jupiter',1898,95),(6,'Saturn',568,146),(7,'Uranus',86.8,28),(8,'Neptune',102,16);
select name, mass, moons from planet where mass > 1 order by mass desc;
select count(*), sum(moons), avg(mass), total(mass), group_concat(name, '+') from planet;
create table number (n integer primary key, square integer, text text);
begin;
with recursive c(n) as (select 1 union all select n + 1 from c where n < 20000)
insert into number select n, n * n, printf('row %05d %s', n, hex(n * 7919)) from c;
commit;
create index by_text on number (text);
select n, text from number where text between 'row 01000' and 'row 01005' order by text;
explain query plan select n from number where text = 'row 00500 1E';
select max(square), min(text), sum(length(text)) from number;
delete from number where n % 3 = 0;
select count(*), sum(n) from number;
begin; delete from number; rollback;
update number set text = upper(text) where n < 5;
select * from number limit 4;
select n / 1000 as thousand, count(*), avg(square) from number group by thousand having thousand % 5 = 1 order by 2 desc, 1;
create view heavy as select name from planet where mass > 50;
create trigger log after insert on planet begin update planet set moons = moons + 1 where id = new.id; end;
insert into planet (name, mass, moons) values ('Pluto', 0.013, 5);
select * from heavy, planet where planet.name = 'Pluto';
insert into planet (name) values ('Earth');
select nothing from nowhere;
select 1.0/3, 1e300*1e10, 9223372036854775807 + 1, 'it''s', x'414243', typeof(null), round(2.5), abs(-3), 10 % 3, 7 / 2;
select strftime('%Y-%m-%d %H:%M:%S', 1000000000, 'unixepoch'), julianday('2000-01-01'), date('2024-02-29', '+1 year');
select upper('abc') || lower('DEF'), substr('sqlite', 2, 3), replace('aXbX', 'X', '-'), instr('hello', 'l'), 'abc' like 'A%', 'abc' glob 'a*', quote(null), char(9731), unicode('☃');
select json_extract('{"a":[1,2,{"b":3}]}', '$.a[2].b'), json_group_array(moons) from planet;
select name, mass, rank() over (order by mass desc) as place, sum(moons) over (order by id) as running from planet;
create virtual table doc using fts5(body);
insert into doc values ('the quick brown fox'), ('a lazy dog'), ('quick quick dog');
select rowid, highlight(doc, 0, '[', ']') from doc where doc match 'quick' order by rank;
pragma integrity_check;
vacuum;
select count(*) from sqlite_master;
.mode csv
select * from planet;
.tables
.schema planet
