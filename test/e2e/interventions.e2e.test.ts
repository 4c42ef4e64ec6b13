import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Operation, OperationChange } from "../../sdk/typescript/answers.ts";
import type { Control } from "../../sdk/typescript/control.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { member, queueRequest, stranger } from "./request.ts";
import { runPrism } from "./run-prism.ts";

const platform = { subject: "user:root", scopes: ["prism:platform"] };
const auditor = { subject: "user:auditor", scopes: ["prism:audit"] };

/** More than a team may have without a word of the platform. */
const large = (namespace: string) => queueRequest(namespace, { needs: { write_rps: 120_000 } });

describe("what people tell an operation", () => {
  let prism: TestPrism;
  let alice: Control;
  let root: Control;
  beforeAll(async () => {
    // No proxy yet: whoever has to be served by one is parked, at once.
    const once = { PRISM_STEP_ATTEMPTS: "1", PRISM_PROXY_PATIENCE_MS: "500" };
    // A machine that is busy must not look like a worker that died: a step has only one attempt.
    const environment = { ...once, PRISM_HEARTBEAT_MS: "6000" };
    prism = await testPrism({ names: ["api", "worker"], environment });
    alice = await prism.control(member);
    root = await prism.control(platform);
  });
  afterAll(() => prism?.close());

  const ask = async (
    control: Control,
    request: { namespace: string },
    waitSeconds = 60,
  ): Promise<Operation> => {
    const { operation } = await control.namespaces.create(request, { waitSeconds });
    return control.operations.get(operation?.id ?? "");
  };
  const ended = async (control: Control, id: string): Promise<readonly OperationChange[]> => {
    const changes = [];
    for await (const change of control.operations.watch(id, { signal: AbortSignal.timeout(100_000) }))
      changes.push(change);
    return changes;
  };
  const typesOf = async (namespace: string) =>
    (await root.namespaces.history(namespace)).items.map(({ type }) => type);

  describe("that waits for approval", () => {
    it("is answered at once, and says what waits and why", async () => {
      const name = prism.name("large");
      const before = performance.now();
      const created = await alice.namespaces.create(large(name), { waitSeconds: 60 });
      expect(performance.now() - before).toBeLessThan(55_000);
      expect(created).toMatchObject({
        status: "awaiting_approval",
        operation: { state: "awaiting_approval" },
      });
      const waiting = await alice.operations.get(created.operation?.id ?? "");
      expect(waiting.approval).toMatchObject({
        plan_hash: waiting.plan_hash,
        requested_by: "user:alice",
        fields: [{ field: "needs.write_rps" }],
      });
      expect(waiting["check_after_ms"]).toBeGreaterThan(1_000);
    });

    it("takes the platform's word alone, on the plan that waits, and by nobody on their own", async () => {
      const name = prism.name("judged");
      const { id, plan_hash } = await ask(alice, large(name));
      const hash = plan_hash ?? "";
      const before = (await typesOf(name)).length;
      await expect(alice.operations.approve(id, { plan_hash: hash })).rejects.toMatchObject({
        code: "FORBIDDEN",
      });
      const auditing = await prism.control(auditor);
      await expect(auditing.operations.cancel(id)).rejects.toMatchObject({ code: "FORBIDDEN" });
      const mallory = await prism.control(stranger);
      for (const tell of [
        () => mallory.operations.cancel(id),
        () => mallory.operations.retry(id),
        () => mallory.operations.approve(id, { plan_hash: hash }),
        () => mallory.operations.get(id),
      ]) {
        await expect(tell()).rejects.toMatchObject({ code: "NOT_FOUND" });
      }
      await expect(root.operations.approve(id, { plan_hash: "another" })).rejects.toMatchObject({
        code: "APPROVAL_STALE",
        details: { plan_hash: hash },
      });
      const both = await prism.control({ ...member, scopes: ["prism:platform"] });
      await expect(both.operations.approve(id, { plan_hash: hash })).rejects.toMatchObject({
        code: "FORBIDDEN",
        message: "Nobody approves what they asked for",
      });
      expect(await typesOf(name)).toHaveLength(before);

      const granted = await root.operations.approve(id, { plan_hash: hash, comment: "for the sale" });
      expect(granted).toMatchObject({ approval: null, undoing: null });
      expect(await root.operations.approve(id, { plan_hash: hash })).toMatchObject({ id });
      expect((await typesOf(name)).filter((type) => type === "ApprovalGranted")).toHaveLength(1);
      await alice.operations.cancel(id);
      expect((await ended(alice, id)).at(-1)).toMatchObject({ state: "cancelled" });
    });

    it("is rejected for a reason that its owners learn, and the name is free again", async () => {
      const name = prism.name("rejected");
      const { id, plan_hash } = await ask(alice, large(name));
      const rejected = await root.operations.reject(id, { plan_hash: plan_hash ?? "", reason: "too dear" });
      expect(["running", "rejected"]).toContain(rejected.state);
      expect((await ended(alice, id)).at(-1)).toMatchObject({
        state: "rejected",
        error: { code: "FORBIDDEN", message: "The plan was rejected: too dear" },
      });
      await expect(root.operations.approve(id, { plan_hash: plan_hash ?? "" })).rejects.toMatchObject({
        code: "TOO_LATE",
      });
      await expect(alice.operations.cancel(id)).rejects.toMatchObject({ code: "TOO_LATE" });
      expect(await ask(alice, large(name))).toMatchObject({ state: "awaiting_approval" });
    });

    it("is asked for from the command line, which says what waits and what to type", async () => {
      const folder = mkdtempSync(join(tmpdir(), "prism-asked-"));
      const file = join(folder, "large.json");
      writeFileSync(file, JSON.stringify(large(prism.name("asked"))));
      const args = ["namespace", "create", "--file", file, "--wait"];
      const { code, stdout, stderr } = await runPrism(prism.api, await prism.token(member), args);
      rmSync(folder, { recursive: true });
      expect(code).toBe(0);
      expect(stdout).toMatch(/status\s+awaiting_approval/);
      expect(stderr).toMatch(/waits until .* for a platform member's approval of plan [0-9a-f]{64}/);
      expect(stderr).toMatch(/needs\.write_rps: /);
      expect(stderr).toMatch(/to approve: prism operation approve [0-9a-f-]{36} --plan-hash [0-9a-f]{64}/);
    });

    it("is watched on over a restart of the API, which no watcher holds up", async () => {
      const { id, plan_hash } = await ask(alice, large(prism.name("on-and-on")));
      const changes: OperationChange[] = [];
      const watching = (async () => {
        for await (const change of alice.operations.watch(id)) changes.push(change);
      })();
      await expect.poll(() => changes.at(-1)?.state).toBe("awaiting_approval");
      await prism.processes.stop("api");
      expect(readFileSync(prism.processes.logFile("api"), "utf8")).not.toContain("did not stop in time");
      await prism.processes.start("api");
      await root.operations.reject(id, { plan_hash: plan_hash ?? "", reason: "no" });
      await watching;
      expect(changes.at(-1)).toMatchObject({ state: "rejected" });
      expect(new Set(changes.map((change) => JSON.stringify(change))).size).toBe(changes.length);
    });

    it("is decided from the command line, which says what to type", async () => {
      const name = prism.name("typed");
      const token = { alice: await prism.token(member), root: await prism.token(platform) };
      const { id, plan_hash } = await ask(alice, large(name));
      const shown = await runPrism(prism.api, token.alice, ["operation", "get", id]);
      expect(shown.stdout).toContain(`to approve: prism operation approve ${id} --plan-hash ${plan_hash}`);
      const refused = await runPrism(prism.api, token.alice, ["operation", "approve", id]);
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("FORBIDDEN") });
      const watching = runPrism(prism.api, token.alice, ["operation", "watch", id]);
      const said = await runPrism(prism.api, token.root, [
        "operation",
        "reject",
        id,
        "--reason",
        "not now",
        "-o",
        "json",
      ]);
      expect(JSON.parse(said.stdout)).toMatchObject({ id, namespace: name });
      const watched = await watching;
      expect(watched).toMatchObject({ code: 1, stderr: expect.stringContaining("rejected: not now") });
      expect(watched.stdout).toMatch(/✓ select/);
      expect(watched.stdout).toMatch(/waits for approval: prism operation approve/);
      expect(watched.stdout).toContain(`create of ${name}: rejected`);
    });
  });

  describe("that is parked", () => {
    /** Once there is a proxy, it may take its time. */
    const patient = { PRISM_PROXY_PATIENCE_MS: "30000" };
    const stories = ["tried", "cancelled", "watched", "unheard", "mended"] as const;
    let parked: Readonly<Record<(typeof stories)[number], Operation>>;
    beforeAll(async () => {
      const asked = stories.map(
        async (story) => [story, await ask(alice, queueRequest(prism.name(story)))] as const,
      );
      parked = Object.fromEntries(await Promise.all(asked)) as typeof parked;
    });

    it("is told of as soon as it is, tried again as often as wished, and given up for good", async () => {
      const { id, namespace, ...told } = parked.tried;
      expect(told).toMatchObject({ state: "waiting", error: { code: expect.any(String) } });
      const state = async () => (await alice.operations.get(id)).state;
      const count = async (type: string) => (await typesOf(namespace)).filter((each) => each === type).length;
      for (const times of [1, 2]) {
        // It may wait anew before the answer is read.
        expect(["running", "waiting"]).toContain((await alice.operations.retry(id)).state);
        await expect.poll(() => count("OperationParked")).toBe(times + 1);
        await expect.poll(state).toBe("waiting");
      }
      expect(await count("OperationRetried")).toBe(2);
      await alice.operations.abandon(id);
      expect((await ended(alice, id)).at(-1)).toMatchObject({ state: "failed", undoing: "failed" });
      expect(await alice.operations.abandon(id)).toMatchObject({ state: "failed" });
      await expect(alice.operations.retry(id)).rejects.toMatchObject({ code: "TOO_LATE" });
    });

    it("is cancelled like any other, and everything is undone", async () => {
      const { id } = parked.cancelled;
      await alice.operations.cancel(id);
      const changes = await ended(alice, id);
      expect(changes.at(-1)).toMatchObject({ state: "cancelled" });
      const undone = changes.flatMap(({ steps }) => steps).filter(({ state }) => state === "undone");
      expect(new Set(undone.map(({ name }) => name.split(" ", 2).join(" ")))).toEqual(
        new Set(["ensure kafka", "ensure postgres"]),
      );
      expect(await alice.operations.cancel(id)).toMatchObject({ state: "cancelled" });
    });

    it("is watched from where a reader left off, also once it has ended", async () => {
      const { id } = parked.watched;
      await alice.operations.cancel(id);
      const all = await messages(id);
      expect(all.at(-1)?.event).toBe("end");
      expect(new Set(all.map((sent) => sent.id)).size).toBe(all.length);
      const middle = Math.floor(all.length / 2);
      expect(await messages(id, all[middle]?.id)).toEqual(all.slice(middle + 1));
    });
    type Sent = { id: string; event: string };
    const messages = async (id: string, after?: string): Promise<readonly Sent[]> => {
      const answer = await fetch(`${prism.api}/api/v1/operations/${id}/events`, {
        headers: {
          authorization: `Bearer ${await prism.token(member)}`,
          ...(after === undefined ? {} : { "last-event-id": after }),
        },
      });
      expect(answer.headers.get("content-type")).toBe("text/event-stream");
      return [...(await answer.text()).matchAll(/^id: (\d+)\nevent: (\w+)$/gm)].map(
        ([, at = "", event = ""]) => ({
          id: at,
          event,
        }),
      );
    };

    it("says that nobody hears it while no worker runs, and is heard once when one does", async () => {
      const { id } = parked.unheard;
      await prism.processes.stop("worker");
      const answer = await fetch(`${prism.api}/api/v1/operations/${id}/cancel`, {
        method: "POST",
        headers: { authorization: `Bearer ${await prism.token(member)}` },
      });
      expect(answer.status).toBe(503);
      expect(answer.headers.get("retry-after")).toMatch(/^\d+$/);
      expect(await answer.json()).toMatchObject({ error: { code: "BACKEND_UNAVAILABLE" } });
      await prism.processes.start("worker", patient);
      await alice.operations.cancel(id);
      expect((await ended(alice, id)).at(-1)).toMatchObject({ state: "cancelled" });
    });

    it("goes on to its end once what was missing is there, and takes no word after that", async () => {
      const { id } = parked.mended;
      await prism.processes.start("worker", patient);
      await prism.processes.start("proxy");
      await alice.operations.retry(id);
      const { code, stdout } = await runPrism(prism.api, await prism.token(member), [
        "operation",
        "watch",
        id,
      ]);
      expect(code).toBe(0);
      expect(stdout).toMatch(/✓ probe[\s\S]*✓ activate[\s\S]*create of .*: succeeded/);
      expect(await alice.operations.get(id)).toMatchObject({
        state: "succeeded",
        check_after_ms: 0,
        error: null,
      });
      await expect(alice.operations.cancel(id)).rejects.toMatchObject({ code: "TOO_LATE" });
      await expect(alice.operations.abandon(id)).rejects.toMatchObject({ code: "TOO_LATE" });
    });
  });
});
