-- The deployment whose end is told, so that who reads of it is led there.
alter table events add column deployment_id uuid references deployments on delete set null;
