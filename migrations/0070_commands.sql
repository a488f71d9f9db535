-- Commands that somebody runs once beside an application, in a container of one of its releases. What they write is kept as logs are, in files.
create table command_runs (
    id                  uuid primary key,
    team_id             uuid not null references teams on delete cascade,
    application_id      uuid not null references applications on delete cascade,
    deployment_id       uuid not null references deployments on delete cascade,
    command             jsonb not null,
    status              text not null check (status in ('waiting', 'running', 'succeeded', 'failed', 'cancelled', 'timed_out')),
    task                text, -- Docker's id of the one task, once it was seen: from then on the command is never started again
    exit_code           bigint,
    failure             text,
    requested_by        text not null,
    deadline_seconds    integer not null check (deadline_seconds between 1 and 86400),
    cancel_requested_at timestamptz,
    created_at          timestamptz not null default now(),
    started_at          timestamptz,
    ended_at            timestamptz
);
create index command_runs_by_application on command_runs (application_id, created_at desc);
create index command_runs_unfinished on command_runs (created_at) where status in ('waiting', 'running');
create index command_runs_by_deployment on command_runs (deployment_id);

alter table command_runs enable row level security;
create policy team on command_runs using (team_id = slipway_team()) with check (team_id = slipway_team());
grant select, insert, update, delete on command_runs to slipway_tenant;

create trigger tell after insert or update of status on command_runs for each row execute function tell_of_change();
