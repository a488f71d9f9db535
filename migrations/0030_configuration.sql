-- Variables of a team, a project, an environment or an application: the one that is set owns the row; with none it is the team's.
alter table variables alter column application_id drop not null;
alter table variables
    add column project_id     uuid references projects on delete cascade,
    add column environment_id uuid references environments on delete cascade,
    add column secret         boolean not null default true,
    add column as_file        boolean not null default false,
    add constraint variable_has_one_owner check (num_nonnulls(project_id, environment_id, application_id) <= 1);
alter table variables drop constraint variable_key_is_free;
create unique index variable_key_is_free on variables (coalesce(application_id, environment_id, project_id, team_id), key);
create index variables_by_team on variables (team_id);

-- Files that an application's containers find at a path.
create table files (
    id             uuid primary key,
    team_id        uuid not null references teams on delete cascade,
    application_id uuid not null references applications on delete cascade,
    path           text not null,
    content        bytea not null, -- sealed
    length         integer not null,
    mode           integer not null check (mode between 0 and 511),
    updated_at     timestamptz not null default now(),
    constraint file_path_is_free unique (application_id, path)
);

-- Who changed which names of a scope's variables and files. Never a value.
create table configuration_changes (
    id             bigint generated always as identity primary key,
    team_id        uuid not null references teams on delete cascade,
    project_id     uuid references projects on delete cascade,
    environment_id uuid references environments on delete cascade,
    application_id uuid references applications on delete cascade,
    at             timestamptz not null default now(),
    actor          text not null,
    what           text not null check (what in ('variables', 'files')),
    added          text[] not null,
    changed        text[] not null,
    removed        text[] not null
);
create index configuration_changes_by_owner on configuration_changes (coalesce(application_id, environment_id, project_id, team_id), id desc);

-- Applications that were deleted, until their volumes are gone too. A volume whose application is merely unknown is never touched.
create table deleted_applications (
    id         uuid primary key,
    team_id    uuid not null references teams on delete cascade,
    deleted_at timestamptz not null default now()
);

-- The names of the Swarm secrets that a deployment's containers read.
alter table deployments add column secrets text[] not null default '{}';

do $$
declare name text;
begin
    foreach name in array array['files', 'configuration_changes', 'deleted_applications'] loop
        execute format('alter table %I enable row level security', name);
        execute format('create policy team on %I using (team_id = slipway_team()) with check (team_id = slipway_team())', name);
    end loop;
end $$;
grant select, insert, update, delete on files to slipway_tenant;
grant select, insert on configuration_changes to slipway_tenant;
grant select, insert on deleted_applications to slipway_tenant;
