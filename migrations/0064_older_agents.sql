-- The newest migration that an agent has to know to work on these tables: an upgrade that does not succeed goes back to the agent before it.
-- A migration that takes away what an older agent uses sets this to its own number.
create table oldest_agent (
    migration bigint not null
);
insert into oldest_agent values (63);
