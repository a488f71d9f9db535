-- When the settings and variables that a deployment runs with were taken: those of one that only goes back, restarts or has more tasks are
-- another deployment's. Without a value: when it was asked for.
alter table deployments add column configured_at timestamptz;
