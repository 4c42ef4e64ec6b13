import type { Resource } from "../domain/plan.ts";
import { loginKind, type Thing } from "../domain/reconcile/thing.ts";
import { lifeOfLogin, natsStream as natsPlanned } from "../domain/selection/names.ts";
import { unavailable } from "./ask.ts";
import type { Drift, Login, Owner } from "./backend.ts";
import { derivedSecret, type Logins } from "./logins.ts";
import { natsAddress, natsConnection } from "./nats-connection.ts";
import { claimsIn, publicKey, seedOf, signed } from "./nats-keys.ts";
import { planOf } from "./nats-stream.ts";
import { isRefused, issued, isUnheard, type NatsSystem, natsSystem } from "./nats-system.ts";
import { natsStream, natsSubjects } from "./prefixes.ts";
import type { Timed } from "./timed.ts";

/** Accounts that are looked up side by side. */
const atOnce = 32;

/** What lets Prism make accounts on a server (docs/operating.md says how to come by it). */
export type NatsTrust = {
  /** Seed of a key that the server's operator signs with. */
  readonly operator: string;
  /** `<JWT>:<seed>` of a user of the system account. */
  readonly system: string;
};

export type NatsAccountOptions = {
  readonly url: string;
  readonly logins: Logins;
  readonly deadlineMs: number;
  readonly trust?: NatsTrust | undefined;
};

/** A namespace's own login: the only user of an account that sees one stream and nothing else. */
export type NatsAccounts = {
  /** Nothing where there can be no login. */
  drift(resource: Resource, owner: Owner, timed: Timed): Promise<readonly Drift[]>;
  ensure(resource: Resource, owner: Owner, timed: Timed): Promise<Login>;
  /** Its account, where there is one. */
  held(resource: Resource, owner: Owner, timed: Timed): Promise<string | undefined>;
  /** Its account, there or not; nothing where there can be none. Another secret of the platform makes another. */
  named(resource: Resource, owner: Owner): string | undefined;
  /** Who is logged in to that account is cut off. */
  forget(id: string, timed: Timed): Promise<void>;
  /** The same by whose it is. */
  remove(resource: Resource, owner: Owner, timed: Timed): Promise<void>;
  /** Accounts that are called like a login of Prism's. */
  list(timed: Timed): Promise<readonly Thing[]>;
  /** One whose key follows from our secret; `false`: it is left alone. */
  removeOurs(name: string, id: string | undefined, owner: Owner, timed: Timed): Promise<boolean>;
  close(): Promise<void>;
};

/**
 * Accounts, not permissions, keep namespaces apart: permissions do not bind the replies that
 * JetStream sends (docs/decisions/078-an-account-a-life-in-nats.md). Streams stay in Prism's account;
 * that of a life imports from it the way to its own stream.
 */
export function natsAccounts({ url, logins, deadlineMs, trust }: NatsAccountOptions): NatsAccounts {
  if (trust === undefined) return withoutTrust;
  const prism = natsAddress(url).account;
  if (prism === undefined) return noLogins(byPassword);
  const system = natsSystem(natsConnection(as(url, trust.system), deadlineMs), trust.operator);

  const planned = (resource: Resource, owner: Owner) => {
    const { account } = natsCredentials(logins, resource, owner);
    return { id: publicKey(account), nats: rightsOn(resource, owner, prism) };
  };

  const look = async (resource: Resource, owner: Owner, timed: Timed) => {
    const { id, nats } = planned(resource, owner);
    const seen = await system.account(id, timed);
    return "refused" in seen
      ? { id, drift: [], ...seen }
      : { id, drift: differences(seen.jwt, nats), ...seen };
  };
  const held = async (resource: Resource, owner: Owner, timed: Timed): Promise<string | undefined> => {
    const seen = await look(resource, owner, timed);
    return "refused" in seen || seen.jwt === undefined ? undefined : seen.id;
  };

  /** Whether it gets in and reaches its own. The server says that it took an account also where it did not. */
  const trial = async (resource: Resource, owner: Owner, timed: Timed): Promise<string | undefined> => {
    const { jwt, seed } = natsCredentials(logins, resource, owner);
    const connection = natsConnection(as(url, `${jwt}:${seed}`), deadlineMs);
    const subject = `${natsApi}.STREAM.INFO.${natsStream(resource.name, owner)}`;
    try {
      await connection.streams("let a namespace in", timed, (_, client) => client.request(subject));
      return undefined;
    } catch (error) {
      const { cause } = error as Error;
      if (isRefused(cause)) return "the server does not put accounts of Prism's into force";
      if (isUnheard(cause)) return "Prism's account does not export the service *.*.>";
      throw error;
    } finally {
      await connection.close();
    }
  };

  const forget = async (id: string, timed: Timed): Promise<void> => {
    const seen = await system.account(id, timed);
    if ("refused" in seen || seen.jwt === undefined) return;
    insist("forget an account", await system.forget(id, timed));
  };

  return {
    drift: async (resource, owner, timed) => (await look(resource, owner, timed)).drift,
    async ensure(resource, owner, timed) {
      const { user } = logins("nats", owner);
      const seen = await look(resource, owner, timed);
      if ("refused" in seen) return without(seen.refused);
      if (seen.drift.length > 0) {
        const { id, nats } = planned(resource, owner);
        // None is made that could not be taken back.
        const objection = seen.jwt === undefined ? await system.forget(id, timed) : undefined;
        if (objection !== undefined)
          return without(`the server does not let Prism make accounts: ${objection}`);
        const account = signed(trust.operator, { ...issued(), name: user, sub: id, nats });
        insist("take an account", await system.push(account, timed));
      }
      const trouble = await trial(resource, owner, timed);
      return trouble === undefined ? { user } : without(trouble);
    },
    held,
    named: (resource, owner) => planned(resource, owner).id,
    forget,
    remove: (resource, owner, timed) => forget(planned(resource, owner).id, timed),
    list: (timed) => listAccounts(system, timed),
    async removeOurs(name, id, owner, timed) {
      const ours = natsCredentials(logins, { name: natsPlanned(owner.namespace) }, owner);
      if (name !== logins("nats", owner).user || id !== publicKey(ours.account)) return false;
      await forget(id, timed);
      return true;
    },
    close: system.close,
  };
}

