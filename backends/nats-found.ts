import { JetStreamApiError, type StreamInfo } from "@nats-io/jetstream";
import type { Resource } from "../domain/plan.ts";
import type { Observed } from "./backend.ts";
import type { Streams } from "./nats-connection.ts";
import { identityOf, ownerOf, planOf, streamDrift } from "./nats-stream.ts";
import { standing } from "./owner-tag.ts";
import { natsStream } from "./prefixes.ts";
import type { TimedCall } from "./timed.ts";

export const streamNotFound = 10_059;

/** What there is on the namespace's subjects or by its stream's name, by what it is to the caller. */
export type Found = {
  readonly own: StreamInfo | undefined;
  readonly dead: readonly StreamInfo[];
  readonly foreign: StreamInfo | undefined;
  readonly because: string;
};

export async function look(streams: Streams, resource: Resource, call: TimedCall): Promise<Found> {
  const base = planOf(resource).subject.replace(/\.[>*]$/, "");
  const name = natsStream(resource.name, call.owner);
  // All that would take messages of the namespace, whatever it is called; and what is called so, whatever it takes.
  const [taking, named] = await Promise.all([
    streams(`list streams on ${base}`, call.timed, (api) => all(api.streams.list(`${base}.>`))),
    streams(`show stream ${name}`, call.timed, (api) => api.streams.info(name).catch(unless(streamNotFound))),
  ]);
  const listed = [
    ...taking.filter(({ config }) => config.name !== name),
    ...(named === undefined ? [] : [named]),
  ];
  let [own, foreign, because]: [StreamInfo | undefined, StreamInfo | undefined, string] = [
    undefined,
    undefined,
    "",
  ];
  const dead: StreamInfo[] = [];
  for (const each of listed) {
    const other = standing(ownerOf(each), identityOf(each), call);
    if (other === undefined && each.config.name === name) own = each;
    else if (other?.state === "dead") dead.push(each);
    else if (other?.state === "foreign") [foreign, because] = [each, other.because];
  }
  return { own, dead, foreign, because };
}

export async function all<T>(lister: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const each of lister) found.push(each);
  return found;
}

/** `account`: of the login that it is to have; left out where there can be none. */
export function judge(found: Found, resource: Resource, call: TimedCall, account?: string): Observed {
  const { own, dead, foreign, because } = found;
  if (foreign !== undefined) return { state: "foreign", identity: identityOf(foreign), because };
  const [left] = dead;
  if (own === undefined && left === undefined) return { state: "absent" };
  if (own === undefined && left !== undefined) {
    const life = ownerOf(left)?.incarnation;
    return { state: "dead", identity: identityOf(left), because: `it is of life ${life} of the namespace` };
  }
  if (own === undefined) return { state: "absent" };
  const identity = identityOf(own);
  const drift = [
    ...streamDrift(own, resource, call.owner, account),
    ...dead.map(({ config }) => ({ field: `stream ${config.name}`, planned: "absent", actual: "there" })),
  ];
  return drift.length === 0 ? { state: "ready", identity } : { state: "drifted", identity, drift };
}

/** Takes one of JetStream's numbers for an answer. */
export const unless =
  (code: number) =>
  (error: unknown): undefined => {
    if (error instanceof JetStreamApiError && error.apiError().err_code === code) return undefined;
    throw error;
  };
