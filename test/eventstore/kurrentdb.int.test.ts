import { describe, expect, it } from "vitest";
import type { EventStore } from "../../eventstore/event-store.ts";
import { kurrentdbEventStore } from "../../eventstore/kurrentdb/kurrentdb.ts";
import { appendCases } from "./conformance/append.ts";
import { concurrencyCases } from "./conformance/concurrency.ts";
import { idempotencyCases } from "./conformance/idempotency.ts";
import { readAllCases } from "./conformance/read-all.ts";
import { readStreamCases, shortReadStreamCases } from "./conformance/read-stream.ts";
import { soakCases } from "./conformance/soak.ts";
import {
  conform,
  eventCount,
  isCaughtUp,
  newEvents,
  refused,
  type Subject,
  streamName,
  tail,
} from "./conformance/subject.ts";
import { subscriptionCases } from "./conformance/subscriptions.ts";
import { flakyNetwork } from "./flaky-network.ts";
import { kurrentdbDouble } from "./kurrentdb-double.ts";

const server = process.env["KURRENTDB_TEST_CONNECTION_STRING"];

/** The adapter on a server, or on a double of one that is made for it. */
const kurrentdbSubject =
  (given: string | undefined) => async (): Promise<Subject & { dispose(): Promise<void> }> => {
    const double = given === undefined ? await kurrentdbDouble() : undefined;
    const url = given ?? double?.url ?? "";
    const opened: EventStore[] = [];
    const open = (options: { clock?: () => Date } = {}) => {
      const store = kurrentdbEventStore({ url, ...options });
      opened.push(store);
      return store;
    };
    return {
      store: open(),
      open,
      idempotent: "exactRevision",
      async dispose() {
        await Promise.all(opened.map((store) => store.close()));
        await double?.close();
      },
    };
  };

function suite(
  name: string,
  subject: ReturnType<typeof kurrentdbSubject>,
  cases: typeof readStreamCases,
): void {
  conform(`${name}: append`, subject, appendCases);
  conform(`${name}: idempotency`, subject, idempotencyCases);
  conform(`${name}: concurrency`, subject, concurrencyCases);
  conform(`${name}: one stream`, subject, cases);
  conform(`${name}: the log`, subject, readAllCases);
  conform(`${name}: subscriptions`, subject, subscriptionCases);
  conform(`${name}: soak`, subject, soakCases(2));
}

suite("KurrentDB's protocol (a double)", kurrentdbSubject(undefined), shortReadStreamCases);
if (server === undefined) process.stdout.write("not run: KurrentDB\n");
else suite("KurrentDB", kurrentdbSubject(server), readStreamCases);

describe("KurrentDB: connections", () => {
  it("57 a subscription outlives a cut network without gap or repeat", async () => {
    const double = await kurrentdbDouble();
    const network = await flakyNetwork(double.url);
    const [writer, reader] = [
      kurrentdbEventStore({ url: double.url }),
      kurrentdbEventStore({ url: network.url }),
    ];
    const stream = streamName("cut");
    const tailing = tail(reader);
    await writer.append(stream, newEvents(50), { expected: "any" });
    await tailing.until(isCaughtUp);
    await tailing.until(eventCount(50));
    await Promise.all([network.cut(300), writer.append(stream, newEvents(50), { expected: "any" })]);
    await writer.append(stream, newEvents(50), { expected: "any" });
    await tailing.until(eventCount(150));
    await tailing.stop();
    expect(tailing.events().map(({ revision }) => revision)).toEqual(
      Array.from({ length: 150 }, (_, i) => BigInt(i)),
    );
    await Promise.all([writer.close(), reader.close()]);
    await network.close();
    await double.close();
  });

  it("J a server that is not there is unavailable; a closed store says so", async () => {
    const store = kurrentdbEventStore({ url: "kurrentdb://127.0.0.1:1?tls=false&maxDiscoverAttempts=1" });
    await refused(store.health(), "StoreUnavailable");
    await refused(store.append(streamName("away"), newEvents(1), { expected: "any" }), "StoreUnavailable");
    await store.close();
    await refused(store.health(), "StoreClosed");
  });
});