/**
 * How a life of a namespace logs in: the JWT of its user and that user's seed, as NATS
 * clients take them. JetStream answers it below `natsApi`; the account's seed signs further
 * users.
 */
export function natsCredentials(logins: Logins, resource: Pick<Resource, "name">, owner: Owner) {
  const own = logins("nats", owner);
  const account = seedOf("account", derivedSecret(own, ["account", resource.name]));
  const seed = seedOf("user", derivedSecret(own, ["user", resource.name]));
  const sub = publicKey(seed);
  const nats = { type: "user", version: 2, subs: -1, data: -1, payload: -1 };
  return { account, seed, jwt: signed(account, { jti: sub, iat: 0, name: own.user, sub, nats }) };
}

/** In an account of its own `$JS.API` is the server's refusal: there is no JetStream in it. */
export const natsApi = "$JS.prism.API";

/** All that a namespace reaches. Who could make consumers could have messages pushed to any subject. */
function rightsOn(resource: Resource, owner: Owner, account: string) {
  const stream = natsStream(resource.name, owner);
  const calls = [`STREAM.INFO.${stream}`, `STREAM.MSG.GET.${stream}`];
  const own = natsSubjects(planOf(resource).subject, owner);
  const imported = (subject: string, local_subject = subject) => ({
    name: subject,
    subject,
    local_subject,
    account,
    type: "service",
  });
  const imports = [imported(own), ...calls.map((call) => imported(`$JS.API.${call}`, `${natsApi}.${call}`))];
  const limits = { subs: -1, data: -1, payload: -1, imports: imports.length, conn: -1, wildcards: false };
  return { type: "account", version: 2, limits, imports };
}

function differences(jwt: string | undefined, planned: Readonly<Record<string, unknown>>): readonly Drift[] {
  if (jwt === undefined) return [{ field: "login", planned: "there", actual: "missing" }];
  const { nats } = claimsIn(jwt);
  return [...new Set([...Object.keys(planned), ...Object.keys(nats)])]
    .map((field) => ({
      field: `login's ${field}`,
      planned: JSON.stringify(planned[field]) ?? "none",
      actual: JSON.stringify(nats[field]) ?? "none",
    }))
    .filter(({ planned: wanted, actual }) => wanted !== actual);
}

/** A server tells the keys of accounts; what they are called is in each one's claims. */
async function listAccounts(system: NatsSystem, timed: Timed): Promise<readonly Thing[]> {
  const things: Thing[] = [];
  const ids = await system.accounts(timed);
  for (let from = 0; from < ids.length; from += atOnce) {
    const some = ids.slice(from, from + atOnce);
    const found = await Promise.all(some.map((id) => system.account(id, timed)));
    for (const [at, seen] of found.entries()) {
      const name = "refused" in seen || seen.jwt === undefined ? "" : claimsIn(seen.jwt).name;
      const owner = lifeOfLogin(name);
      const identity = some[at] ?? "";
      if (owner !== undefined) things.push({ backend: "nats", kind: loginKind, name, identity, owner });
    }
  }
  return things;
}

function insist(what: string, objection: string | undefined): void {
  if (objection !== undefined) throw unavailable("NATS", what, new Error(objection));
}

/** The same servers, as somebody else. */
const as = (url: string, user: string): string => url.replace(/^(nats:\/\/)?([^@]*@)?/, `nats://${user}@`);

const without = (because: string) => ({ none: `a namespace has no login in NATS: ${because}` });
const noLogins = (because: string): NatsAccounts => ({
  drift: async () => [],
  ensure: async () => without(because),
  held: async () => undefined,
  named: () => undefined,
  forget: async () => {},
  remove: async () => {},
  list: async () => [],
  removeOurs: async () => false,
  close: async () => {},
});
const withoutTrust = noLogins(
  "Prism may not make accounts there (PRISM_NATS_OPERATOR and PRISM_NATS_SYSTEM, see docs/operating.md)",
);
const byPassword = "PRISM_NATS_URL logs in by password, and accounts are an operator's";
