-- Whether a host name leads to applications of another team than the transaction's: a path below somebody's own host would be served by others.
-- Requests see their own team's rows only, so it is asked with the rights of the tables' owner, and answers yes or no.
create function host_of_another_team(name text) returns boolean language plpgsql security definer set search_path from current as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('host ' || name, 0));
    return exists (select from domains where host = name and team_id is distinct from slipway_team());
end $$;
revoke all on function host_of_another_team(text) from public;
grant execute on function host_of_another_team(text) to slipway_tenant;

-- With and without a slash at its end a path is the same to the edge.
update domains d set path = rtrim(path, '/')
 where path like '_%/' and not exists (select from domains o where o.host = d.host and o.path = rtrim(d.path, '/'));
