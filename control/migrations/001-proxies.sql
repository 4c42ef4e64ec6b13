-- Leases and acknowledgements change many times a second: they are rows, never events.
create table control.proxies (
  proxy text primary key,
  shard text not null,
  address text not null,
  region text not null,
  lease_until timestamptz not null,
  applied_version bigint not null,
  load int not null,
  healthy boolean not null,
  refused jsonb not null,
  joined_at timestamptz not null,
  renewed_at timestamptz not null
);
create index proxies_shard on control.proxies (shard, lease_until);
