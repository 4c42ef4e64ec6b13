import { setTimeout as pause } from "node:timers/promises";
import { asyncLocalStorage } from "@temporalio/activity";
import { CancelledFailure } from "@temporalio/common";
import { expect, it } from "vitest";
import { attempts } from "../../activities/attempt.ts";
import { log } from "../../runtime/log.ts";
import * as a from "../domain/namespace/examples.ts";
import * as l from "../domain/namespace/lives.ts";
import { lived } from "./lived.ts";

it("an attempt that is cut off while it waits says why, and is no failure of its step", async () => {
  const recorder = await lived({ operation: a.operation, events: l.waiting });
  const attempt = attempts({ recorder, failpoint: () => {}, log: log("worker", "silent") });
  const cut = new AbortController();
  const context = {
    info: { attempt: 1, activityType: "probe", retryPolicy: {} },
    cancellationSignal: cut.signal,
    heartbeat: () => {},
  };
  const why = new CancelledFailure("WORKER_SHUTDOWN");
  setTimeout(() => cut.abort(why), 20);
  const occasion = { namespace: "orders", operation: a.operation, actor: "user:alice" };
  const attempted = asyncLocalStorage.run(context as never, () =>
    attempt(occasion, "probe", (signal) => pause(60_000, undefined, { signal })),
  );
  await expect(attempted).rejects.toBe(why);
  const { events } = await recorder.read("orders");
  expect(events.map(({ type }) => type)).not.toContain("StepFailed");
});
