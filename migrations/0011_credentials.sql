-- What lets the agent into private repositories and registries. Secrets are sealed.
create table git_credentials (
    id             uuid primary key,
    team_id        uuid not null references teams on delete cascade,
    application_id uuid not null references applications on delete cascade,
    kind           text not null check (kind in ('token', 'deploy_key')),
    secret         bytea not null, -- sealed: the token, or the key's 32 bytes
    public         text not null, -- the token's user name, or the public key
    updated_at     timestamptz not null default now(),
    constraint one_git_credential_of_a_kind unique (application_id, kind)
);

create table registry_credentials (
    id         uuid primary key,
    team_id    uuid not null references teams on delete cascade,
    host       text not null,
    user_name  text not null,
    password   bytea not null, -- sealed
    updated_at timestamptz not null default now(),
    constraint one_sign_in_per_registry unique (team_id, host)
);

do $$
declare name text;
begin
    foreach name in array array['git_credentials', 'registry_credentials'] loop
        execute format('alter table %I enable row level security', name);
        execute format('create policy team on %I using (team_id = slipway_team()) with check (team_id = slipway_team())', name);
        execute format('grant select, insert, update, delete on %I to slipway_tenant', name);
    end loop;
end $$;
