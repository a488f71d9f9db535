-- Since then the tasks of what serves have not been seen to run or not to run, as they should: somebody has started or stopped the
-- application, or a deployment was at work. Null once they were seen so: what differs after that was done outside Slipway.
alter table serving add column unsettled_at timestamptz default now();

-- Who adopts such a change puts a deployment in front that says so, and tells of it.
grant update (deployment_id, since, unsettled_at) on serving to slipway_tenant;
grant insert on events to slipway_tenant;
