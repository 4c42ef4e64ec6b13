-- Keys of idempotent publishes of namespaces that have no log (design §9). Run at every start, so each
-- statement leaves alone what is there.
create schema if not exists prism_log;

-- By day, so that forgetting is dropping a table: today's and yesterday's are asked. A message's id
-- follows from its namespace, life, topic and key. No place: whether it is in the backend is not known.
create table if not exists prism_log.keyed (
  day int not null,
  message_id uuid not null,
  namespace text not null,
  published_at_ms bigint not null,
  -- Said again and again by whoever is at it.
  claimed_at timestamptz not null,
  place text,
  primary key (day, message_id)
) partition by list (day);

create or replace function prism_log.key_day() returns int language sql volatile as $$
  select floor(extract(epoch from clock_timestamp()) / 86400)::int
$$;

-- What becomes of each: 'fresh' (claimed, nobody has), 'done' (and where it is), 'busy' (somebody is at
-- it), 'left' (claimed: whoever was at it has been silent for longer than `patience_ms`).
-- One at a time for a namespace, so that what it asks after the lock sees what others have committed.
create or replace function prism_log.claim_keys(
  in_namespace text, ids uuid[], at_ms bigint[], patience_ms int
) returns table (verdict text, first_at_ms bigint, known_place text) language plpgsql as $$
declare today int;
begin
  perform set_config('synchronous_commit', 'off', true);
  perform pg_advisory_xact_lock(hashtextextended('prism keys of ' || in_namespace, 0));
  today := prism_log.key_day();
  return query
    with asked as (
      select * from unnest(ids, at_ms) with ordinality a(id, at, o)
    ), known as materialized (
      select k.message_id, k.published_at_ms, k.place,
        k.place is null and k.claimed_at < clock_timestamp() - patience_ms * interval '1 ms' as abandoned
      from prism_log.keyed k where k.day in (today, today - 1) and k.message_id = any(ids)
    ), taken as (
      update prism_log.keyed k set claimed_at = clock_timestamp()
      from known where known.abandoned and k.day in (today, today - 1) and k.message_id = known.message_id
    ), fresh as (
      insert into prism_log.keyed
      select today, a.id, in_namespace, a.at, clock_timestamp(), null from asked a
      where not exists (select from known k where k.message_id = a.id)
    )
    select case
        when k.message_id is null then 'fresh' when k.place is not null then 'done'
        when k.abandoned then 'left' else 'busy' end,
      coalesce(k.published_at_ms, a.at), k.place
    from asked a left join known k on k.message_id = a.id order by a.o;
end
$$;
