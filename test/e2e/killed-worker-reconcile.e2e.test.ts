import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Resource } from "../../domain/plan.ts";
import type { Control } from "../../sdk/typescript/control.ts";
import { figures, soaking } from "../eventstore/soaking.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until } from "../setup/until.ts";
import { configuration, holdings } from "./holdings.ts";
import { type Cell, cells, failpointOf, type Plot } from "./kill-matrix.ts";
import { requestOf, resourcesOf } from "./kinds.ts";
import { type Meddling, meddling } from "./meddling.ts";
import { member, platform } from "./request.ts";
import { reconciled } from "./sweep.ts";

const topicOf = (namespace: string): Resource =>
  resourcesOf("orders", namespace).find(({ kind }) => kind === "topic") ?? expect.fail("topic");

const all = cells("reconcile", 1);
/** Repairs need a proxy, so that there is something to repair; what is cleaned up was left by creates that found none. */
const withProxy: ReadonlySet<Plot> = new Set(["plain", "refused"]);

describe.each([true, false])(
  "a worker killed at any moment of reconciling (proxy lives: %s)",
  (proxyLives) => {
    const possible = all.filter(({ plot }) => withProxy.has(plot) === proxyLives);
    const tried = soaking ? possible : possible.filter((_, index) => index % 7 === 2);
    let prism: TestPrism;
    let meddler: Meddling;
    let alice: Control;
    let root: Control;
    beforeAll(async () => {
      // Without a proxy one attempt to find one parks the create, and one death uses up an undo or a sweep.
      const once = { PRISM_STEP_ATTEMPTS: "1", PRISM_UNDO_ATTEMPTS: "1", PRISM_PROXY_PATIENCE_MS: "500" };
      prism = await testPrism(proxyLives ? {} : { names: ["api", "worker"], environment: once });
      meddler = await meddling(prism.environment);
      alice = await prism.control(member);
      root = await prism.control(platform);
    });
    afterAll(async () => {
      await meddler?.close();
      await prism?.close();
    });

    const nameOf = (index: number) => prism.name(`mend-${index}`);
    const arm = async (failpoint: string) => {
      await prism.processes.stop("worker", "SIGKILL");
      await prism.processes.start("worker", { PRISM_FAILPOINT: failpoint });
    };
    const dies = () => until(() => !prism.processes.running("worker"), 60_000);
    const types = async (namespace: string) =>
      (await root.namespaces.history(namespace)).items.map(({ type }) => type);
    const count = async (namespace: string, type: string) =>
      (await types(namespace)).filter((each) => each === type).length;

    /** A namespace in use, its topic gone, or with more partitions than anybody may take away again. */
    const worn = async (namespace: string, plot: Plot) => {
      await alice.namespaces.create(requestOf("orders", namespace), { waitSeconds: 60 });
      const topic = topicOf(namespace);
      const { items } = await alice.namespaces.history(namespace, { type: "ResourceProvisioned" });
      const { identity } = items
        .map(({ data }) => data as { resource: Resource; identity: string })
        .find(({ resource }) => resource.kind === "topic") ?? { identity: "" };
      const before = await configuration(prism.environment, namespace);
      if (plot === "refused") await meddler.widen(topic.name);
      else await meddler.lose(topic, { namespace, incarnation: 1 }, identity);
      return before;
    };

    /** What a create has left behind: the worker dies of the one attempt to remove its topic. */
    const leftBehind = async (namespace: string) => {
      await arm(`remove kafka topic ${topicOf(namespace).name}:before:${namespace}`);
      const { operation } = await alice.namespaces.create(requestOf("orders", namespace));
      const id = operation?.id ?? "";
      await until(async () => (await alice.operations.get(id)).state === "waiting", 60_000);
      await Promise.all([alice.operations.cancel(id), dies()]);
      await prism.processes.start("worker");
      await until(async () => (await alice.operations.get(id)).ended_at !== null, 60_000);
      expect(await types(namespace)).toContain("CleanupBlocked");
    };

    const sweepDyingOf = async (cell: Cell, namespace: string) => {
      const { id } = await root.reconcile();
      await dies();
      await arm(cell.plot === "unswept" ? failpointOf(cell, namespace, [topicOf(namespace)]) : "");
      if (cell.plot === "unswept") {
        await dies();
        await arm("");
      }
      await until(async () => (await root.operations.get(id)).ended_at !== null, 120_000);
      return root.operations.get(id);
    };

    it.each(tried.map((cell, index) => ({ ...cell, index })))(
      "$activity, $moment, $plot: mended once, and nothing that is not ours",
      async ({ index, ...cell }) => {
        const namespace = nameOf(index);
        const before =
          cell.plot === "cleaned"
            ? await leftBehind(namespace).then(() => ({}))
            : proxyLives
              ? await worn(namespace, cell.plot)
              : {};
        const first =
          cell.plot === "unswept" ? "sweep:before:*" : failpointOf(cell, namespace, [topicOf(namespace)]);
        await arm(first);
        const { state } = await sweepDyingOf(cell, namespace);
        if (cell.plot === "unswept") {
          expect(state).toBe("failed");
          expect((await reconciled(root)).state).toBe("succeeded");
          return;
        }
        if (cell.plot === "cleaned") {
          // One that used up its only attempt is over, and the next sweep does what is left.
          await until(async () => {
            const isDone = (await types(namespace)).at(-1) === "CleanupCompleted";
            if (!isDone) await reconciled(root);
            return isDone;
          }, 120_000);
          expect(await holdings(prism.environment, namespace)).toEqual([]);
          expect(await count(namespace, "CleanupCompleted")).toBe(1);
          expect((await alice.teams.get("payments-team")).reserved.namespaces).toBe(0);
          return;
        }
        const end = cell.plot === "refused" ? "RepairFailed" : "DriftRepaired";
        await until(async () => (await types(namespace)).includes(end), 60_000);
        expect(await count(namespace, end)).toBe(1);
        expect(await count(namespace, "DriftDetected")).toBe(1);
        const status = () => alice.namespaces.get(namespace).then((shown) => shown.status);
        await expect.poll(status, { timeout: 30_000 }).toBe(cell.plot === "refused" ? "degraded" : "active");
        if (cell.plot === "plain") {
          expect(await configuration(prism.environment, namespace)).toEqual(before);
          expect(await count(namespace, "ResourceProvisioned")).toBe(5);
        }
      },
      300_000,
    );

    it("was tried in as many cells as there are", () => {
      figures(
        `kill matrix of reconcile, proxy lives: ${proxyLives}: ${tried.length} of ${possible.length} cells`,
      );
      expect(tried.length).toBeGreaterThan(0);
    });
  },
);
