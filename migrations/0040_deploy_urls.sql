-- A URL per application that asks for a deployment, for whoever knows its secret.
create table deploy_urls (
    application_id uuid primary key references applications on delete cascade,
    team_id        uuid not null references teams on delete cascade,
    secret_hash    bytea not null, -- SHA-256 of 256 random bits
    made_by        text not null,
    made_at        timestamptz not null default now(),
    last_used_at   timestamptz
);

alter table deploy_urls enable row level security;
create policy team on deploy_urls using (team_id = slipway_team()) with check (team_id = slipway_team());
grant select, insert, update, delete on deploy_urls to slipway_tenant;
