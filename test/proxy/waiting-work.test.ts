import { EventEmitter } from "node:events";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Metadata } from "@grpc/grpc-js";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { PrismError } from "../../domain/errors.ts";
import { SnapshotSchema } from "../../proto/gen/prism/control/v1/control_pb.js";
import {
  AcknowledgeRequestSchema,
  PublishRequestSchema,
  type PublishResponse,
} from "../../proto/gen/prism/v1/message_pb.js";
import { admission } from "../../proxy/admission.ts";
import { calls } from "../../proxy/calls.ts";
import { directory } from "../../proxy/directory.ts";
import { lateRefusals } from "../../proxy/late-refusals.ts";
import { lease } from "../../proxy/lease.ts";
import { limits } from "../../proxy/limits.ts";
import { metrics } from "../../proxy/metrics.ts";
import { queueService } from "../../proxy/queue.ts";
import { receiptText } from "../../proxy/receipt.ts";
import type { Served } from "../../proxy/served.ts";
import { turns } from "../../proxy/turns.ts";
import { authority, type Who } from "./callers.ts";
import { queueEntry } from "./control-plane.ts";
import { refusalOf } from "./raw-client.ts";

const busyMs = 5;
const heldBytes = 1024 * 1024;
const soon = () => new Promise((resolve) => setImmediate(resolve));

/** As much of a proxy as answers calls, on an event loop by hand: what comes after the first call has to wait. */
function stage() {
  let now = 0;
  let rounds: (() => void)[] = [];
  const did: string[] = [];
  const served = {
    groups: { holding: () => ({ confirm: async () => did.push("acknowledged") > 0 }) },
    idempotent: true,
    publish: async ({ key }: { key: string }) => {
      now += busyMs;
      did.push(key);
      return { offset: "0" };
    },
    calls: { open: 0 },
  };
  const table = directory<Served>({
    serve: (entry) => ({ ...served, entry }) as unknown as Served,
    stop: () => {},
  });
  const leased = lease({ monotonic: () => 0, wall: () => 0 });
  leased.inherit(60_000);
  const allowed = limits({ proxies: () => 1, clock: () => 0, namespaceBytes: heldBytes });
  const handling = calls({
    admission: admission({ authority, directory: table, lease: leased }),
    limits: allowed,
    lateRefusals: lateRefusals(),
    crowding: { refused: () => () => {}, close: () => {} },
    metrics: metrics(),
    log: pino({ level: "silent" }),
  });
  table.onChange(handling.recheck);
  const service = queueService({
    calls: handling,
    limits: allowed,
    turns: turns({ clock: () => now, later: (work) => void rounds.push(work) }),
  });
  const metadataOf = (who: Who): Metadata => {
    const metadata = new Metadata();
    metadata.set("authorization", `Bearer ${who}`);
    metadata.set("prism-namespace", "orders");
    return metadata;
  };
  const asked = (method: "publish" | "acknowledge", who: Who, request: Uint8Array) =>
    new Promise<string>((resolve) => {
      const call = Object.assign(new EventEmitter(), {
        metadata: metadataOf(who),
        request,
        getPeer: () => "nobody",
      });
      const answer = service[method] as unknown as (call: unknown, answered: (error: never) => void) => void;
      answer(call, (error) => resolve(error === null ? "success" : refusalOf(error).reason));
    });
  let version = 0n;

  const putIntoForce = (consumers: { service: string; writes: boolean }[]): void => {
    version++;
    const entries = [queueEntry("orders", "orders-queue", { directoryVersion: version, consumers })];
    table.replace(create(SnapshotSchema, { version, entries }));
  };
  putIntoForce([{ service: "order-api", writes: true }]);

  return {
    did,
    handling,
    putIntoForce,
    publish: (who: Who, key: string) =>
      asked(
        "publish",
        who,
        toBinary(PublishRequestSchema, create(PublishRequestSchema, { topic: "t", key })),
      ),
    acknowledge(who: Who, request: MessageInitShape<typeof AcknowledgeRequestSchema>) {
      const message = create(AcknowledgeRequestSchema, request);
      return asked("acknowledge", who, toBinary(AcknowledgeRequestSchema, message));
    },
    garbage: (who: Who) => asked("publish", who, Buffer.from("no such message")),
    /** A stream that publishes one message a key, and how each was answered. */
    publishing(who: Who, ...keys: string[]) {
      const answers: string[] = [];
      const call = Object.assign(new EventEmitter(), {
        metadata: metadataOf(who),
        cancelled: false,
        pause: () => {},
        resume: () => {},
        end: () => {},
        write: (first: PublishResponse) =>
          answers.push(...[first, ...first.more].map(({ error }) => error?.code ?? "success")) > 0,
      });
      call.on("error", () => {});
      (service["publishStream"] as unknown as (of: unknown) => void)(call);
      const [first, ...more] = keys.map((key) => create(PublishRequestSchema, { topic: "t", key }));
      return {
        answers,
        send: () => call.emit("data", { ...first, more }),
      };
    },
    async run(): Promise<void> {
      for (await soon(); rounds.length > 0; await soon()) {
        const due = rounds;
        rounds = [];
        for (const work of due) work();
      }
    },
  };
}

