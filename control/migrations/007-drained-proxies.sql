-- Somebody's word that a proxy is to take nothing new; it stands until it is taken back, also over restarts.
alter table control.proxies add column draining boolean not null default false;
-- What it then still has under way, as it says itself; null: it has not heard of it, or is not to drain.
alter table control.proxies add column under_way int;
