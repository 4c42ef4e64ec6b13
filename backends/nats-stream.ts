import {
  DiscardPolicy,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from "@nats-io/jetstream";
import type { Resource } from "../domain/plan.ts";
import { milliseconds } from "../domain/request/duration.ts";
import { bytes } from "../domain/request/size.ts";
import type { Drift, Owner } from "./backend.ts";
import { ownerIn, ownerTag } from "./owner-tag.ts";
import { natsStream, natsSubjects } from "./prefixes.ts";

export type StreamPlan = {
  readonly subject: string;
  readonly replicas: number;
  readonly retention: string;
  readonly max_message_size: string;
};

const tag = "prism-owner";
/** Which account was made for it: the server tells no account by its name. */
const accountTag = "prism-account";
/** What travels beside a message: Prism's headers and the client's metadata. */
const headerBytes = 64 * 1024;
/** The server's own default; it refuses one that is longer than messages are kept. */
const duplicatesNs = 120 * 1_000_000_000;

export const planOf = (resource: Resource): StreamPlan => resource.config as unknown as StreamPlan;

/** All that is promised of a stream. What is left out of it is the server's to choose. `account`: of its login. */
export function streamConfig(resource: Resource, owner: Owner, account?: string) {
  const { subject, replicas, retention, max_message_size } = planOf(resource);
  const kept = milliseconds(retention);
  // Nanoseconds; 0 keeps for ever.
  const maxAge = Number.isFinite(kept) ? kept * 1_000_000 : 0;
  return {
    name: natsStream(resource.name, owner),
    subjects: [natsSubjects(subject, owner)],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    num_replicas: replicas,
    max_age: maxAge,
    duplicate_window: maxAge === 0 ? duplicatesNs : Math.min(duplicatesNs, maxAge),
    max_msg_size: bytes(max_message_size) + headerBytes,
    // data_size is a reservation: a limit here would silently drop the oldest messages.
    max_bytes: -1,
    max_msgs: -1,
    max_msgs_per_subject: -1,
    deny_delete: true,
    metadata: { [tag]: ownerTag(owner), ...(account !== undefined && { [accountTag]: account }) },
  } satisfies Partial<StreamConfig>;
}

export const ownerOf = ({ config }: StreamInfo): Owner | undefined => ownerIn(config.metadata?.[tag]);

export const accountOf = ({ config }: StreamInfo): string | undefined => config.metadata?.[accountTag];

/** A name may be used again: with the moment it was made it is this very stream. */
export const identityOf = ({ config, created }: StreamInfo): string => `${config.name}@${created}`;

/** Field by field, with what would lead messages elsewhere. */
export function streamDrift(
  found: StreamInfo,
  resource: Resource,
  owner: Owner,
  account: string | undefined,
): readonly Drift[] {
  const { metadata: _, ...planned } = streamConfig(resource, owner);
  const actual = found.config as unknown as Readonly<Record<string, unknown>>;
  const nowhere = { republish: undefined, mirror: undefined, sources: undefined, sealed: false };
  const noted = { field: "account", planned: text(account), actual: text(accountOf(found)) };
  return Object.entries({ ...planned, ...nowhere })
    .map(([field, value]) => ({ field, planned: text(value), actual: text(actual[field]) }))
    .concat(account === undefined ? [] : [noted])
    .filter(
      ({ field, planned: wanted, actual: held }) =>
        wanted !== held && !(field === "sealed" && held === "none"),
    );
}

const text = (value: unknown): string =>
  value === undefined || value === null
    ? "none"
    : typeof value === "object"
      ? JSON.stringify(value)
      : String(value);
