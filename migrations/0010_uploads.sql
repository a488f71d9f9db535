-- Archives that were sent through the tunnel. Their bytes lie in files named by the id.
create table uploads (
    id             uuid primary key,
    team_id        uuid not null references teams on delete cascade,
    application_id uuid not null references applications on delete cascade,
    length         bigint not null check (length > 0),
    sha256         text not null,
    created_at     timestamptz not null default now(),
    finished_at    timestamptz -- null while it is being sent
);
create index uploads_by_application on uploads (application_id, finished_at desc);

alter table uploads enable row level security;
create policy team on uploads using (team_id = slipway_team()) with check (team_id = slipway_team());
grant select, insert, update, delete on uploads to slipway_tenant;

-- Which upload a deployment builds: chosen when it is asked for.
alter table deployments add column upload_id uuid references uploads on delete set null;
-- What a deployment pinned where its source is no repository: an upload's digest, or an image with its digest.
alter table deployments add column pinned text;
