-- Sweeps, asked for or by the clock, and what the last one found: a look at the world is nobody's history.
create table control.sweeps (
  id text primary key,
  requested_by text not null,
  state text not null,
  asked_at timestamptz not null default now(),
  started_at timestamptz,
  ended_at timestamptz,
  workflow_id text not null,
  run_id text not null default '',
  error jsonb,
  -- Backends that did not answer, with what was wrong.
  unseen jsonb not null default '{}'
);
create index on control.sweeps (asked_at);

create table control.findings (
  id bigint generated always as identity primary key,
  sweep text not null,
  seen_at timestamptz not null default now(),
  settled_at timestamptz,
  class text not null,
  backend text,
  kind text,
  name text,
  namespace text,
  operation text,
  fields jsonb not null,
  because text not null,
  remedy text not null
);
