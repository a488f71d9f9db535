-- What happened by itself. What is about the cluster stands there once for each team.
create table events (
    id             bigint generated always as identity primary key,
    team_id        uuid not null references teams on delete cascade,
    application_id uuid references applications on delete set null,
    at             timestamptz not null,
    severity       text not null,
    subject        text not null,
    text           text not null
);
create index events_by_team on events (team_id, id desc);
alter table events enable row level security;
create policy team on events using (team_id = slipway_team()) with check (team_id = slipway_team());
grant select on events to slipway_tenant;
