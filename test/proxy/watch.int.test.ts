import { setImmediate as turn } from "node:timers/promises";
import { pino } from "pino";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { directory } from "../../proxy/directory.ts";
import type { DiskCopy } from "../../proxy/disk-copy.ts";
import { lease } from "../../proxy/lease.ts";
import type { Served } from "../../proxy/served.ts";
import { watch } from "../../proxy/watch.ts";
import { toPeer } from "../../runtime/mutual-tls.ts";
import { controlPlane } from "./control-plane.ts";
import { identityOf } from "./identities.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] }));
afterEach(() => void vi.useRealTimers());

/** Time goes by, and what comes over the network meanwhile is heard. */
async function pass(ms: number, until = () => false): Promise<void> {
  for (let at = 0; at < ms && !until(); at += 50) {
    vi.advanceTimersByTime(50);
    for (let turns = 0; turns < 20; turns++) await turn();
  }
}

it("a control plane that comes back is found within seconds, however long it was away", async () => {
  const plane = await controlPlane();
  const watching = watch({
    controlAddress: plane.address,
    credentials: toPeer(await identityOf({ role: "proxy", shard: "main", id: "p" }), () => true),
    proxy: "p",
    shard: "main",
    address: "127.0.0.1:1",
    probeAddress: "127.0.0.1:2",
    region: "",
    directory: directory<Served>({ serve: () => ({}) as Served, stop: () => {} }),
    lease: lease(),
    copy: { save: async () => {}, forget: async () => {} } as unknown as DiskCopy,
    condition: () => ({ load: 0, healthy: true }),
    drainage: { set: () => {}, underWay: () => undefined },
    failpoint: () => {},
    log: pino({ level: "silent" }),
  });
  await pass(10_000, () => plane.hellos.length > 0);
  expect(plane.hellos).toHaveLength(1);
  await plane.close();
  await pass(60_000);
  const back = await controlPlane({ port: plane.port });
  await pass(4_500, () => back.hellos.length > 0);
  expect(back.hellos).toHaveLength(1);
  await watching.close();
  await back.close();
});
