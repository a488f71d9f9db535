-- When somebody wished for the number of tasks in the settings: a change of scale that was asked for before that takes it back no more.
-- Null: nobody has, since there was the application, or since this is written down.
alter table applications add column replicas_wished_at timestamptz;
-- Of a deployment that brings the number of a change of scale under way: the number that the settings had, which it brings where that one comes to
-- nothing.
alter table deployments add column replicas_otherwise integer;
