-- The likely cause of a step's failure: {"code", "cause", "remedy"}. What failed before stays without one.
alter table step_events add column explanation jsonb;
