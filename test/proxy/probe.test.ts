import { X509Certificate } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import type { StoredRecord } from "../../backends/log.ts";
import { ProbeRequestSchema, SnapshotSchema } from "../../proto/gen/prism/control/v1/control_pb.js";
import { deliveryMemory } from "../../proxy/delivery-memory.ts";
import { directory } from "../../proxy/directory.ts";
import { probeService } from "../../proxy/probe.ts";
import { type Served, serve } from "../../proxy/served.ts";
import type { Peer } from "../../runtime/peer.ts";
import { queueEntry } from "./control-plane.ts";
import { identityOf } from "./identities.ts";
import { memoryLog } from "./memory-log.ts";

// A namespace without patterns needs neither.
const never = undefined as never;

/** Probes a namespace whose backend gives back what `twist` makes of what it was given. */
async function probed(
  twist: (record: StoredRecord) => StoredRecord | undefined,
  by: Peer = { role: "control", name: "worker" },
): Promise<string> {
  const { log } = memoryLog();
  const backend = {
    ...log,
    read: async (...asked: Parameters<typeof log.read>) => {
      const found = await log.read(...asked);
      return found && twist(found);
    },
  };
  const table = directory<Served>({
    serve: (entry, before) =>
      serve(
        {
          memory: deliveryMemory(),
          proxy: "p",
          connect: () => backend,
          tools: never,
          leadership: never,
          troubled: () => {},
          took: () => {},
        },
        entry,
        before,
      ),
    stop: () => {},
  });
  table.replace(create(SnapshotSchema, { version: 1n, entries: [queueEntry("orders", "orders-queue")] }));
  const { probe } = probeService({ directory: table, log: pino({ level: "silent" }) });
  const request = create(ProbeRequestSchema, { namespace: "orders", incarnation: 1 });
  const { raw } = new X509Certificate((await identityOf(by)).cert);
  const call = { getAuthContext: () => ({ sslPeerCertificate: { raw } }), request };
  return new Promise((resolve) =>
    (probe as (call: unknown, callback: (error: { details: string } | null) => void) => void)(call, (error) =>
      resolve(error === null ? "passed" : error.details),
    ),
  );
}

describe("a probe", () => {
  it("passes when what comes back is what was sent", async () => {
    expect(await probed((record) => record)).toBe("passed");
  });

  it("is the control plane's to ask for: another proxy is refused", async () => {
    const other: Peer = { role: "proxy", shard: "shard-1", id: "proxy-2" };
    expect(await probed((record) => record, other)).toBe(
      "only the control plane may probe, and this is proxy/shard-1/proxy-2",
    );
  });

  it("fails when nothing comes back", async () => {
    expect(await probed(() => undefined)).toContain("nothing came back");
  });

  it("fails when something else comes back", async () => {
    expect(await probed((record) => ({ ...record, value: new Uint8Array(32) }))).toContain("something else");
    const headers = (record: StoredRecord) => new Map([...record.headers, ["prism-id", "another"]]);
    expect(await probed((record) => ({ ...record, headers: headers(record) }))).toContain("something else");
  });
});
