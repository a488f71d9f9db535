-- Deployments are their own queue: a lease on the row says who works on one.
create table deployments (
    id                  uuid primary key,
    team_id             uuid not null references teams on delete cascade,
    application_id      uuid not null references applications on delete cascade,
    number              integer not null,
    status              text not null check (status in ('queued', 'running', 'unwinding', 'succeeded', 'failed', 'cancelled', 'superseded', 'stuck')),
    trigger             jsonb not null,
    plan                jsonb not null,
    environment         bytea not null, -- sealed: the variables as they were when it was asked for
    requested_by        text not null,
    commit              jsonb,
    image               text,
    failure             text,
    release_kept        boolean not null default false,
    cancel_requested_at timestamptz,
    leased_by           uuid,
    leased_until        timestamptz,
    created_at          timestamptz not null default now(),
    started_at          timestamptz,
    ended_at            timestamptz,
    constraint deployment_number_is_free unique (application_id, number)
);
create unique index one_active_deployment_per_application on deployments (application_id) where status in ('running', 'unwinding');
create index deployments_unfinished on deployments (created_at) where status in ('queued', 'running', 'unwinding');

-- Append-only: the truth about what was begun and what was done.
create table step_events (
    deployment_id uuid not null references deployments on delete cascade,
    team_id       uuid not null references teams on delete cascade,
    sequence      integer not null,
    step          text not null,
    kind          text not null check (kind in ('started', 'succeeded', 'failed', 'undo_started', 'undo_finished', 'undo_failed')),
    output        jsonb,
    failure       text,
    at            timestamptz not null default now(),
    primary key (deployment_id, sequence)
);

create table deployment_log (
    deployment_id uuid not null references deployments on delete cascade,
    team_id       uuid not null references teams on delete cascade,
    sequence      bigint not null,
    at            timestamptz not null default now(),
    step          text not null,
    stream        text not null check (stream in ('stdout', 'stderr', 'system')),
    text          text not null,
    primary key (deployment_id, sequence)
);

-- Which deployment's release the edge leads to.
create table serving (
    application_id uuid primary key references applications on delete cascade,
    team_id        uuid not null references teams on delete cascade,
    deployment_id  uuid not null references deployments on delete cascade,
    since          timestamptz not null default now()
);

do $$
declare name text;
begin
    foreach name in array array['deployments', 'step_events', 'deployment_log', 'serving'] loop
        execute format('alter table %I enable row level security', name);
        execute format('create policy team on %I using (team_id = slipway_team()) with check (team_id = slipway_team())', name);
        execute format('grant select on %I to slipway_tenant', name);
    end loop;
end $$;
grant insert, update on deployments to slipway_tenant;
