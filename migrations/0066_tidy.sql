-- What is asked again and again is found without reading all that ever was.
create index deployments_warm on deployments (warm_until) where warm_until is not null;
create index deployments_kept on deployments (application_id) where release_kept;
create index refresh_tokens_by_session on refresh_tokens (session_id);
create index sessions_by_user on sessions (user_id);
