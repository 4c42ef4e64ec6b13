import { createHash, randomUUID } from "node:crypto";
import { PrismError } from "../domain/errors.ts";
import type { Resource } from "../domain/plan.ts";
import { redisPrefix } from "../domain/selection/names.ts";
import type { Backend, Drift, Observed, Owner } from "./backend.ts";
import type { Logins } from "./logins.ts";
import { ownerIn, ownerTag, standing } from "./owner-tag.ts";
import { redisKeys } from "./prefixes.ts";
import { type Command, redisConnection } from "./redis-connection.ts";
import { refuseUnfitMemory } from "./redis-memory.ts";
import { type Kept, redisOwners } from "./redis-owners.ts";
import { memoryOf } from "./redis-size.ts";
import { bounded, type Timed, type TimedCall } from "./timed.ts";

export type RedisOptions = {
  /** redis://user:password@host:port; a login that may do everything. One server, no cluster. */
  readonly url: string;
  readonly logins: Logins;
  readonly deadlineMs: number;
};

/**
 * Data of its own and nothing else: no command that lists or counts keys (SCAN, KEYS,
 * DBSIZE, RANDOMKEY know no prefix), none that reaches other clients (pub/sub) or stops
 * the server for everybody (scripts, administration), none that leaves keys in another of the
 * server's databases, where no removal looks.
 */
const commands =
  "-@all +@read +@write +@connection +@transaction -@admin -@dangerous -@scripting -@pubsub -scan -randomkey -dbsize -select -move -copy";

const page = 1_000;
// Of a name that has had more, a user whose owner's key is lost is taken for somebody else's.
const recognisedLives = 100;

/** A namespace in Redis is a user confined to one prefix of keys, which carries the incarnation. */
export function redis({ url, logins, deadlineMs }: RedisOptions): Backend {
  const { command, close } = redisConnection(url, deadlineMs);
  const kept = redisOwners(command);
  const passwordOf = (owner: Owner): string => hashed(logins("redis", owner).password);

  /** Where Redis has lost the owner's key, a user's password still says whose it is: no two lives have the same. */
  const ownerByPassword = (user: User, { namespace, incarnation }: Owner): Owner | undefined => {
    for (let life = incarnation; life > 0; life--) {
      const owner = { namespace, incarnation: life };
      if (user.passwords.includes(passwordOf(owner))) return owner;
    }
    return undefined;
  };

  const byPassword = (resource: Resource, user: User, latest: Owner): Kept | undefined => {
    const owner = ownerByPassword(user, latest);
    if (owner === undefined) return undefined;
    const said = { asked: "not known: the owner's key is lost", commands: user.commands };
    return { id: resource.name, tag: ownerTag(owner), prefix: prefixOf(resource, owner), ...said };
  };

  /** A user whose owner no key tells. */
  const unnoted = async (name: string, timed: Timed) => {
    const user = await userOf(command, name, timed);
    const latest = { namespace: name, incarnation: recognisedLives };
    return { name, identity: name, owner: user && ownerByPassword(user, latest) };
  };

  const look = async (
    resource: Resource,
    call: TimedCall,
  ): Promise<{ readonly seen: Observed; readonly found: Kept | undefined }> => {
    const noted = await kept.of(resource, call.timed);
    const user = await userOf(command, resource.name, call.timed);
    const found = noted ?? (user && byPassword(resource, user, call.owner));
    if (found === undefined && user === undefined) return { seen: { state: "absent" }, found };
    const other = standing(ownerIn(found?.tag), found?.id ?? resource.name, call);
    if (other !== undefined || found === undefined) return { seen: other ?? { state: "absent" }, found };
    const drift = driftOf(user, found, {
      password: passwordOf(call.owner),
      pattern: patternOf(prefixOf(resource, call.owner)),
    });
    const { id: identity } = found;
    return {
      seen: drift.length === 0 ? { state: "ready", identity } : { state: "drifted", identity, drift },
      found,
    };
  };

  const sweepAway = async (resource: Resource, found: Kept, timed: Timed): Promise<void> => {
    // The user goes first, so that nobody writes behind the sweep; what says whose it was goes last.
    await command(`delete user ${resource.name}`, timed, "ACL", "DELUSER", resource.name);
    await saveUsers(command, timed);
    await sweep(command, found.prefix, timed);
    await kept.forget(resource, found, timed);
  };

  return bounded("Redis", deadlineMs, {
    kind: "redis",
    observe: async (resource, call) => {
      known(resource);
      return (await look(resource, call)).seen;
    },

    async ensure(resource, call) {
      known(resource);
      const { timed, owner } = call;
      const { seen, found: before } = await look(resource, call);
      if (seen.state === "foreign") throw foreignUser(resource, seen.because);
      refuseForeignKeys(resource);
      await refuseUnfitMemory(command, resource, timed);
      if (seen.state === "dead" && before !== undefined) await sweepAway(resource, before, timed);
      const prefix = prefixOf(resource, owner);
      const mine = await kept.claim(resource, { id: randomUUID(), tag: ownerTag(owner), prefix }, timed);
      const lost = standing(ownerIn(mine.tag), mine.id, call);
      if (lost !== undefined) throw foreignUser(resource, "somebody else has just taken it");
      const rules = ["reset", "on", `#${passwordOf(owner)}`, patternOf(prefix), "resetchannels"];
      const words = ["SETUSER", resource.name, ...rules, ...commands.split(" ")];
      await command(`set up user ${resource.name}`, timed, "ACL", ...words);
      await saveUsers(command, timed);
      const user = await userOf(command, resource.name, timed);
      await kept.rewrite(resource, { ...mine, asked: commands, commands: user?.commands ?? "" }, timed);
      return { identity: mine.id, login: { user: resource.name } };
    },

    async remove(resource, call) {
      known(resource);
      const { seen, found } = await look(resource, call);
      if (seen.state === "foreign") return { removed: false };
      if (found !== undefined) await sweepAway(resource, found, call.timed);
      return { removed: true };
    },

    async measure(resource, { owner, timed }) {
      known(resource);
      return memoryOf(command, `${escaped(prefixOf(resource, owner))}*`, timed);
    },

    async list(timed) {
      const owned = await kept.all(timed);
      const things = owned.map(({ name, id: identity, tag }) => ({ name, identity, owner: ownerIn(tag) }));
      const known = new Set(["default", String(await command("say who this is", timed, "ACL", "WHOAMI"))]);
      for (const { name } of things) known.add(name);
      const users = (await command("list its users", timed, "ACL", "USERS")) as readonly string[];
      const others: Awaited<ReturnType<typeof unnoted>>[] = [];
      for (const name of users) if (!known.has(name)) others.push(await unnoted(name, timed));
      return [...things, ...others].map((each) => ({ ...each, backend: "redis", kind: "acl-user" }));
    },

    async health(timed) {
      await command("answer", timed, "PING");
    },

    async usage(timed) {
      const text = String(await command("tell about itself", timed, "INFO"));
      const field = (name: string) => new RegExp(`^${name}:(\\S+)`, "m").exec(text)?.[1];
      const [bytes, most] = [Number(field("used_memory") ?? 0), Number(field("maxmemory") ?? 0)];
      return {
        version: field("redis_version") ?? null,
        used: { bytes, ...(most > 0 ? { max_bytes: most } : {}) },
      };
    },
    close,
  });
}

