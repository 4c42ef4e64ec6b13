import { expect, it } from "vitest";
import type { NewRecord } from "../../backends/log.ts";
import type { Term } from "../../backends/write-ahead-log/leadership.ts";
import type { NewEntry, Recorded } from "../../backends/write-ahead-log/write-ahead-log.ts";
import { relay } from "../../proxy/relay.ts";
import { until } from "../setup/until.ts";

const around = (padding: number) =>
  Buffer.from(JSON.stringify({ metadata: { note: "x".repeat(padding) }, headers: {}, publishedAtMs: 1_000 }));
const entry = (position: bigint, metadata = around(0)): NewEntry & Recorded => ({
  id: `message ${position}`,
  topic: "orders",
  key: Buffer.from("k"),
  payload: Buffer.from("small"),
  metadata,
  once: false,
  fresh: true,
  position,
  recordedAtMs: 1_000,
});

it("what is at hand while the backend is away is bounded by all that it holds: the rest is read from the log", async () => {
  const sent: NewRecord[] = [];
  const away = Promise.withResolvers<void>();
  const large = around(512 * 1024);
  // More than sixteen mebibytes, next to none of it payload.
  const log = [entry(1n), ...Array.from({ length: 40 }, (_, at) => entry(BigInt(at) + 2n, large))];
  const readFrom: bigint[] = [];
  const relaying = relay({
    namespace: "orders",
    incarnation: 1,
    ordered: true,
    log: {
      read: async (after) => {
        readFrom.push(after);
        return log.filter(({ position }) => position > after);
      },
    },
    async send(records) {
      await away.promise;
      sent.push(...records);
    },
    keep: async () => {},
    failpoint: () => {},
    relayed: () => {},
    troubled: () => {},
  });
  let head = 0;
  const answers = [
    ["returning epoch, relayed", () => [{ epoch: "1", relayed: "0" }]],
    ["from prism_log.layouts", () => []],
    ["returning 1 as moved", () => [{ moved: 1 }]],
    ["select h.position", () => [{ position: String(head) }]],
  ] as const;
  const query = async (text: string) => answers.find(([part]) => text.includes(part))?.[1]() ?? [];
  const ended = new AbortController();
  const leading = relaying.lead({ query } as unknown as Term, ended.signal);
  await new Promise((resolve) => setTimeout(resolve, 20));

  head = log.length;
  relaying.offer(log.slice(0, 1));
  await new Promise((resolve) => setTimeout(resolve, 20));
  relaying.offer(log.slice(1));
  away.resolve();
  await until(() => sent.length === log.length);
  expect(readFrom).toContain(1n);
  ended.abort();
  await leading;
});
