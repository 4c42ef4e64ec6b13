import type { Event } from "../event.ts";

/** What is asked of the control plane; never with what: no body, no query, no token is kept. */
export type Call = {
  readonly method: string;
  /** As it is declared, `/namespaces/:ns`; null: there is no such path. */
  readonly route: string | null;
  readonly namespace: string | null;
  readonly team: string | null;
  readonly operation: string | null;
  /** The network address it came from. */
  readonly from: string;
};

export type Answer = {
  readonly status: number;
  /** Of the error it was answered with. */
  readonly code: string | null;
};

/** Recorded before a call that may change something has any effect. */
export type CallReceived = Event<"CallReceived", Call>;

/** `received`: position of its `CallReceived`, where it has one. `times`: that many alike, within a moment. */
export type CallAnswered = Event<
  "CallAnswered",
  Call & Answer & { readonly received: string | null; readonly times: number }
>;

export type CallEvent = CallReceived | CallAnswered;

export const auditStream = "audit";

/** Who calls without being signed in. */
export const anonymous = "anonymous";

/** Whether a call may change something: then it is recorded before it does. */
export const mayChange = ({ method, route }: Pick<Call, "method" | "route">): boolean =>
  route !== null && !["GET", "HEAD", "OPTIONS"].includes(method) && !previews.has(`${method} ${route}`);

const previews: ReadonlySet<string> = new Set(["POST /plans"]);
