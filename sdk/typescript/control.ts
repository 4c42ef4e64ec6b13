import type {
  Amounts,
  ArchivedHistory,
  Endpoint,
  HistoryEvent,
  Namespace,
  Operation,
  Page,
  PlanAnswer,
  Replay,
  Team,
} from "./answers.ts";
import type { AuditQuery, AuditRow, Verified } from "./audit.ts";
import type { Drift } from "./drift.ts";
import { eventFeed, type FeedOptions } from "./event-feed.ts";
import { fleet } from "./fleet.ts";
import { operationFeed } from "./operation-feed.ts";
import type { Preview } from "./preview.ts";
import { bodyOf, type ControlOptions, call, queryOf } from "./rest.ts";

/** `asOf`: a position of the history or an RFC 3339 time; the answer as it was then. */
export type Past = { readonly asOf?: string | undefined };

export type CreateOptions = {
  /** Wait up to so many seconds (at most 60) until it is active; default: answer at once. */
  readonly waitSeconds?: number;
  readonly idempotencyKey?: string;
};

export type Control = ReturnType<typeof control>;

const waiting = ({
  waitSeconds,
  idempotencyKey,
  ifVersion,
}: CreateOptions & { readonly ifVersion?: number }): Record<string, string> => ({
  ...(waitSeconds === undefined ? {} : { prefer: `wait=${waitSeconds}` }),
  ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
  ...(ifVersion === undefined ? {} : { "if-match": `"${ifVersion}"` }),
});

