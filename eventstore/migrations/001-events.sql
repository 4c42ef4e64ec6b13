-- The log. Rows are only ever added, by one transaction at a time (see postgres/append-queue.ts).
create table eventstore.events (
  position    bigint      not null primary key,          -- dense from 1; commit order
  stream      text        collate "C" not null,
  revision    bigint      not null,                      -- dense from 0 within the stream
  id          uuid        not null unique,
  type        text        collate "C" not null,
  data        json        not null,                      -- json, not jsonb: the hashed text is kept as it is
  metadata    json        not null,
  bytes       integer     not null,                      -- of data and metadata, so that a page can be bounded unread
  recorded_at timestamptz not null,
  hash        text        collate "C" not null,          -- over the stream's previous hash and this event
  unique (stream, revision)
);

-- As-of: the last position at a time.
create index events_recorded_at on eventstore.events (recorded_at, position);