const receipt = receiptText({ proxy: "a", session: "0123456789ab", delivery: 1, partition: 0, offset: 1n });

describe("what waits for its turn", () => {
  it("is done where nothing has changed meanwhile", async () => {
    const { publish, acknowledge, did, run } = stage();
    const answers = [publish("writer", "first"), publish("writer", "second")];
    const acknowledged = acknowledge("writer", { receipt: [receipt] });
    await run();
    expect(await Promise.all([...answers, acknowledged])).toEqual(["success", "success", "success"]);
    expect(did).toEqual(["first", "second", "acknowledged"]);
  });

  it("is refused, and not done, once its caller has lost access", async () => {
    const { publish, acknowledge, publishing, putIntoForce, did, run } = stage();
    const stream = publishing("writer", "third", "fourth");
    await soon();
    const first = publish("writer", "first");
    const waiting = [publish("writer", "second"), acknowledge("writer", { receipt: [receipt] })];
    await soon();
    stream.send();
    putIntoForce([]);
    await run();
    expect(await first).toBe("success");
    expect(await Promise.all(waiting)).toEqual(["NOT_FOUND", "NOT_FOUND"]);
    expect(stream.answers).toEqual(["NOT_FOUND", "NOT_FOUND"]);
    expect(did).toEqual(["first"]);
  });

  it("is refused, and not done, once the proxy leaves", async () => {
    const { publish, handling, did, run } = stage();
    const answers = [publish("writer", "first"), publish("writer", "second")];
    await soon();
    handling.endAll(new PrismError("NAMESPACE_NOT_READY", "this proxy is stopping: call another"));
    await run();
    expect(await Promise.all(answers)).toEqual(["success", "NAMESPACE_NOT_READY"]);
    expect(did).toEqual(["first"]);
  });

  it("is refused at its turn where it is no request", async () => {
    const { publish, garbage, run } = stage();
    const answers = [publish("writer", "first"), garbage("writer"), publish("writer", "second")];
    await run();
    expect(await Promise.all(answers)).toEqual(["success", "INVALID_CONFIGURATION", "success"]);
  });

  it("is no more than the proxy has room for, acknowledgements too", async () => {
    const { publish, acknowledge, run } = stage();
    const first = publish("writer", "first");
    const large = { receipt: Array.from({ length: heldBytes / 2 / receipt.length }, () => receipt) };
    const answers = [1, 2, 3].map(() => acknowledge("writer", large));
    const small = Array.from({ length: 1_500 }, () => acknowledge("writer", { receipt: [] }));
    await run();
    expect(await first).toBe("success");
    expect(await Promise.all(answers)).toEqual(["success", "RATE_LIMITED", "RATE_LIMITED"]);
    expect(new Set(await Promise.all(small))).toEqual(new Set(["success", "RATE_LIMITED"]));
  });
});
