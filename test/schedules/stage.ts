import { spawnSync } from "node:child_process";
import { constants } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { QueueService } from "../../proto/gen/prism/v1/queue_pb.js";
import type { Control } from "../../sdk/typescript/control.ts";
import { member, orderApi, queueRequest, platform as root } from "../e2e/request.ts";
import { rawClient } from "../proxy/raw-client.ts";
import { copy, type Patch } from "../setup/copy.ts";
import { moreProxies, type RunningProxy } from "../setup/more-proxies.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until } from "../setup/until.ts";
import { type Gate, gate } from "./gate.ts";

export const leaseMs = 3_000;

/** A Prism of its own, of a copy of the source, and two proxies; a schedule has `a` in its hands. */
export type Stage = {
  readonly prism: TestPrism;
  readonly alice: Control;
  readonly gate: Gate;
  readonly a: RunningProxy;
  readonly b: RunningProxy;
  /** An active namespace that both serve. `pci`: not a moment longer than a lease runs. */
  namespace(prefix: string, more?: Record<string, unknown>): Promise<string>;
  /** Whether the proxy takes a message of somebody whose access is in question. */
  accepts(proxy: RunningProxy, namespace: string): Promise<boolean>;
  /** The disk of `a` writes no copy from now on. */
  holdDisk(): Promise<void>;
  freeDisk(): Promise<void>;
  /** `failpoint`: where it is to die. */
  restart(failpoint?: string): Promise<void>;
  /** It is stopped as whoever rolls out stops it. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Nothing is held any more, and both proxies are back. */
  atRest(): Promise<void>;
  close(): Promise<void>;
};

/** A proxy gives up a control plane that has been silent for seconds: a second guard, which would hide faults of the first. */
const patient: Patch = {
  file: "proxy/watch.ts",
  from: "const silenceMs = 5_000;",
  to: "const silenceMs = 600_000;",
};

export const pci = {
  policies: { compliance: "pci", pii_handling: "enabled", audit_logging: "enabled" },
};

export async function stage(
  patches: readonly Patch[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Stage> {
  const source = await copy([patient, ...patches]);
  const prism = await testPrism({
    names: ["api", "worker"],
    environment: { PRISM_LEASE_MS: String(leaseMs), PRISM_PROXY_PATIENCE_MS: "1000", ...environment },
    folder: source.folder,
  });
  const proxies = moreProxies(prism);
  const home = await mkdtemp(join(tmpdir(), "prism-schedule-"));
  const between = await gate(prism, { role: "proxy", shard: "shard-1", id: "a" });
  const start = (failpoint?: string) =>
    proxies.start("a", {
      PRISM_CONTROL_ADDRESS: between.address,
      PRISM_PROXY_DATA_DIR: home,
      ...(failpoint !== undefined && { PRISM_FAILPOINT: failpoint }),
    });
  const draft = join(home, "directory.new");
  const freeDisk = async (): Promise<void> => {
    const reader = await open(draft, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined);
    await rm(draft, { force: true });
    await reader?.close();
  };
  let [a, b] = await Promise.all([start(), proxies.start("b")]);
  const [platform, alice, token] = await Promise.all([
    prism.control({ ...root, ttlSeconds: 7_200 }),
    prism.control({ ...member, ttlSeconds: 7_200 }),
    prism.token({ ...orderApi, ttlSeconds: 7_200 }),
  ]);

  return {
    prism,
    alice,
    gate: between,
    get a() {
      return a;
    },
    b,
    async namespace(prefix, more = {}) {
      const both = async (name: string) => (await alice.namespaces.endpoints(name)).endpoints.length === 2;
      const name = prism.name(prefix);
      await alice.namespaces.create(queueRequest(name, more), { waitSeconds: 60 });
      await until(
        async () => (await both(name)) && (await alice.namespaces.get(name)).status === "active",
        60_000,
      );
      return name;
    },
    async accepts({ address }, namespace) {
      const metadata = { authorization: `Bearer ${token}`, "prism-namespace": namespace };
      const client = rawClient(address, metadata);
      const published = client.unary(QueueService.method.publish, { topic: "t", payload: new Uint8Array(1) });
      const taken = published.then(
        () => true,
        () => false,
      );
      return Promise.race([taken, pause(5_000, false)]).finally(() => client.close());
    },
    async holdDisk() {
      // Who opens it for writing waits for a reader. It is there for a moment whenever a copy is written.
      await until(() => spawnSync("mkfifo", [draft]).status === 0);
    },
    freeDisk,
    async restart(failpoint) {
      await a.kill("SIGKILL");
      await freeDisk();
      a = await start(failpoint);
    },
    async stop() {
      await freeDisk();
      await a.kill("SIGTERM");
    },
    async start() {
      a = await start();
    },
    async atRest() {
      a.process.kill("SIGCONT");
      await freeDisk();
      between.heal();
      const live = async () => (await platform.proxies.list()).items.filter(({ state }) => state === "live");
      await until(async () => (await live()).length === 2, 100_000);
    },
    async close() {
      await proxies.close();
      between.close();
      await prism.close();
      await source.remove();
      await rm(home, { recursive: true, force: true });
    },
  };
}
