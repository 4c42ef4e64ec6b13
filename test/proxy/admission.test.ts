import { create } from "@bufbuild/protobuf";
import { Metadata } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ChangeSchema, State } from "../../proto/gen/prism/control/v1/control_pb.js";
import { admission } from "../../proxy/admission.ts";
import { directory } from "../../proxy/directory.ts";
import { lease } from "../../proxy/lease.ts";
import type { Served } from "../../proxy/served.ts";
import { authority } from "./callers.ts";
import { queueEntry } from "./control-plane.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** A caller of a namespace that is being set up, on a proxy whose clock goes as the test says. */
function calling() {
  let now = 0;
  const table = directory<Served>({ serve: (entry) => ({ entry }) as unknown as Served, stop: () => {} });
  const leased = lease({ monotonic: () => 0, wall: () => 0 });
  leased.inherit(60_000);
  const put = (version: bigint, state: State) => {
    const entries = [queueEntry("orders", "t", { state, directoryVersion: version })];
    table.change(create(ChangeSchema, { version, entries }));
  };
  put(1n, State.PROBING);
  const metadata = new Metadata();
  metadata.set("authorization", "Bearer owner");
  metadata.set("prism-namespace", "orders");
  const clock = () => now;
  const said = admission({ authority, directory: table, lease: leased, clock })
    .admit(metadata, "queue", "write")
    .then(
      () => "let in",
      (error: { code: string }) => error.code,
    );
  return {
    said,
    ready: () => put(2n, State.SERVING),
    passes: async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 50) {
        now += 50;
        await vi.advanceTimersByTimeAsync(50);
      }
    },
    isStopped: (ms: number) => {
      now += ms;
    },
  };
}

it("holds a call for two seconds while its namespace is being set up", async () => {
  const { said, passes, ready } = calling();
  await passes(1_900);
  ready();
  expect(await said).toBe("let in");
  const late = calling();
  await late.passes(2_100);
  late.ready();
  expect(await late.said).toBe("NAMESPACE_NOT_READY");
});

it("does not count the time for which the proxy was stopped: what came meanwhile has not been read yet", async () => {
  const { said, passes, isStopped, ready } = calling();
  await passes(300);
  isStopped(60_000);
  await passes(1_000);
  ready();
  expect(await said).toBe("let in");
});
