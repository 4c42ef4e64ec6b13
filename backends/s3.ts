import { randomUUID } from "node:crypto";
import { PrismError } from "../domain/errors.ts";
import type { Resource } from "../domain/plan.ts";
import { loginKind, type Thing } from "../domain/reconcile/thing.ts";
import { s3Bucket } from "../domain/selection/names.ts";
import { asking } from "./ask.ts";
import type { Backend, Drift, Observed, Owner } from "./backend.ts";
import type { Logins } from "./logins.ts";
import { ownerIn, ownerTag, standing } from "./owner-tag.ts";
import { s3Keys, s3Life } from "./prefixes.ts";
import { type S3Access, s3Access } from "./s3-access.ts";
import { s3Users } from "./s3-admin.ts";
import { type S3Buckets, s3Buckets } from "./s3-bucket.ts";
import { type S3Address, s3Client, s3Lets } from "./s3-client.ts";
import { bounded, type Timed, type TimedCall } from "./timed.ts";

export type S3Options = {
  readonly address: S3Address;
  readonly logins: Logins;
  readonly deadlineMs: number;
  /** Buckets that the platform keeps for itself. */
  readonly apart?: readonly string[];
};

/** What says whose a prefix is: an object that is written once. `id` names this very prefix. */
type Kept = { readonly id: string; readonly tag: string };

const namespaceTag = "prism-namespace";
/** Buckets that are looked into side by side. */
const atOnce = 16;

/**
 * A namespace in S3 is a bucket, tagged with its name, and in it prefixes that begin with
 * the number of its life. The bucket goes with the last of them.
 */
export function s3({ address, logins, deadlineMs, apart = [] }: S3Options): Backend {
  const client = s3Client(address, deadlineMs);
  const ask = asking("S3");
  const buckets = s3Buckets(client, ask);
  const users = s3Users(address, ask);
  const lets = s3Lets(address, deadlineMs, ask);
  const tools: Tools = { buckets, access: s3Access({ users, buckets, logins, lets }) };

  return bounded("S3", deadlineMs, {
    kind: "s3",
    observe: async (resource, call) => {
      known(resource);
      return observe(tools, resource, call);
    },

    async ensure(resource, call) {
      known(resource);
      const { timed, owner } = call;
      const { bucket } = configOf(resource);
      const seen = await observe(tools, resource, call);
      if (seen.state === "foreign") throw foreignBucket(resource, seen.because);
      const before = await keptOf(tools, resource, timed);
      if (seen.state === "dead" && before !== undefined) await removePrefix(tools, resource, before, timed);
      await buckets.create(bucket, timed);
      await buckets.tag(bucket, namespaceTag, owner.namespace, timed);
      const mine = { id: randomUUID(), tag: ownerTag(owner) };
      await buckets.writeOnce(bucket, ownerKey(resource), JSON.stringify(mine), timed);
      const kept = (await keptOf(tools, resource, timed)) ?? mine;
      const lost = standing(ownerIn(kept.tag), kept.id, call);
      if (lost !== undefined) throw foreignBucket(resource, "somebody else has just taken it");
      await buckets.setOwnership(bucket, timed);
      if (!(await buckets.dropStaleByRule(bucket, timed))) await buckets.abortUploads(bucket, "", timed);
      return { identity: kept.id, login: await tools.access.ensure(owner, bucket, timed) };
    },

    async remove(resource, call) {
      const { timed } = call;
      if (resource.kind === loginKind)
        return { removed: await tools.access.removeOurs(resource.name, call.owner, timed) };
      known(resource);
      const seen = await observe(tools, resource, call);
      if (seen.state === "foreign") return { removed: false };
      const kept = await keptOf(tools, resource, timed);
      if (kept !== undefined) await removePrefix(tools, resource, kept, timed);
      await dropBucket(tools, resource, call);
      return { removed: true };
    },

    async measure(resource, { owner, timed }) {
      known(resource);
      const { bucket, prefix } = configOf(resource);
      return buckets.size(bucket, s3Keys(prefix, owner), timed);
    },

    async list(timed) {
      const names = (await buckets.all(timed)).filter((bucket) => !apart.includes(bucket));
      const things: Thing[] = [];
      for (let from = 0; from < names.length; from += atOnce) {
        const some = names.slice(from, from + atOnce);
        const found = await Promise.all(some.map((bucket) => standingIn(tools, bucket, timed)));
        things.push(...found.flat());
      }
      return [...things, ...(await tools.access.list(timed))];
    },

    async health(timed) {
      // What every S3 answers to those alone whom it knows.
      await buckets.all(timed);
    },
    close: async () => client.destroy(),
  });
}

