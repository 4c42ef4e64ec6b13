import { setTimeout as delay } from "node:timers/promises";
import type { Resource } from "../domain/plan.ts";
import type { Backend, Call } from "./backend.ts";

/**
 * Removes a resource, and once more when no attempt to make it can still show: one that was
 * cut off may have asked the server just before, and be answered just after. Half of it is
 * nothing that `observe` has to show (a bucket that was not tagged yet), so it does not ask.
 *
 * `lastAttemptAt` is when the last attempt to make it may have ended (ms since 1970); from
 * the backend's deadline after that on, one removal is enough. The name is free when this
 * resolves with `removed: true`.
 */
export async function removeForGood(
  backend: Backend,
  resource: Resource,
  call: Call,
  lastAttemptAt: number,
): Promise<{ removed: boolean }> {
  const first = await backend.remove(resource, call);
  const quietInMs = lastAttemptAt + backend.deadlineMs - Date.now();
  if (quietInMs <= 0) return first;
  await delay(quietInMs, undefined, { signal: call.signal });
  return backend.remove(resource, call);
}
