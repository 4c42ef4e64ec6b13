-- Somebody's word that a proxy is dead; it is taken back by the proxy itself, when it is heard again.
alter table control.proxies add column evicted_at timestamptz;
