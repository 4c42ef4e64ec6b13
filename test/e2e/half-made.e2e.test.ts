import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Control } from "../../sdk/typescript/control.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until } from "../setup/until.ts";
import { holdings } from "./holdings.ts";
import { requestOf } from "./kinds.ts";
import { member } from "./request.ts";

const patienceMs = 100_000;

describe("the delete of a namespace that never served", () => {
  let prism: TestPrism;
  let alice: Control;
  beforeAll(async () => {
    // Without a proxy every create waits at its registration; a removal has one attempt.
    const environment = {
      PRISM_STEP_ATTEMPTS: "1",
      PRISM_UNDO_ATTEMPTS: "1",
      PRISM_PROXY_PATIENCE_MS: "1000",
      // A machine that is busy must not look like a worker that died: that one attempt would be gone.
      PRISM_HEARTBEAT_MS: "3000",
    };
    prism = await testPrism({ names: ["api", "worker"], environment });
    alice = await prism.control(member);
  });
  afterAll(() => prism?.close());

  const state = async (id: string) => (await alice.operations.get(id)).state;
  /** All but served, and protected; answers its operation. */
  const halfMade = async (name: string): Promise<string> => {
    const policies = { deletion_protection: true };
    const { operation } = await alice.namespaces.create({ ...requestOf("orders", name), policies });
    const id = operation?.id ?? "";
    await until(async () => (await state(id)) === "waiting", patienceMs);
    return id;
  };
  const remove = (name: string) => alice.namespaces.delete(name, { confirm: name, waitSeconds: 60 });
  const isGone = async (name: string) => {
    expect(await holdings(prism.environment, name)).toEqual([]);
    expect((await alice.namespaces.get(name)).status).toBe("deleted");
    expect((await alice.teams.get("payments-team")).reserved).toMatchObject({ namespaces: 0, write_rps: 0 });
    await expect(remove(name)).rejects.toMatchObject({ code: "NOT_FOUND" });
  };

  it.each(["cancel", "abandon"] as const)(
    "while its create waits it is refused, with the operation; once that was told to %s it goes through",
    async (word) => {
      const name = prism.name(word);
      const id = await halfMade(name);
      expect((await holdings(prism.environment, name)).length).toBeGreaterThan(3);
      const refused = { code: "OPERATION_IN_PROGRESS", details: { operation: id } };
      await expect(remove(name)).rejects.toMatchObject(refused);
      await expect(alice.namespaces.update(name, { needs: { write_rps: 101 } })).rejects.toMatchObject(
        refused,
      );
      await alice.operations[word](id);
      await until(async () => ["cancelled", "failed"].includes(await state(id)), patienceMs);
      expect(await holdings(prism.environment, name)).toEqual([]);
      expect((await remove(name)).status).toBe("deleted");
      await isGone(name);
    },
    300_000,
  );

  it("takes what a create could not remove, and frees the name", async () => {
    const name = prism.name("stuck");
    const id = await halfMade(name);
    await prism.processes.stop("worker");
    const topic = `remove kafka topic ${name}-queue`;
    await prism.processes.start("worker", { PRISM_FAILPOINT: `${topic}:before:${name}` });
    await alice.operations.abandon(id);
    await until(() => !prism.processes.running("worker"), patienceMs);
    await prism.processes.start("worker");
    await until(async () => (await state(id)) === "failed", patienceMs);
    expect((await alice.namespaces.history(name)).items.map(({ type }) => type)).toContain("CleanupBlocked");
    expect(await holdings(prism.environment, name)).toEqual([`topic ${name}-queue`]);
    await expect(alice.namespaces.create(requestOf("orders", name))).rejects.toMatchObject({
      code: "NAMESPACE_EXISTS",
    });
    expect((await remove(name)).status).toBe("deleted");
    await isGone(name);
    await alice.operations.cancel(await halfMade(name));
  }, 300_000);
});
