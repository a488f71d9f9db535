-- The same words for projects: what is in a project is found by them, too.
alter table projects add column tags text[] not null default '{}';