function known(resource: Resource): void {
  if (resource.kind === "acl-user") return;
  throw new PrismError("UNIMPLEMENTED", `this build makes no ${resource.kind} in Redis yet`);
}

/** By a plan of an earlier build: a removal would sweep another namespace's keys away. */
function refuseForeignKeys({ name, config }: Resource): void {
  const { prefix } = config as { prefix: string };
  if (prefix.startsWith(redisPrefix(name))) return;
  throw new PrismError("INVALID_CONFIGURATION", `keys of '${name}' in Redis cannot begin with '${prefix}'`, {
    details: { field: "backend.config.prefix", recommendation: `Begin it with '${redisPrefix(name)}'` },
  });
}

const prefixOf = (resource: Resource, owner: Owner): string =>
  redisKeys((resource.config as { prefix: string }).prefix, owner);

/** Literally this prefix: what is a pattern in it is none. */
const escaped = (prefix: string): string => prefix.replace(/[\\*?[\]]/g, "\\$&");
const patternOf = (prefix: string): string => `~${escaped(prefix)}*`;

const hashed = (password: string): string => createHash("sha256").update(password).digest("hex");

type User = {
  readonly flags: readonly string[];
  readonly passwords: readonly string[];
  readonly commands: string;
  readonly keys: string;
  readonly channels: string;
  readonly selectors: readonly unknown[];
};

async function userOf(command: Command, name: string, timed: Timed): Promise<User | undefined> {
  const answer = (await command(`look up user ${name}`, timed, "ACL", "GETUSER", name)) as
    | readonly unknown[]
    | null;
  if (answer === null) return undefined;
  const pairs = answer.flatMap((field, index) => (index % 2 === 0 ? [[field, answer[index + 1]]] : []));
  return Object.fromEntries(pairs) as User;
}

function driftOf(user: User | undefined, kept: Kept, wanted: { password: string; pattern: string }): Drift[] {
  if (user === undefined) return [{ field: "user", planned: "there", actual: "missing" }];
  const fields = [
    { field: "enabled", planned: "on", actual: user.flags.includes("on") ? "on" : "off" },
    { field: "password asked", planned: "yes", actual: user.flags.includes("nopass") ? "no" : "yes" },
    { field: "keys", planned: wanted.pattern, actual: user.keys },
    { field: "channels", planned: "", actual: user.channels },
    { field: "commands", planned: inOrder(kept.commands ?? commands), actual: inOrder(user.commands) },
    { field: "rules", planned: commands, actual: kept.asked ?? "not set yet" },
    { field: "selectors", planned: "0", actual: String(user.selectors.length) },
  ];
  const right = user.passwords.length === 1 && user.passwords[0] === wanted.password;
  const password = { field: "password", planned: "the derived one", actual: "another" };
  return [...fields.filter(({ planned, actual }) => planned !== actual), ...(right ? [] : [password])];
}

/** Categories come before commands, and else in any order: another one after each start. */
const inOrder = (rules: string): string => rules.split(" ").sort().join(" ");

/** Where there is no file for users they last as long as the server; then `reconcile` finds them missing. */
async function saveUsers(command: Command, timed: Timed): Promise<void> {
  await command("save its users", timed, "ACL", "SAVE").catch((error: unknown) => {
    if (!String((error as Error).cause).includes("not configured to use an ACL file")) throw error;
  });
}

/** In pages, and freed in the background: others wait for no more than a page. */
async function sweep(command: Command, prefix: string, timed: Timed): Promise<void> {
  let cursor = "0";
  do {
    const scan = ["SCAN", cursor, "MATCH", `${escaped(prefix)}*`, "COUNT", page] as const;
    const [next, keys] = (await command("list keys", timed, ...scan)) as [string, string[]];
    if (keys.length > 0) await command("remove keys", timed, "UNLINK", ...keys);
    cursor = next;
  } while (cursor !== "0");
}

const foreignUser = (resource: Resource, because: string): PrismError =>
  new PrismError("INVALID_CONFIGURATION", `user '${resource.name}' in Redis is not Prism's: ${because}`, {
    details: { field: "namespace", recommendation: "Choose a different namespace name" },
  });
