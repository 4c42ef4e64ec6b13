-- Where a proxy may be probed, and how many calls are under way in what it drains.
alter table control.proxies add column probe_address text not null default '';
alter table control.proxies add column in_flight jsonb not null default '{}';
