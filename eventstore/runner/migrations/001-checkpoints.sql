-- How far each version of each projection has read. Its rows are in a table of their own, "<name>_v<version>".
create table projections.checkpoints (
  projection text    collate "C" not null,
  version    integer not null,
  position   bigint  not null default 0,
  epoch      bigint  not null default 0,      -- raised by every new leader; an old one's writes are refused by it
  built      boolean not null default false,  -- has read the whole log once: may be served
  changed_at timestamptz not null default now(),
  primary key (projection, version)
);
