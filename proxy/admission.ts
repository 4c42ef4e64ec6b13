import type { Metadata } from "@grpc/grpc-js";
import { PrismError } from "../domain/errors.ts";
import { State } from "../proto/gen/prism/control/v1/control_pb.js";
import type { Authority, Caller } from "../runtime/auth.ts";
import { checkAccess, type Need, noSuchNamespace } from "./access.ts";
import type { Directory } from "./directory.ts";
import { asPrismError } from "./grpc-error.ts";
import type { Lease } from "./lease.ts";
import { replanned, type Served } from "./served.ts";

export type Admitted = { readonly caller: Caller; readonly served: Served; readonly need: Need };

export interface Admission {
  /** Who calls, for which namespace, and that they may; what is about to be ready is waited for. */
  admit(metadata: Metadata, clientApi: string, need: Need): Promise<Admitted>;
  /** Whether what was let in may go on; throws why not. */
  recheck(admitted: Admitted): void;
}

type AdmissionDependencies = {
  readonly authority: Authority;
  readonly directory: Directory<Served>;
  readonly lease: Lease;
  /** How long a call is held for a namespace that is not ready yet. */
  readonly holdMs?: number;
  readonly clock?: () => number;
};

/** `held`: word that mends it may be on its way. */
type Verdict = { readonly served: Served } | { readonly refusal: PrismError; readonly held: boolean };

const defaultHoldMs = 2_000;
// A granted lease is no change of the directory.
const lookAgainMs = 100;

export function admission(deps: AdmissionDependencies): Admission {
  const { authority, directory, lease, holdMs = defaultHoldMs, clock = () => performance.now() } = deps;

  const judge = (caller: Caller, asked: Asked, clientApi: string, need: Need): Verdict => {
    const { namespace, minVersion } = asked;
    const served = directory.get(namespace);
    // It knows of no namespace yet, and so of none that it is not there.
    if (!directory.known) return notReady("this proxy has not heard yet what it serves");
    const behind = minVersion > (served?.entry.version ?? 0);
    try {
      if (served === undefined) throw noSuchNamespace(namespace);
      checkAccess(caller, served.entry, need);
      checkServing(served, clientApi);
    } catch (refusal) {
      // Whoever names a version has been told of it, and so may be right where this proxy is not.
      return { refusal: asPrismError(refusal), held: behind };
    }
    if (isStale(served, lease)) return { refusal: stale(namespace), held: lease.expected };
    if (behind) return notReady(`version ${minVersion} of '${namespace}' has not arrived here`);
    if (served.entry.state !== State.SERVING) return notReady(`'${namespace}' is being set up`);
    return { served };
  };

  return {
    async admit(metadata, clientApi, need) {
      const caller = await authority.caller(first(metadata, "authorization"));
      const asked = askedOf(metadata);
      for (let leftMs = holdMs; ; ) {
        const verdict = judge(caller, asked, clientApi, need);
        if ("served" in verdict) return { caller, served: verdict.served, need };
        if (!verdict.held || leftMs <= 0) throw verdict.refusal;
        const lookedAt = clock();
        await directory.changed(Math.min(leftMs, lookAgainMs));
        // No longer than it may take: a process that was stopped has not listened, and the word may have come.
        leftMs -= Math.min(clock() - lookedAt, lookAgainMs);
      }
    },

    recheck(admitted) {
      const { namespace } = admitted.served.entry;
      const now = directory.get(namespace);
      // The very entry by which it was let in needs no second look: publishes ask thousands of times a second.
      if (now !== admitted.served) checkStill(admitted, now);
      if (isStale(admitted.served, lease)) throw stale(namespace);
    },
  };
}

function checkStill({ caller, served, need }: Admitted, now: Served | undefined): void {
  const { namespace, clientApi, incarnation } = served.entry;
  // Another life of the name is another namespace.
  if (now?.entry.incarnation !== incarnation) throw noSuchNamespace(namespace);
  checkAccess(caller, now.entry, need);
  checkServing(now, clientApi);
  if (now.groups !== served.groups) throw replanned(now.entry);
}

function checkServing({ entry }: Served, clientApi: string): void {
  const { namespace } = entry;
  if (entry.clientApi !== clientApi) {
    throw new PrismError("WRONG_CLIENT_API", `'${namespace}' is a ${entry.clientApi}, not a ${clientApi}`, {
      details: { client_api: entry.clientApi },
    });
  }
  if (entry.state === State.DRAINING) {
    throw new PrismError("NAMESPACE_DELETING", `'${namespace}' is being deleted`);
  }
  if (entry.state === State.MOVED) {
    throw new PrismError("NAMESPACE_NOT_READY", `'${namespace}' is served by another shard now`, {
      details: { retry_after_ms: 50, recommendation: "Ask discovery where, and call again" },
    });
  }
}

/** Access may have been taken away since, and this proxy would not know. */
const isStale = ({ entry }: Served, lease: Lease): boolean => lease.overdueMs() > entry.staleLimitMs;

const stale = (namespace: string): PrismError =>
  new PrismError(
    "NAMESPACE_NOT_READY",
    `'${namespace}' is not served: this proxy has heard nothing of it for too long`,
    { details: { retry_after_ms: 1_000 } },
  );

const notReady = (message: string): Verdict => ({
  refusal: new PrismError("NAMESPACE_NOT_READY", message, { details: { retry_after_ms: 500 } }),
  held: true,
});

type Asked = { readonly namespace: string; readonly minVersion: number };

function askedOf(metadata: Metadata): Asked {
  const namespace = first(metadata, "prism-namespace");
  if (namespace === undefined || namespace === "") {
    throw new PrismError("INVALID_CONFIGURATION", "the call names no namespace", {
      details: { field: "prism-namespace", recommendation: "Send it as call metadata" },
    });
  }
  const version = first(metadata, "prism-min-version") ?? "0";
  if (!/^\d{1,9}$/.test(version)) {
    throw new PrismError("INVALID_CONFIGURATION", "prism-min-version must be a whole number", {
      details: { field: "prism-min-version" },
    });
  }
  return { namespace, minVersion: Number(version) };
}

const first = (metadata: Metadata, name: string): string | undefined => metadata.get(name)[0]?.toString();
