-- Settings say what kind of source and of build they mean; a Dockerfile is one kind among others.
create function pg_temp.of_a_kind(settings jsonb) returns jsonb language sql as $$
    select (settings - 'dockerfile')
        || jsonb_build_object('source', jsonb_build_object('kind', 'git') || (settings -> 'source'))
        || jsonb_build_object('build', jsonb_build_object('kind', 'dockerfile', 'file', coalesce(settings ->> 'dockerfile', 'Dockerfile')))
$$;

update applications set settings = pg_temp.of_a_kind(settings) where not settings -> 'source' ? 'kind';
update deployments set plan = jsonb_set(plan, '{settings}', pg_temp.of_a_kind(plan -> 'settings')) where not plan -> 'settings' -> 'source' ? 'kind';
