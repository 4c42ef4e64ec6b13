-- What workers last saw of each backend: it changes all the time and is nobody's history.
create table control.backends (
  backend text primary key,
  seen_at timestamptz not null,
  healthy boolean not null,
  message text,
  version text,
  used jsonb not null
);