type Tools = { readonly buckets: S3Buckets; readonly access: S3Access };

function known(resource: Resource): void {
  if (resource.kind === "bucket-prefix") return;
  throw new PrismError("UNIMPLEMENTED", `this build makes no ${resource.kind} in S3 yet`);
}

const configOf = (resource: Resource) =>
  resource.config as { readonly bucket: string; readonly prefix: string };

const ownersPrefix = "prism-owner/";
const ownerKey = (resource: Resource): string => `${ownersPrefix}${configOf(resource).prefix}owner`;

async function keptOf({ buckets }: Tools, resource: Resource, timed: Timed): Promise<Kept | undefined> {
  const text = await buckets.read(configOf(resource).bucket, ownerKey(resource), timed);
  return text === undefined ? undefined : (JSON.parse(text) as Kept);
}

/** The prefixes of a bucket by what says whose they are; the bucket itself where nothing in it does. */
async function standingIn({ buckets }: Tools, bucket: string, timed: Timed): Promise<readonly Thing[]> {
  const tags = await buckets.tags(bucket, timed).catch((error: unknown) => {
    // Somebody else's in the same account; what is called like a namespace's must be seen.
    if (isRefused(error) && !bucket.startsWith(s3Bucket(""))) return new Map<string, string>();
    throw error;
  });
  if (tags === undefined) return [];
  const namespace = tags.get(namespaceTag);
  const itself = { backend: "s3", kind: "bucket", name: bucket, identity: bucket } as const;
  if (namespace === undefined) return [{ ...itself, owner: undefined }];
  const prefixes: Thing[] = [];
  for (const key of await buckets.keys(bucket, ownersPrefix, timed)) {
    const text = await buckets.read(bucket, key, timed);
    if (text === undefined) continue;
    const { id: identity, tag } = JSON.parse(text) as Kept;
    const name = `${bucket}/${key.slice(ownersPrefix.length).replace(/owner$/, "")}`;
    prefixes.push({ backend: "s3", kind: "bucket-prefix", name, identity, owner: ownerIn(tag) });
  }
  return prefixes.length > 0 ? prefixes : [{ ...itself, owner: { namespace, incarnation: 0 } }];
}

/** On AWS a bucket's name is everybody's: one that may not be looked into is ours only where our account has it. */
async function observe(tools: Tools, resource: Resource, call: TimedCall): Promise<Observed> {
  const { bucket } = configOf(resource);
  try {
    return await shown(tools, resource, call);
  } catch (error) {
    if (!isRefused(error) || (await tools.buckets.all(call.timed)).includes(bucket)) throw error;
    const because = "S3 refuses to show it, and it is none of this account's buckets";
    return { state: "foreign", identity: bucket, because };
  }
}

/** By the owner of a bucket, or because it lies in a region that is not ours. */
const isRefused = (error: unknown): boolean =>
  ["AccessDenied", "PermanentRedirect"].includes(((error as Error).cause as Error | undefined)?.name ?? "");

