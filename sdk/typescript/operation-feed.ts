import { type FeedOptions, resumed } from "./event-feed.ts";

export type Step = {
  readonly name: string;
  readonly state: string;
  readonly attempts: number;
  readonly last_error: { readonly code: string; readonly message: string } | null;
  readonly started_at: string | null;
  readonly ended_at: string | null;
};

/** What waits for a platform member's word, and why it has to. */
export type PendingApproval = {
  readonly plan_hash: string;
  readonly fields: readonly { readonly field: string; readonly because: string }[];
  readonly requested_by: string;
  readonly expires_at: string;
};

/** What one event has changed about an operation. */
export type OperationChange = {
  readonly operation: string;
  readonly namespace: string;
  readonly kind: string;
  readonly state: string;
  /** How it will end, once it is being undone. */
  readonly undoing: string | null;
  /** The steps that changed, as they are now. */
  readonly steps: readonly Step[];
  readonly plan_hash: string | null;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly details: Readonly<Record<string, unknown>>;
  } | null;
  readonly at: string;
  readonly check_after_ms: number;
};

export type OperationFeed = Pick<FeedOptions, "api" | "token" | "after" | "signal"> & { readonly id: string };

/** What happens to an operation from its beginning, or `after` an event, until it has ended. */
export async function* operationFeed({ api, id, ...options }: OperationFeed): AsyncIterable<OperationChange> {
  const url = `${api.replace(/\/$/, "")}/api/v1/operations/${encodeURIComponent(id)}/events`;
  for await (const { event, data } of resumed(url, options)) {
    yield data as OperationChange;
    if (event === "end") return;
  }
}
