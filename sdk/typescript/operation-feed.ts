import type { OperationChange } from "./answers.ts";
import { type FeedOptions, resumed } from "./event-feed.ts";

export type OperationFeed = Pick<FeedOptions, "api" | "token" | "after" | "signal"> & { readonly id: string };

/** What happens to an operation from its beginning, or `after` an event, until it has ended. */
export async function* operationFeed({ api, id, ...options }: OperationFeed): AsyncIterable<OperationChange> {
  const url = `${api.replace(/\/$/, "")}/api/v1/operations/${encodeURIComponent(id)}/events`;
  for await (const { event, data } of resumed(url, options)) {
    yield data as OperationChange;
    if (event === "end") return;
  }
}
