import { unreachable } from "../errors.ts";
import type { BackendKind } from "../plan.ts";
import { sha256Hex } from "../sha256.ts";

/**
 * The physical name of everything a namespace has in a backend. Each function is pure
 * and injective: two namespaces never share a name, also where a name had to be cut.
 *
 * A namespace's name holds no two hyphens in a row, no dot and no underscore. So `__`
 * and `--` can only stand before a hash, and a dot only ends a namespace's name.
 * Prefixes in Redis, NATS and S3 get the incarnation when they are provisioned.
 */

/** Kafka allows 249 characters; a namespace has at most 64. */
export const kafkaTopic = (namespace: string, api: "queue" | "pubsub"): string => `${namespace}-${api}`;

/** A topic of changes that the client named: below its own namespace, so that nobody can take another's. */
export const changeTopic = (namespace: string, topic: string): string => {
  const name = `${namespace}.${topic}`;
  return name.length <= 249 ? name : `${name.slice(0, 239)}..${hash(name)}`;
};

/** The name of a namespace's client quota; the backend makes the client id it binds from it. */
export const kafkaClient = (namespace: string): string => namespace;

export const postgresTable = (
  kind: "wal" | "replay" | "outbox" | "queue" | "kv" | "tier",
  namespace: string,
): string => within63(`${kind}_${underscored(namespace)}`, "__");

/** In the tenant database: what the namespace's own SQL sees. */
export const postgresSchema = (namespace: string): string => within63(`ns_${underscored(namespace)}`, "__");

/** Publication and replication slot of a namespace's change capture. */
export const postgresChanges = (namespace: string): string => within63(`cdc_${underscored(namespace)}`, "__");

export const natsStream = (namespace: string): string => `${namespace}-pubsub`;
export const natsSubject = (namespace: string): string => `${namespace}.>`;

export const redisUser = (namespace: string): string => namespace;
export const redisPrefix = (namespace: string): string => `${namespace}:`;

export const s3Bucket = (namespace: string): string => within63(`prism-${namespace}`, "--");

/**
 * Whom a namespace logs in as. A life of its own has a name of its own, except in Redis,
 * where the plan already names the user.
 */
export function loginName(backend: BackendKind, { namespace, incarnation }: Life): string {
  switch (backend) {
    case "postgres": {
      const life = `_${incarnation}`;
      return `${within(63 - life.length, `prism_${underscored(namespace)}`, "__")}${life}`;
    }
    case "redis":
      return redisUser(namespace);
    case "kafka":
    case "nats":
    case "s3":
      return `prism.${namespace}.${incarnation}`;
    default:
      return unreachable(backend);
  }
}

/** Whose login that is, where a backend has names for them and no tags; `undefined`: nobody's of Prism. */
export function lifeOfLogin(name: string): Life | undefined {
  const [, namespace, incarnation] = /^prism\.([a-z][a-z0-9-]*)\.([1-9]\d{0,8})$/.exec(name) ?? [];
  return namespace === undefined ? undefined : { namespace, incarnation: Number(incarnation) };
}

type Life = { readonly namespace: string; readonly incarnation: number };

const underscored = (namespace: string): string => namespace.replaceAll("-", "_");

/** `mark` cannot occur in a name that was not cut, so a cut name is never another one's whole name. */
function within(longest: number, name: string, mark: string): string {
  return name.length <= longest ? name : `${name.slice(0, longest - mark.length - 8)}${mark}${hash(name)}`;
}

const within63 = (name: string, mark: string): string => within(63, name, mark);

/** 8 characters of base 36: 41 bits. */
const hash = (name: string): string => {
  const number = Number.parseInt(sha256Hex(name).slice(0, 13), 16);
  return number.toString(36).padStart(8, "0").slice(-8);
};
