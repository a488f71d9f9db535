-- Terminals that run now. A row goes when its terminal has ended; one that is there when the agent starts was ended by the restart.
create table terminals (
    id             uuid primary key,
    team_id        uuid not null references teams on delete cascade,
    user_id        uuid not null,
    session_id     uuid not null,
    application_id uuid not null,
    name           text not null, -- of the application
    task           text not null,
    actor          text not null,
    request_id     text not null,
    exec           text not null, -- Docker's id of what runs
    screen         boolean not null,
    opened_at      timestamptz not null
);
create index terminals_by_team on terminals (team_id);
alter table terminals enable row level security;
create policy team on terminals using (team_id = slipway_team()) with check (team_id = slipway_team());
grant select on terminals to slipway_tenant;
