-- What the logs of all namespaces share in the data database (design §9). Run at every start, so
-- each statement leaves alone what is there.
create schema if not exists prism_log;

-- A publish locks its namespace's row here, so that positions are dense and in the order of commits.
-- Another state than 'open' is the fence: nothing is added any more, whoever tries.
create table if not exists prism_log.log_head (
  namespace text primary key,
  incarnation int not null,
  position bigint not null,
  recorded_at timestamptz not null,
  state text not null
) with (fillfactor = 20);

-- How far a log is in its broker; in a table of its own, so that relaying does not wait for publishing.
create table if not exists prism_log.relay (
  namespace text primary key,
  incarnation int not null,
  epoch bigint not null,
  relayed bigint not null,
  bytes bigint not null default 0
) with (fillfactor = 20);

-- Which messages with an idempotency key were published, by day: two days are kept.
create table if not exists prism_log.published (
  day int not null,
  message_id uuid not null,
  position bigint not null,
  recorded_at timestamptz not null,
  primary key (day, message_id)
) partition by list (day);

create or replace function prism_log.today() returns int language sql stable as $$
  select floor(extract(epoch from clock_timestamp()) / 86400)::int
$$;

-- Adds messages to a log and answers, in their order, where each is. One with `once` that was
-- published before is answered with where it is since then. Answers nothing where the fence is up.
create or replace function prism_log.append(
  in_namespace text, life int, log regclass, durable boolean,
  ids uuid[], topics text[], keys bytea[], payloads bytea[], metadatas bytea[], onces boolean[]
) returns table (at_position bigint, at_ms bigint, is_new boolean) language plpgsql as $$
declare
  base bigint;
  stamp timestamptz;
begin
  if not durable then perform set_config('synchronous_commit', 'off', true); end if;
  -- A statement of its own: what follows must see what was committed while this one waited.
  select h.position, date_trunc('milliseconds', greatest(clock_timestamp(), h.recorded_at)) into base, stamp
    from prism_log.log_head h
    where h.namespace = in_namespace and h.incarnation = life and h.state = 'open' for update;
  if not found then return; end if;
  return query execute format($query$
    with asked as (
      select u.*, p.position as known_position, p.recorded_at as known_at,
        row_number() over (partition by u.id order by u.o) as nth
      from unnest($1, $2, $3, $4, $5, $6) with ordinality u(id, topic, key, payload, metadata, once, o)
      left join prism_log.published p on u.once and p.day in ($9, $9 - 1) and p.message_id = u.id
    ), judged as (
      select *, known_position is null and (not once or nth = 1) as fresh from asked
    ), numbered as (
      select *, $7 + count(*) filter (where fresh) over (order by o) as new_position from judged
    ), stored as (
      insert into %s (position, message_id, topic, key, payload, metadata, recorded_at)
      select new_position, id, topic, key, payload, metadata, $8 from numbered where fresh
    ), remembered as (
      insert into prism_log.published select $9, id, new_position, $8 from numbered where fresh and once
    ), moved as (
      update prism_log.log_head set position = $7 + (select count(*) from numbered where fresh), recorded_at = $8
      where namespace = $10
    )
    select coalesce(known_position, first_value(new_position) over (partition by id order by o)),
      (extract(epoch from coalesce(known_at, $8)) * 1000)::bigint, fresh
    from numbered order by o
  $query$, log) using ids, topics, keys, payloads, metadatas, onces, base, stamp, prism_log.today(), in_namespace;
end
$$;
