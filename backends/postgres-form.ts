import type { Resource } from "../domain/plan.ts";
import type { Drift, Owner } from "./backend.ts";
import { isTable, layoutDrift, layoutOf } from "./postgres-layout.ts";
import { placeOf, shared } from "./postgres-place.ts";
import type { PostgresRole } from "./postgres-role.ts";
import { dropEmptySchema, dropSchema, ensureSchema, findSchema, schemaDrift } from "./postgres-schema.ts";
import { schemaBytes, tableBytes } from "./postgres-size.ts";
import { createTable, findTable, mendTable } from "./postgres-table.ts";
import type { Query } from "./postgres-transaction.ts";

/** `oid` names this very thing, whatever it is called. */
export type Found = { readonly oid: string; readonly owner: Owner | undefined };

/** What a resource of the plan is in Postgres, and how it is made; each within a transaction. */
export type Form = {
  /** Who makes or removes has it to itself; all that is in one schema is one. */
  readonly lock: string;
  /** Proxies keep beside it where its log has come to. */
  readonly keepsLog: boolean;
  find(query: Query): Promise<Found | undefined>;
  drift(query: Query, owner: Owner): Promise<readonly Drift[]>;
  /** Leaves it as planned, with its owner's login, where it is absent or its owner's. */
  make(query: Query, owner: Owner): Promise<{ user: string }>;
  drop(query: Query): Promise<void>;
  /** Bytes on disk, with indexes and what is stored beside. */
  bytes(query: Query): Promise<number>;
};

/** `undefined`: a kind that this build does not make. */
export function formOf(resource: Resource, role: PostgresRole): Form | undefined {
  if (resource.kind === "schema") return schemaForm(resource, role);
  return isTable(resource) ? tableForm(resource, role) : undefined;
}

function schemaForm({ name }: Resource, role: PostgresRole): Form {
  return {
    lock: lockOf(name),
    keepsLog: false,
    find: (query) => findSchema(query, name),
    async drift(query, owner) {
      const { user } = role.named(owner);
      return [...(await role.loginDrift(query, owner)), ...(await schemaDrift(query, name, user))];
    },
    make: (query, owner) => makeSchema(query, role, name, owner),
    drop: async (query) => void (await dropSchema(query, name)),
    bytes: (query) => schemaBytes(query, name),
  };
}

function tableForm(resource: Resource, role: PostgresRole): Form {
  const place = placeOf(resource);
  const layout = layoutOf(resource);
  const own = place.schema !== shared;
  return {
    lock: own ? lockOf(place.schema) : `prism table ${place.name}`,
    keepsLog: !own,
    find: (query) => findTable(query, place),
    async drift(query, owner) {
      const table = await findTable(query, place);
      const built = table === undefined ? [] : layoutDrift(layout, table);
      const reached = own ? await schemaDrift(query, place.schema, role.named(owner).user) : [];
      return [...built, ...reached, ...(await role.drift(query, owner, place))];
    },
    async make(query, owner) {
      if (own) await makeSchema(query, role, place.schema, owner);
      const before = await findTable(query, place);
      if (before === undefined) await createTable(query, resource, owner);
      else await mendTable(query, resource, layoutDrift(layout, before));
      return role.ensure(query, owner, place);
    },
    async drop(query) {
      await query(`drop table ${place.qualified}`);
      if (own) await dropEmptySchema(query, place.schema);
    },
    bytes: (query) => tableBytes(query, place),
  };
}

const lockOf = (schema: string): string => `prism schema ${schema}`;

async function makeSchema(query: Query, role: PostgresRole, name: string, owner: Owner) {
  const login = await role.login(query, owner);
  const dead = await ensureSchema(query, name, owner, login.user);
  if (dead !== undefined) await role.remove(query, dead);
  return login;
}
