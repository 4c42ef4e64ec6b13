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
  bytes bigint not null default 0,
  fenced bigint
) with (fillfactor = 20);

-- How far it was when the fence was put up; logs that are older have no such column. Looked for first: to
-- alter a table waits for all who use it, and has them wait.
do $$ begin
  if not exists (select from pg_attribute where attrelid = 'prism_log.relay'::regclass and attname = 'fenced') then
    alter table prism_log.relay add column fenced bigint;
  end if;
end $$;

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

-- The beginning of a batch of messages: locks the log's head, moves it, and answers where the batch
-- begins. Of the ids that must be there once, those that are already are answered, with where they are;
-- positions are for the others. Answers nothing where the fence is up.
-- A function, so that what it asks after the lock sees what was committed while it waited. It asks for
-- each id by itself: for all at once Postgres, as long as it has no statistics of the day, reads all of it.
create or replace function prism_log.claim(
  in_namespace text, life int, durable boolean, entries int, once uuid[],
  out base bigint, out stamp timestamptz, out known uuid[], out known_positions bigint[], out known_stamps timestamptz[]
) language plpgsql as $$
declare
  today int;
begin
  if not durable then perform set_config('synchronous_commit', 'off', true); end if;
  update prism_log.log_head h
    set position = h.position + entries,
      recorded_at = date_trunc('milliseconds', greatest(clock_timestamp(), h.recorded_at))
    where h.namespace = in_namespace and h.incarnation = life and h.state = 'open'
    returning h.position - entries, h.recorded_at into base, stamp;
  if base is null or cardinality(once) = 0 then return; end if;
  today := prism_log.today();
  select array_agg(p.message_id), array_agg(p.position), array_agg(p.recorded_at)
    into known, known_positions, known_stamps
    from unnest(once) wanted(id), lateral (
      select * from prism_log.published p
      where p.day in (today, today - 1) and p.message_id = wanted.id limit 1
    ) p;
  if known is null then return; end if;
  update prism_log.log_head h set position = h.position - cardinality(known) where h.namespace = in_namespace;
end
$$;

-- Over how many partitions of its broker a log's entries go, from the one after `after` on. The same
-- entry so lies in the same partition whoever sends it, and however often. A row without `partitions`
-- is a barrier: nothing after it is sent. `ends`: where each of the partitions before ended there.
create table if not exists prism_log.layouts (
  namespace text not null,
  incarnation int not null,
  after bigint not null,
  partitions int,
  ends bigint[],
  primary key (namespace, incarnation, after)
);
