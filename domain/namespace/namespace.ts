import type { Plan } from "../plan.ts";
import type { NamespaceRequest } from "../request/request.ts";
import type { Finding } from "./drift-events.ts";
import type { Operation } from "./operation.ts";
import type { Resources } from "./resources.ts";
import type { NamespaceStatus } from "./status.ts";

/** What the commands of a namespace are decided on: one name through all its lives. */
export type Namespace = {
  readonly status: NamespaceStatus;
  /** Counts the lives of the name from 1; 0 before the first. */
  readonly incarnation: number;
  /** Counts the accepted configurations of this life from 1; 0 before the first life. */
  readonly version: number;
  /** What is in force, and in a create what is to be. */
  readonly request: NamespaceRequest | undefined;
  readonly plan: Plan | undefined;
  readonly planHash: string | undefined;
  readonly shard: string | undefined;
  /** A shard whose proxies may serve it too: while it is moved there, or away from there. */
  readonly beside: string | undefined;
  readonly resources: Resources;
  /** It was active once, so that it may hold its clients' data. */
  readonly served: boolean;
  /** What could not be undone; the name is free only when it is empty. */
  readonly blocked: readonly string[];
  /** Why it is degraded. */
  readonly trouble: string | undefined;
  /** What the last look at the backends found. */
  readonly drift: readonly Finding[];
  /** It keeps nearly all that it reserves, and that was said. */
  readonly dataAlarm: boolean;
  /** The last operation, ended or not. */
  readonly operation: Operation | undefined;
  /** Every operation there ever was, in all lives: none begins twice. */
  readonly begun: ReadonlySet<string>;
  /** Keys of what carries our tag though no life has it, in all lives. */
  readonly quarantined: ReadonlySet<string>;
};

export const absent: Namespace = {
  status: "absent",
  incarnation: 0,
  version: 0,
  request: undefined,
  plan: undefined,
  planHash: undefined,
  shard: undefined,
  beside: undefined,
  resources: new Map(),
  served: false,
  blocked: [],
  trouble: undefined,
  drift: [],
  dataAlarm: false,
  operation: undefined,
  begun: new Set(),
  quarantined: new Set(),
};

export const streamOf = (namespace: string): string => `namespace-${namespace}`;

/** Empty before the first life. */
export const nameOf = ({ request }: Namespace): string => request?.namespace ?? "";

/** Whether a new life of the name may begin: it never had one, or the last one left nothing behind. */
export const isFree = ({ status, blocked }: Namespace): boolean =>
  status === "absent" ||
  status === "deleted" ||
  ((status === "failed" || status === "rejected") && blocked.length === 0);

/** Among what is blocked: the log that a failed delete could not open again. */
export const closedLog = "log";

/** Likewise: the barrier before more partitions, which a failed update could not take down. */
export const barrier = "barrier";

/** In use, and nothing can be published. */
export const takesNothing = ({ blocked }: Namespace): boolean => blocked.includes(closedLog);

/** In use, and nothing is delivered. */
export const deliversNothing = ({ blocked }: Namespace): boolean => blocked.includes(barrier);

/** What only a cleanup ends, whatever its resources are like. */
export const standsStill = (namespace: Namespace): boolean =>
  takesNothing(namespace) || deliversNothing(namespace);

/** Whether this operation only goes forward from here: it can be neither cancelled nor abandoned. */
export const pivotPassed = ({ operation }: Namespace, id: string): boolean =>
  operation?.id === id && operation.pivoted;

/** Whose members may do everything with it. */
export const teamsOf = ({ team, access }: NamespaceRequest): readonly string[] => [
  ...new Set([team, ...access.owners.map((owner) => owner.team)]),
];

/** The operation that is under way. */
export const openOperation = ({ operation }: Namespace): Operation | undefined =>
  operation?.ended === false ? operation : undefined;

/** In use: an active one, also while it keeps less than its promise. */
export const isLive = ({ status }: Namespace): boolean => status === "active" || status === "degraded";
