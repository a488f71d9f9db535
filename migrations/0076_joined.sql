-- When somebody came into a team. A call that names no team is about the one that they joined first, so that another invitation moves nobody elsewhere.
alter table memberships add column joined_at timestamptz not null default now();
