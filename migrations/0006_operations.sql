-- An application that was stopped keeps its release; nothing of it runs until it is started again.
alter table applications add column stopped_at timestamptz;

-- What mends a mistake goes before what may make one.
alter table deployments add column priority smallint not null default 1;

-- Until then the tasks of a release that no longer serves keep running, so that going back takes a moment.
alter table deployments add column warm_until timestamptz;

-- While a release takes over bit by bit: the deployment that is on its way, and its share of the requests in per cent.
-- Without a number each task of both releases counts the same.
create table shares (
    application_id uuid primary key references applications on delete cascade,
    team_id        uuid not null references teams on delete cascade,
    deployment_id  uuid not null references deployments on delete cascade,
    percent        smallint check (percent between 1 and 100)
);
alter table shares enable row level security;
create policy team on shares using (team_id = slipway_team()) with check (team_id = slipway_team());
grant select on shares to slipway_tenant;

-- A person who takes a stuck deployment up again does so through the step log.
grant insert on step_events to slipway_tenant;
