-- People and teams. `slipway_tenant` is the role that requests run as; it cannot bypass row-level security.
do $$
begin
    if not exists (select from pg_roles where rolname = 'slipway_tenant') then
        begin
            create role slipway_tenant nologin nobypassrls;
        exception when duplicate_object or unique_violation then null; -- another database of this server was first
        end;
    end if;
    execute format('grant slipway_tenant to %I', current_user);
end $$;

-- The team of the current transaction; null outside one, so that no row matches.
create function slipway_team() returns uuid language sql stable as
    $$ select nullif(current_setting('slipway.team', true), '')::uuid $$;

create table teams (
    id         uuid primary key,
    name       text not null,
    created_at timestamptz not null default now()
);

create table users (
    id              uuid primary key,
    email           text not null unique,
    name            text not null,
    password_hash   text not null,
    failed_sign_ins integer not null default 0,
    locked_until    timestamptz,
    created_at      timestamptz not null default now()
);

create table memberships (
    team_id uuid not null references teams on delete cascade,
    user_id uuid not null references users on delete cascade,
    role    text not null check (role in ('owner', 'admin', 'developer', 'viewer')),
    primary key (team_id, user_id)
);
create index memberships_by_user on memberships (user_id);

-- Only the code's hash is kept. Without a team it is the first owner's, made on the server itself.
create table invitations (
    id         uuid primary key,
    team_id    uuid references teams on delete cascade,
    role       text not null check (role in ('owner', 'admin', 'developer', 'viewer')),
    code_hash  bytea not null unique,
    expires_at timestamptz not null,
    used_at    timestamptz
);

create table sessions (
    id         uuid primary key,
    user_id    uuid not null references users on delete cascade,
    created_at timestamptz not null default now(),
    ended_at   timestamptz
);

-- One row per refresh token ever given out in a session, so that a spent one is recognised.
create table refresh_tokens (
    token_hash bytea primary key,
    session_id uuid not null references sessions on delete cascade,
    expires_at timestamptz not null,
    spent_at   timestamptz
);

create table audit (
    id         bigint generated always as identity primary key,
    team_id    uuid references teams on delete cascade,
    at         timestamptz not null default now(),
    actor      text not null,
    action     text not null,
    subject    text not null,
    request_id text not null
);
create index audit_by_team on audit (team_id, id desc);

alter table memberships enable row level security;
alter table invitations enable row level security;
alter table audit enable row level security;
create policy team on memberships using (team_id = slipway_team());
create policy team on invitations using (team_id = slipway_team());
create policy team on audit using (team_id = slipway_team());

-- A member's e-mail and name are read through this view, which shows only the current team's people.
create view member_people as
    select m.team_id, m.role, u.id, u.email, u.name
      from memberships m join users u on u.id = m.user_id
     where m.team_id = slipway_team();

grant usage on schema public to slipway_tenant;
grant select on memberships, member_people to slipway_tenant;
grant select, insert on invitations, audit to slipway_tenant;