async function shown(tools: Tools, resource: Resource, call: TimedCall): Promise<Observed> {
  const { timed, owner } = call;
  const { bucket } = configOf(resource);
  const tags = await tools.buckets.tags(bucket, timed);
  if (tags === undefined) return { state: "absent" };
  let whose = tags.get(namespaceTag);
  if (whose === undefined && (call.claim.intended || call.claim.beside === true)) {
    // A crash came between making the bucket and tagging it.
    if (await isEmpty(tools, bucket, timed)) return { state: "absent" };
    // Or another prefix of it was being made, and is tagged by now.
    whose = (await tools.buckets.tags(bucket, timed))?.get(namespaceTag);
  }
  if (whose !== owner.namespace) {
    const because = whose === undefined ? "it carries no owner" : `it belongs to ${whose}`;
    return { state: "foreign", identity: bucket, because };
  }
  const kept = await keptOf(tools, resource, timed);
  if (kept === undefined) return { state: "absent" };
  const other = standing(ownerIn(kept.tag), kept.id, call);
  if (other !== undefined) return other;
  const drift = await driftOf(tools, bucket, owner, timed);
  return drift.length === 0
    ? { state: "ready", identity: kept.id }
    : { state: "drifted", identity: kept.id, drift };
}

const isEmpty = async ({ buckets }: Tools, bucket: string, timed: Timed): Promise<boolean> =>
  (await buckets.keys(bucket, "", timed, 1)).length === 0;

async function driftOf(
  { buckets, access }: Tools,
  bucket: string,
  owner: Owner,
  timed: Timed,
): Promise<Drift[]> {
  const { planned, actual } = await buckets.ownership(bucket, timed);
  const dropsStale = await buckets.dropsStale(bucket, timed);
  return [
    ...(planned === actual ? [] : [{ field: "ownership", planned, actual }]),
    ...(dropsStale === false ? [{ field: "lifecycle", planned: "stale uploads", actual: "missing" }] : []),
    ...(await access.drift(owner, bucket, timed)),
  ];
}

/** Also of a life that is over. What says whose it was goes last, so that a removal that was cut off goes on. */
async function removePrefix(tools: Tools, resource: Resource, kept: Kept, timed: Timed): Promise<void> {
  const { buckets, access } = tools;
  const { bucket, prefix } = configOf(resource);
  const owner = ownerIn(kept.tag);
  if (owner === undefined) return;
  const isLast = async () => (await keptBeside(tools, resource, owner, timed)) === 0;
  // With the life's last prefix the login goes first, so that nobody writes behind the sweep.
  const wasLast = await isLast();
  if (wasLast) await access.remove(owner, bucket, timed);
  await buckets.abortUploads(bucket, s3Keys(prefix, owner), timed, 0);
  await buckets.empty(bucket, s3Keys(prefix, owner), timed);
  await buckets.empty(bucket, ownerKey(resource), timed);
  // Where two go side by side, neither looked like the last.
  if (!wasLast && (await isLast())) await access.remove(owner, bucket, timed);
}

/** How many other prefixes the life has in the bucket. */
async function keptBeside({ buckets }: Tools, resource: Resource, { incarnation }: Owner, timed: Timed) {
  const { bucket } = configOf(resource);
  let count = 0;
  for (const key of await buckets.keys(bucket, ownersPrefix, timed)) {
    if (key === ownerKey(resource)) continue;
    const text = await buckets.read(bucket, key, timed);
    if (text !== undefined && ownerIn((JSON.parse(text) as Kept).tag)?.incarnation === incarnation) count++;
  }
  return count;
}

/** Only our own, and only when nothing is in it: a client's upload under another prefix is none of ours to delete. */
async function dropBucket(tools: Tools, resource: Resource, { owner, timed }: TimedCall): Promise<void> {
  const { buckets, access } = tools;
  const { bucket } = configOf(resource);
  if ((await buckets.tags(bucket, timed)) === undefined) return;
  const owners = await buckets.keys(bucket, ownersPrefix, timed, 1);
  if (owners.length > 0) return;
  // A removal that was cut off may have left it.
  await access.remove(owner, bucket, timed);
  // What was written beside the prefixes of this life goes with it.
  await buckets.abortUploads(bucket, s3Life(owner), timed, 0);
  await buckets.empty(bucket, s3Life(owner), timed);
  await buckets.drop(bucket, timed);
}

const foreignBucket = (resource: Resource, because: string): PrismError =>
  new PrismError("INVALID_CONFIGURATION", `bucket of '${resource.name}' in S3 is not Prism's: ${because}`, {
    details: { field: "namespace", recommendation: "Choose a different namespace name" },
  });
