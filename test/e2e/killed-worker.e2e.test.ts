import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Resource } from "../../domain/plan.ts";
import type { Control } from "../../sdk/typescript/control.ts";
import { figures, soaking } from "../eventstore/soaking.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until } from "../setup/until.ts";
import { holdings } from "./holdings.ts";
import { cells, failpointOf, type Plot } from "./kill-matrix.ts";
import { everyKind, type Kind, requestOf, resourcesOf } from "./kinds.ts";
import { member, platform } from "./request.ts";

/** More than a team may have without a word of the platform. */
const much = { data_size: "2TB" };

/** Every activity on one kind of namespace; on the others those that work on a resource. */
const all = everyKind.flatMap((kind) =>
  cells("create", resourcesOf(kind, "x").length)
    .filter(({ resource }) => kind === "orders" || resource !== undefined)
    .map((cell) => ({ ...cell, kind })),
);

/** Where the others' resources are made under fire in `npm test`; of the rest they are removed. */
const made: ReadonlySet<Kind> = new Set(["videos", "payments"]);

/** A few: of the first kind each twelfth, of the others a resource on each backend that those lack. */
const few = all.filter(({ kind, resource, moment, activity }, index) => {
  if (kind === "orders") return index % 12 === 3;
  const { backend } = resourcesOf(kind, "x")[resource ?? 0] as Resource;
  const first = resourcesOf(kind, "x").findIndex((one) => one.backend === backend) === resource;
  if (backend === "kafka" || (backend === "postgres" && kind !== "payments")) return false;
  const [isMade, at] = activity === "ensureResource" ? [true, "after"] : [false, "intended"];
  return first && moment === at && made.has(kind) === isMade;
});
const tried = soaking ? all : few;

/** Plots that end with a served namespace; in the others no proxy lives, and nothing may be left. */
const served: ReadonlySet<Plot> = new Set(["plain", "approved"]);
const guided: ReadonlySet<Plot> = new Set(["approved", "rejected", "expired"]);

/** As one server or another calls it: with the life behind it, or the bucket before its prefix. */
const stands = (held: readonly string[], name: string): boolean =>
  held.some((one) => one.includes(name.split("/")[0] ?? ""));

describe.each([true, false])("a worker killed at any moment of a create (proxy lives: %s)", (withProxy) => {
  const mine = tried.filter(({ plot }) => served.has(plot) === withProxy);
  let prism: TestPrism;
  let alice: Control;
  let root: Control;
  let created = 0;
  beforeAll(async () => {
    const names = withProxy ? (["api", "proxy"] as const) : (["api"] as const);
    // Without a proxy the one attempt to find one parks the operation at once.
    const environment = withProxy ? {} : { PRISM_STEP_ATTEMPTS: "1", PRISM_PROXY_PATIENCE_MS: "1000" };
    prism = await testPrism({ names, environment });
    // All cells take longer than a token usually lasts.
    alice = await prism.control({ ...member, ttlSeconds: 6 * 3_600 });
    root = await prism.control({ ...platform, ttlSeconds: 6 * 3_600 });
  });
  afterAll(() => prism?.close());

  const nameOf = (index: number) => prism.name(`kill-${index}`);
  /** The worker that finishes one cell is armed for the next. */
  let armed = -1;
  const arm = async (index: number) => {
    armed = index;
    const cell = mine[index];
    const namespace = nameOf(index);
    const failpoint =
      cell === undefined ? "" : failpointOf(cell, namespace, resourcesOf(cell.kind, namespace));
    const approval = cell?.plot === "expired" ? { PRISM_APPROVAL_SECONDS: "1" } : {};
    await prism.processes.start("worker", { PRISM_FAILPOINT: failpoint, ...approval });
  };

  const stateOf = async (id: string) => (await alice.operations.get(id)).state;
  /** Says what the plot wants said, and again where the worker died of it. */
  const tell = async (plot: Plot, id: string): Promise<void> => {
    const { plan_hash } = await alice.operations.get(id);
    const hash = { plan_hash: plan_hash ?? "" };
    const words: Partial<Record<Plot, () => Promise<unknown>>> = {
      approved: () => root.operations.approve(id, hash),
      rejected: () => root.operations.reject(id, { ...hash, reason: "too much" }),
      cancelled: () => alice.operations.cancel(id),
      retried: () => alice.operations.retry(id),
      abandoned: () => alice.operations.abandon(id),
    };
    await words[plot]?.();
  };

  it.each(mine.map((cell, index) => ({ ...cell, index })))(
    "$activity, $moment, $plot, $kind: whole or nothing, and nothing twice",
    async ({ index, plot, kind }) => {
      if (armed !== index) {
        await prism.processes.stop("worker", "SIGKILL");
        await arm(index);
      }
      const namespace = nameOf(index);
      const request = requestOf(kind, namespace, guided.has(plot) ? much : {});
      const id = (await alice.namespaces.create(request)).operation?.id ?? "";

      const story = (async () => {
        if (plot === "plain" || plot === "expired") return;
        await until(async () => ["awaiting_approval", "waiting"].includes(await stateOf(id)));
        const said = await tell(plot, id).then(
          () => true,
          () => false,
        );
        if (!said)
          await until(() =>
            tell(plot, id).then(
              () => true,
              () => false,
            ),
          );
        if (plot !== "retried") return;
        // It parks anew, as there is still no proxy; then it is given up.
        await until(async () => (await stateOf(id)) === "waiting");
        await until(() =>
          tell("abandoned", id).then(
            () => true,
            () => false,
          ),
        );
      })();
      await until(() => !prism.processes.running("worker"));
      await arm(index + 1);
      await story;
      await until(async () => (await alice.operations.get(id)).ended_at !== null, 60_000);

      const { items } = await alice.namespaces.history(namespace);
      const resources = resourcesOf(kind, namespace);
      expect(items.filter(({ type }) => type === "NamespaceRequested")).toHaveLength(1);
      const made = items.filter(({ type }) => type === "ResourceProvisioned");
      expect(new Set(made.map(({ data }) => JSON.stringify(data["resource"]))).size).toBe(made.length);
      if (withProxy) {
        expect(items.at(-1)?.type).toBe("NamespaceActivated");
        expect(made).toHaveLength(resources.length);
        const held = await holdings(prism.environment, namespace);
        expect(resources.filter(({ name }) => !stands(held, name))).toEqual([]);
        created++;
      } else {
        expect(items.at(-1)?.type).toMatch(/^Namespace(Failed|Rejected)$/);
        expect(items.map(({ type }) => type)).not.toContain("CleanupBlocked");
        expect(await holdings(prism.environment, namespace)).toEqual([]);
      }
      expect((await alice.teams.get("payments-team")).reserved.namespaces).toBe(created);
    },
  );

  it("leaves on the servers what serves, and nothing else", async () => {
    // One after the other: each asks every server over connections of its own.
    for (const index of mine.keys()) {
      const held = await holdings(prism.environment, nameOf(index));
      if (withProxy) expect(held).not.toEqual([]);
      else expect(held).toEqual([]);
    }
  }, 300_000);

  it("was tried in as many cells as there are", () => {
    figures(`kill matrix, proxy lives: ${withProxy}: ${mine.length} of ${all.length} cells`);
    expect(mine.length).toBeGreaterThan(0);
  });
});
