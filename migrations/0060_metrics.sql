-- What was used and done, as points of 10 s, 60 s and 900 s. `mean` and `most` hold the values of all series in the order of
-- `server-agent/src/domain/metrics/series.rs`; null is a gap. `samples` says of how many looks a point is made.
create table application_metrics (
    application_id uuid not null references applications on delete cascade,
    team_id        uuid not null references teams on delete cascade,
    step           smallint not null,
    at             timestamptz not null,
    samples        smallint not null,
    mean           real[] not null,
    most           real[] not null,
    primary key (application_id, step, at)
);
alter table application_metrics enable row level security;
create policy team on application_metrics using (team_id = slipway_team()) with check (team_id = slipway_team());
grant select on application_metrics to slipway_tenant;
-- Of the node: nobody's, like its health, and out of the reach of requests' role.
create table node_metrics (
    step    smallint not null,
    at      timestamptz not null,
    samples smallint not null,
    mean    real[] not null,
    most    real[] not null,
    primary key (step, at)
);
