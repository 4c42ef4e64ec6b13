import { EventEmitter } from "node:events";
import { create } from "@bufbuild/protobuf";
import { Metadata } from "@grpc/grpc-js";
import { pino } from "pino";
import { expect, it } from "vitest";
import { EntrySchema } from "../../proto/gen/prism/control/v1/control_pb.js";
import type { Admission, Admitted } from "../../proxy/admission.ts";
import { calls } from "../../proxy/calls.ts";
import { lateRefusals } from "../../proxy/late-refusals.ts";
import { limits } from "../../proxy/limits.ts";
import { metrics } from "../../proxy/metrics.ts";
import { queueService } from "../../proxy/queue.ts";
import { turns } from "../../proxy/turns.ts";

const soon = () => new Promise((resolve) => setImmediate(resolve));

/** A proxy's calls of a namespace that has reserved one connection, whose callers are let in when the test says so. */
function stage() {
  const entry = create(EntrySchema, { namespace: "orders", limits: { connections: 1 } });
  const served = { entry, calls: { open: 0 } };
  const caller = { subject: "service:a", expiresAt: new Date(Date.now() + 3_600_000) };
  const entering = Promise.withResolvers<Admitted>();
  const allowed = limits({ proxies: () => 1 });
  const handling = calls({
    admission: { admit: () => entering.promise, recheck: () => {} } as unknown as Admission,
    limits: allowed,
    lateRefusals: lateRefusals(),
    crowding: { refused: () => () => {}, close: () => {} },
    metrics: metrics(),
    log: pino({ level: "silent" }),
  });
  const service = queueService({ calls: handling, limits: allowed, turns: turns() });
  return {
    served,
    letIn: () => entering.resolve({ caller, served, need: "write" } as unknown as Admitted),
    begin(method: string) {
      const metadata = new Metadata();
      metadata.set("prism-namespace", "orders");
      const call = Object.assign(new EventEmitter(), {
        ...{ metadata, pause() {}, resume() {}, end() {} },
        getPeer: () => "nobody",
      });
      (service[method] as unknown as (of: unknown, answered: () => void) => void)(call, () => {});
      return call;
    },
  };
}

it.each(["consume", "subscribe", "publishStream", "publishLarge"])(
  "a call that its client ends before it is let in keeps no connection (%s)",
  async (method) => {
    const { served, begin, letIn } = stage();
    const ended = begin(method);
    ended.emit("cancelled");
    letIn();
    await soon();
    expect(served.calls.open).toBe(0);
    const next = begin("publishStream");
    let refused: unknown;
    next.on("error", (error) => {
      refused = error;
    });
    await soon();
    expect([served.calls.open, refused]).toEqual([1, undefined]);
  },
);
