-- Whoever watches is told that something of a team has changed: with the transaction that changes it, each team once.
create function tell_of_change() returns trigger language plpgsql as $$
begin
    if new.team_id is not null then
        perform pg_notify('slipway_changes', new.team_id::text);
    end if;
    return null;
end
$$;
-- What people do has a row in the audit log; what the engine does has a step, and an end.
create trigger tell after insert on audit for each row execute function tell_of_change();
create trigger tell after insert on step_events for each row execute function tell_of_change();
create trigger tell after insert or update of status on deployments for each row execute function tell_of_change();
create trigger tell after insert or update of deployment_id on serving for each row execute function tell_of_change();