/** The control plane for programs. Rejects with `PrismError`: the API's code, message and details. */
export function control(options: ControlOptions) {
  const get = <T>(path: string, query: Readonly<Record<string, string | undefined>> = {}): Promise<T> =>
    call<T>(options, "GET", path + queryOf(query));
  const one = encodeURIComponent;
  const tell = (id: string, verb: string, body: object = {}): Promise<Operation> =>
    call<Operation>(options, "POST", `/operations/${one(id)}/${verb}`, { ...bodyOf(body), headers: {} });

  return {
    ...fleet(options),
    namespaces: {
      /** `request`: RFC-027's form, as an object or as YAML text. */
      create: (request: object | string, patience: CreateOptions = {}): Promise<Namespace> =>
        call<Namespace>(options, "POST", "/namespaces", {
          ...bodyOf(request),
          headers: waiting(patience),
        }),
      /** `patch`: a merge patch (RFC 7396); lists are replaced. `ifVersion`: refused where it has another one. */
      update: (
        name: string,
        patch: object,
        wish: CreateOptions & { readonly ifVersion?: number } = {},
      ): Promise<Namespace> =>
        call<Namespace>(options, "PATCH", `/namespaces/${one(name)}`, {
          body: JSON.stringify(patch),
          type: "application/merge-patch+json",
          headers: waiting(wish),
        }),
      /** Destroys what it holds; `confirm` is its name once more. `ifVersion` as above. */
      delete: (
        name: string,
        { confirm, ...wish }: CreateOptions & { readonly confirm?: string; readonly ifVersion?: number } = {},
      ): Promise<Namespace> =>
        call<Namespace>(options, "DELETE", `/namespaces/${one(name)}${queryOf({ confirm })}`, {
          headers: waiting(wish),
        }),
      /** Has the last hour of its log sent to the backend again: for when that has lost what it had acknowledged. */
      rewindRelay: (name: string, patience: CreateOptions = {}): Promise<Namespace> =>
        call<Namespace>(options, "POST", `/namespaces/${one(name)}/relay/rewind`, {
          headers: waiting(patience),
        }),
      /** Has another shard serve it: the one that is named, or the best that takes it. For the platform. */
      move: (
        name: string,
        { shard, ...patience }: CreateOptions & { readonly shard?: string } = {},
      ): Promise<Namespace> =>
        call<Namespace>(options, "POST", `/namespaces/${one(name)}/move`, {
          ...bodyOf(shard === undefined ? {} : { shard }),
          headers: waiting(patience),
        }),
      get: (name: string, { asOf }: Past = {}) => get<Namespace>(`/namespaces/${one(name)}`, { as_of: asOf }),
      list: ({
        asOf,
        ...query
      }: { team?: string; status?: string; client_api?: string; cursor?: string } & Past = {}) =>
        get<Page<Namespace>>("/namespaces", { ...query, as_of: asOf }),
      history: (name: string, query: { after?: string; limit?: string; type?: string } = {}) =>
        get<{ readonly items: readonly HistoryEvent[] }>(`/namespaces/${one(name)}/history`, query),
      /** Of lives that have ended, as their history was kept in S3: read back and compared. */
      archived: (name: string, query: { after?: string; limit?: string; type?: string } = {}) =>
        get<ArchivedHistory>(`/namespaces/${one(name)}/history`, { ...query, archived: "true" }),
      endpoints: (name: string, { asOf }: Past = {}) =>
        get<{ readonly namespace: string; readonly endpoints: readonly Endpoint[] }>(
          `/namespaces/${one(name)}/endpoints`,
          { as_of: asOf },
        ),
      access: (name: string, { asOf }: Past = {}) =>
        get<Readonly<Record<string, unknown>>>(`/namespaces/${one(name)}/access`, { as_of: asOf }),
      plan: (name: string, { asOf }: Past = {}) =>
        get<PlanAnswer>(`/namespaces/${one(name)}/plan`, { as_of: asOf }),
      /** The history folded afresh, against what is served. */
      replay: (name: string) => get<Replay>(`/namespaces/${one(name)}/replay`),
    },
    /** Who did what, when, with what outcome; platform and audit only. */
    audit: (query: AuditQuery = {}) => get<Page<AuditRow>>("/audit", query),
    /** Whether the events are as they were appended, one part of the log at a time; platform and audit only. */
    verify: (query: { after?: string; digest?: string | undefined } = {}) =>
      get<Verified>("/audit/verify", query),
    /** Events as they happen, over any number of connections. */
    events: (wanted: Omit<FeedOptions, "api" | "token">) => eventFeed({ ...options, ...wanted }),
    /**
     * What would be built, and why; changes nothing. A refused request is answered with its violations. Of a namespace
     * that is there it previews an update; with `namespace`, `request` is a merge patch on it.
     */
    preview: (request: object | string, { namespace }: { namespace?: string } = {}): Promise<Preview> =>
      call<Preview>(options, "POST", `/plans${queryOf({ namespace })}`, { ...bodyOf(request), headers: {} }),
    /** What the last look at the backends found; platform and audit only. */
    drift: (query: { class?: string; namespace?: string; cursor?: string } = {}) =>
      get<Drift>("/drift", query),
    /** Looks at everything now, and repairs what is ours; platform only. */
    reconcile: () => call<Operation>(options, "POST", "/reconcile", { headers: {} }),
    teams: {
      get: (team: string) => get<Team>(`/teams/${one(team)}`),
      list: (query: { cursor?: string } = {}) => get<Page<Team>>("/teams", query),
      /** Platform only; what is left out stays as it is. `force`: also below what is reserved. */
      set: (
        team: string,
        quota: Partial<Amounts>,
        { force = false }: { readonly force?: boolean } = {},
      ): Promise<Team> =>
        call<Team>(options, "PUT", `/teams/${one(team)}${force ? "?force=true" : ""}`, {
          ...bodyOf({ quota }),
          headers: {},
        }),
    },
    operations: {
      get: (id: string) => get<Operation>(`/operations/${one(id)}`),
      list: (query: { namespace?: string; state?: string; cursor?: string } = {}) =>
        get<Page<Operation>>("/operations", query),
      /** Its steps as they change, over any number of connections, until it has ended. */
      watch: (id: string, wanted: { after?: string; signal?: AbortSignal } = {}) =>
        operationFeed({ ...options, ...wanted, id }),
      /** Before its point of no return; everything is undone. */
      cancel: (id: string) => tell(id, "cancel"),
      /** Of a parked one: tries the step again. */
      retry: (id: string) => tell(id, "retry"),
      /** Of a parked one: gives it up, and everything is undone. */
      abandon: (id: string) => tell(id, "abandon"),
      /** Platform only. `plan_hash` is that of the plan that was looked at; another one is `APPROVAL_STALE`. */
      approve: (id: string, plan: { plan_hash: string; comment?: string }) => tell(id, "approve", plan),
      reject: (id: string, plan: { plan_hash: string; reason: string }) => tell(id, "reject", plan),
    },
  };
}
