-- A terminal may be on the node: then it is of no application, its name is the node's, and its task is empty.
alter table terminals alter column application_id drop not null;
