import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { s3Archive } from "../../backends/s3-archive.ts";
import type { HistoryEvent } from "../../sdk/typescript/answers.ts";
import type { Control } from "../../sdk/typescript/control.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { member, queueRequest, stranger } from "./request.ts";
import { runPrism } from "./run-prism.ts";

const never = new AbortController().signal;

describe("a name that another team has taken", () => {
  let prism: TestPrism;
  let name: string;
  let alice: Control;
  let mallory: Control;
  /** Of the first life, as alice saw it before the name was another's. */
  let former: readonly HistoryEvent[];
  let formerOperations: readonly string[];
  beforeAll(async () => {
    prism = await testPrism();
    name = prism.name("reborn");
    alice = await prism.control(member);
    mallory = await prism.control(stranger);
    await alice.namespaces.create(queueRequest(name), { waitSeconds: 60 });
    expect((await alice.namespaces.delete(name, { confirm: name, waitSeconds: 60 })).status).toBe("deleted");
    former = (await alice.namespaces.history(name)).items;
    formerOperations = (await alice.operations.list({ namespace: name })).items.map(({ id }) => id);
    const theirs = queueRequest(name, { team: "marketing-team", access: { owners: [], consumers: [] } });
    const again = await mallory.namespaces.create(theirs, { waitSeconds: 60 });
    expect(again).toMatchObject({ status: "active", team: "marketing-team", version: 1 });
  }, 300_000);
  afterAll(() => prism?.close());

  const first = async (feed: AsyncIterable<HistoryEvent>): Promise<HistoryEvent> => {
    for await (const event of feed) return event;
    return expect.fail("the feed ended");
  };
  const last = (events: readonly HistoryEvent[]) => events.at(-1)?.position ?? "";
  const code = (asked: Promise<unknown>) =>
    asked.then(
      () => "answered",
      (error: { code: string }) => error.code,
    );

  it("still shows the former team its own life, and nothing of the new one", async () => {
    expect(former.map(({ type }) => type)).toEqual(
      expect.arrayContaining(["NamespaceRequested", "NamespaceDeleted"]),
    );
    expect((await alice.namespaces.history(name)).items).toEqual(former);
    expect(await first(alice.events({ namespace: name, after: "0" }))).toMatchObject({ id: former[0]?.id });
    expect((await alice.operations.list({ namespace: name })).items.map(({ id }) => id)).toEqual(
      formerOperations,
    );
    for (const id of formerOperations) expect((await alice.operations.get(id)).namespace).toBe(name);
    const activated = former.find(({ type }) => type === "NamespaceActivated")?.position ?? "";
    expect(await alice.namespaces.get(name, { asOf: activated })).toMatchObject({ status: "active" });
    expect(await alice.namespaces.plan(name, { asOf: activated })).toMatchObject({
      hash: expect.any(String),
    });
    for (const today of ["get", "plan", "access", "endpoints", "replay"] as const)
      expect([today, await code(alice.namespaces[today](name))]).toEqual([today, "NOT_FOUND"]);
  });

  it("shows the new team nothing of the former life, by whatever way they ask", async () => {
    const positions = new Set(former.map(({ position }) => position));
    const { items } = await mallory.namespaces.history(name);
    expect(items[0]?.type).toBe("NamespaceRequested");
    expect(items.filter(({ position }) => positions.has(position))).toEqual([]);
    expect(await first(mallory.events({ namespace: name, after: "0" }))).toMatchObject({ id: items[0]?.id });
    const ofTeam = await first(mallory.events({ team: "marketing-team", after: former[0]?.position }));
    expect(positions.has(ofTeam.position)).toBe(false);
    expect((await mallory.namespaces.replay(name)).events).toBe(items.length);
    for (const asOf of [former[0]?.position ?? "", last(former)]) {
      for (const ask of ["get", "plan", "access", "endpoints"] as const)
        expect([ask, await code(mallory.namespaces[ask](name, { asOf }))]).toEqual([ask, "NOT_FOUND"]);
      expect((await mallory.namespaces.list({ asOf })).items).toEqual([]);
    }
    const operations = (await mallory.operations.list({ namespace: name })).items.map(({ id }) => id);
    expect(operations.filter((id) => formerOperations.includes(id))).toEqual([]);
    for (const id of formerOperations) {
      expect(await code(mallory.operations.get(id))).toBe("NOT_FOUND");
      expect(await code(mallory.operations.cancel(id))).toBe("NOT_FOUND");
      expect(await code(first(mallory.operations.watch(id) as never))).toBe("NOT_FOUND");
    }
    expect(await mallory.namespaces.archived(name)).toEqual({ items: [], archives: [] });
    expect(await code(mallory.audit({ namespace: name }))).toBe("FORBIDDEN");
    const everything = JSON.stringify([
      await mallory.namespaces.get(name),
      await mallory.namespaces.plan(name),
      items,
    ]);
    for (const secret of ["payments-team", "user:alice", "order-api"])
      expect(everything).not.toContain(secret);
  });

  it("is nobody else's: a third team sees neither life", async () => {
    const third = await prism.control({ subject: "user:walter", teams: ["finance-team"] });
    for (const ask of ["get", "history", "archived", "plan", "access", "endpoints", "replay"] as const)
      expect([ask, await code(third.namespaces[ask](name))]).toEqual([ask, "NOT_FOUND"]);
    expect(await code(first(third.events({ namespace: name, after: "0" })))).toBe("NOT_FOUND");
  });

  describe("the archive of the former life", () => {
    const archive = () => {
      const { environment } = prism;
      const given = (variable: string) => environment[variable] ?? "";
      return s3Archive({
        address: {
          endpoint: given("PRISM_S3_ENDPOINT"),
          region: "us-east-1",
          accessKeyId: given("PRISM_S3_ACCESS_KEY_ID"),
          secretAccessKey: given("PRISM_S3_SECRET_ACCESS_KEY"),
        },
        bucket: given("PRISM_ARCHIVE_BUCKET"),
        deadlineMs: 10_000,
      });
    };
    const kept = () => former.find(({ type }) => type === "AuditArchived");
    const key = () => String(kept()?.data["key"]);
    const body = async () => Buffer.from((await archive().get(key(), never)) ?? []);
    const history = async () => {
      const run = await runPrism(prism.api, await prism.token(member), [
        "namespace",
        "history",
        name,
        "--archived",
      ]);
      return { ...run, found: await alice.namespaces.archived(name) };
    };

    it("is what the stream says, byte for byte by its digest", async () => {
      const { code: exit, stdout, found } = await history();
      expect(exit).toBe(0);
      expect(stdout).toContain(key());
      const until = Number(kept()?.data["revision"]);
      expect(found.items).toEqual(former.slice(0, until + 1));
      const text = gunzipSync(await body());
      expect(createHash("sha256").update(text).digest("hex")).toBe(kept()?.data["digest"]);
      expect(found.archives).toMatchObject([
        { incarnation: 1, intact: true, digest: kept()?.data["digest"] },
      ]);
      expect((await alice.namespaces.archived(name, { type: "DrainCompleted" })).items).toHaveLength(1);
    });

    it("is found to have a flipped byte, wherever it is", async () => {
      const whole = await body();
      const text = gunzipSync(whole);
      const line = text.toString().split("\n").length >> 1;
      const at = Buffer.byteLength(text.toString().split("\n").slice(0, line).join("\n")) + 40;
      const flipped = (bytes: Buffer, index: number) => {
        const copy = Buffer.from(bytes);
        copy[index] = (copy[index] ?? 0) ^ 1;
        return copy;
      };
      const wrongs: readonly (readonly [Buffer, RegExp])[] = [
        // In the packed file anywhere, in the text of one event, the end cut off, a line added.
        [flipped(whole, whole.length >> 1), /is not what was archived/],
        [flipped(whole, whole.length - 6), /is not what was archived/],
        [gzipSync(flipped(text, at)), new RegExp(`differs from the stream at revision ${line} `)],
        [gzipSync(text.subarray(0, text.length >> 1)), /differs from the stream at revision/],
        [gzipSync(Buffer.concat([text, text.subarray(0, 40)])), /holds more than/],
      ];
      try {
        for (const [wrong, named] of wrongs) {
          await archive().put(key(), wrong, never);
          const { code: exit, stderr, found } = await history();
          expect({ exit, stderr }).toMatchObject({ exit: 1, stderr: expect.stringContaining(key()) });
          expect(found).toMatchObject({
            items: [],
            archives: [{ intact: false, wrong: expect.stringMatching(named) }],
          });
        }
      } finally {
        await archive().put(key(), whole, never);
      }
      expect((await history()).found.archives).toMatchObject([{ intact: true }]);
    });
  });
});
