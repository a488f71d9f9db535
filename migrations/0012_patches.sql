-- Small files that are laid over an application's source. Sealed: people put keys into them.
create table patches (
    id             uuid primary key,
    team_id        uuid not null references teams on delete cascade,
    application_id uuid not null references applications on delete cascade,
    path           text not null,
    content        bytea not null, -- sealed
    length         integer not null,
    updated_at     timestamptz not null default now(),
    constraint patch_path_is_free unique (application_id, path)
);

alter table patches enable row level security;
create policy team on patches using (team_id = slipway_team()) with check (team_id = slipway_team());
grant select, insert, update, delete on patches to slipway_tenant;

-- The patches as they were when a deployment was asked for, sealed; null for none.
alter table deployments add column patches bytea;
