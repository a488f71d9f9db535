-- Projects, environments, applications and what belongs to them.
create table projects (
    id          uuid primary key,
    team_id     uuid not null references teams on delete cascade,
    name        text not null,
    description text not null default '',
    created_at  timestamptz not null default now(),
    constraint project_name_is_free unique (team_id, name)
);

create table environments (
    id         uuid primary key,
    team_id    uuid not null references teams on delete cascade,
    project_id uuid not null references projects on delete cascade,
    name       text not null,
    created_at timestamptz not null default now(),
    constraint environment_name_is_free unique (project_id, name)
);

create table applications (
    id             uuid primary key,
    team_id        uuid not null references teams on delete cascade,
    environment_id uuid not null references environments on delete restrict,
    name           text not null,
    settings       jsonb not null,
    changed_at     timestamptz not null default now(),
    created_at     timestamptz not null default now(),
    constraint application_name_is_free unique (environment_id, name)
);

create table domains (
    id             uuid primary key,
    team_id        uuid not null references teams on delete cascade,
    application_id uuid not null references applications on delete cascade,
    host           text not null,
    path           text not null,
    created_at     timestamptz not null default now(),
    constraint domain_is_free unique (host, path)
);

create table variables (
    id             uuid primary key,
    team_id        uuid not null references teams on delete cascade,
    application_id uuid not null references applications on delete cascade,
    key            text not null,
    value          bytea not null, -- sealed
    length         integer not null,
    updated_at     timestamptz not null default now(),
    constraint variable_key_is_free unique (application_id, key)
);

do $$
declare name text;
begin
    foreach name in array array['projects', 'environments', 'applications', 'domains', 'variables'] loop
        execute format('alter table %I enable row level security', name);
        execute format('create policy team on %I using (team_id = slipway_team()) with check (team_id = slipway_team())', name);
        execute format('grant select, insert, update, delete on %I to slipway_tenant', name);
    end loop;
end $$;
