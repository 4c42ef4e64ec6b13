-- What each namespace in use keeps, as a sweep last measured it: a look at the world is nobody's history.
create table control.data_sizes (
  namespace text primary key,
  -- The life of the name that was measured.
  incarnation int not null,
  data_bytes bigint not null,
  -- What it had reserved then.
  data_size_bytes bigint not null,
  -- Of its resources, by key: bytes, estimated, measured_at.
  resources jsonb not null
);
