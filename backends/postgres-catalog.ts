import type { Query } from "./postgres-transaction.ts";

/**
 * Postgres lets everybody read how many rows any table has: estimates in `pg_class`,
 * counters in the statistics views, sizes by functions; also of the whole database. In a database that many namespaces
 * share that is somebody else's secret, so it is taken from `public`, once a database, with
 * the rights to make tables that are nobody's. Who may read all statistics by Postgres's own
 * role still may: a proxy that is no superuser has to be of it. Only a superuser can; answers what stays visible where Prism's login is none.
 */
export async function hideCounts(query: Query): Promise<string | undefined> {
  const [state] = await query<{ hidden: boolean; superuser: boolean }>(
    `select not has_table_privilege('public', 'pg_catalog.pg_class', 'select') as hidden,
       (select rolsuper from pg_roles where rolname = current_user) as superuser`,
  );
  if (state?.hidden === true) return undefined;
  if (state?.superuser !== true) return "estimated row counts and sizes of all tables of the database";
  await query("select pg_advisory_xact_lock(hashtext('prism counts'))");
  await query(hide);
  return undefined;
}

/** `pg_class` last: it is what says that all of it is done. */
const hide = `do $$
declare each record;
begin
  for each in select c.oid::regclass as name from pg_class c
    where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'v'
      and c.relname ~ '^pg_stat(io)?_(xact_)?(all|user)_|^pg_stat_(progress|database)' loop
    execute format('revoke select on %s from public', each.name);
    execute format('grant select on %s to pg_read_all_stats', each.name);
  end loop;
  for each in select p.oid::regprocedure as name from pg_proc p
    where p.pronamespace = 'pg_catalog'::regnamespace
      and p.proname ~ '^pg_(table|indexes|total_relation|relation|database|tablespace)_size$|^pg_stat_get_(xact_)?(db_|tuples|live|dead|mod|ins|numscans|blocks|last|vacuum|autovacuum|analyze|autoanalyze)' loop
    execute format('revoke execute on function %s from public', each.name);
    execute format('grant execute on function %s to pg_read_all_stats', each.name);
  end loop;
  execute format('revoke temporary on database %I from public', current_database());
  revoke create on schema public from public;
  grant select on pg_catalog.pg_class to pg_read_all_stats;
  revoke select on pg_catalog.pg_class from public;
end $$`;
