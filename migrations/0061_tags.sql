-- Words by which people find applications again. They are no setting: nothing waits for a deployment.
alter table applications add column tags text[] not null default '{}';
