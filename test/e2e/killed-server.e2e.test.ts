import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Amounts } from "../../sdk/typescript/answers.ts";
import type { Control } from "../../sdk/typescript/control.ts";
import { temporaryInstance } from "../../stack/instance.ts";
import { type ServerName, serverNames } from "../../stack/server.ts";
import { stackUp } from "../../stack/stack.ts";
import { stackDown } from "../../stack/stack-down.ts";
import { readState } from "../../stack/state.ts";
import { figures, soaking } from "../eventstore/soaking.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until } from "../setup/until.ts";
import { ownEnvironment } from "../stack/own-environment.ts";
import { configuration, holdings } from "./holdings.ts";
import { changedIn, changeOf, type Kind, requestOf, resourcesOf } from "./kinds.ts";
import { member, platform, queueRequest } from "./request.ts";

const environment = ownEnvironment();
/** All cells take longer than a token usually lasts. */
const ttlSeconds = 6 * 3_600;
const patienceMs = 240_000;

/** Under way while the server dies: something that stands on it. */
const kindOn: Readonly<Record<ServerName, Kind>> = {
  temporal: "orders",
  "postgres-control": "orders",
  "postgres-data": "orders",
  kafka: "orders",
  nats: "events",
  redis: "profiles",
  s3: "videos",
};
const operations = ["create", "update", "delete"] as const;
type OperationKind = (typeof operations)[number];

const all = serverNames.flatMap((server) => operations.map((operation) => ({ server, operation })));
const few: ReadonlySet<string> = new Set(["temporal create", "postgres-control update", "kafka delete"]);
const tried = all.filter(({ server, operation }) => soaking || few.has(`${server} ${operation}`));
/** How a history tells that it is done. */
const ends = { create: "NamespaceActivated", update: "UpdateApplied", delete: "NamespaceDeleted" } as const;

/** On servers of its own: others' tests must not lose theirs. */
describe("a server killed in the middle, and started again", () => {
  const instance = temporaryInstance();
  let prism: TestPrism;
  let alice: Control;
  const up = () => stackUp({ environment, instance, wanted: serverNames, needed: serverNames });
  const kill = (server: ServerName) =>
    process.kill(readState(instance).servers[server]?.process?.pid ?? expect.fail(server), "SIGKILL");
  beforeAll(async () => {
    const servers = { ...environment, ...(await up()).environment };
    prism = await testPrism({ servers });
    alice = await prism.control({ ...member, ttlSeconds });
  }, 300_000);
  afterAll(async () => {
    await prism?.close();
    await stackDown({ instance, environment, purge: true });
  });

  const counted = async (): Promise<Pick<Amounts, "namespaces" | "write_rps">> => {
    const { namespaces, write_rps } = (await alice.teams.get("payments-team")).reserved;
    return { namespaces, write_rps };
  };
  const held = (name: string) => configuration(prism.environment, name);
  const begin = async (operation: OperationKind, kind: Kind, name: string): Promise<string> => {
    const { namespaces } = alice;
    const begun = {
      create: () => namespaces.create(requestOf(kind, name)),
      update: () => namespaces.update(name, { needs: changeOf(kind) }),
      delete: () => namespaces.delete(name, { confirm: name }),
    };
    return (await begun[operation]()).operation?.id ?? "";
  };

  it.each(tried)(
    "$server, in the middle of each $operation: every one is done, and nothing happened twice",
    async ({ server, operation }) => {
      const kind = kindOn[server];
      const names = [1, 2, 3, 4].map((count) => prism.name(`${server}-${operation}-${count}`));
      if (operation !== "create") {
        for (const name of names) {
          const { status } = await alice.namespaces.create(requestOf(kind, name), { waitSeconds: 60 });
          expect(status).toBe("active");
        }
      }
      const [before, was] = [await Promise.all(names.map(held)), await counted()];

      // Begun one after the other, so that the server is gone at another step of each.
      const ids: string[] = [];
      for (const name of names) {
        ids.push(await begin(operation, kind, name));
        await delay(60);
      }
      kill(server);
      await delay(1_500);
      await up();

      for (const [index, name] of names.entries()) {
        const ended = async () => (await alice.operations.get(ids[index] ?? "")).ended_at !== null;
        await until(() => ended().catch(() => false), patienceMs);
        expect((await alice.operations.get(ids[index] ?? "")).state).toBe("succeeded");
        const { items } = await alice.namespaces.history(name);
        expect(items.filter(({ type }) => type === ends[operation])).toHaveLength(1);
        const made = items.filter(({ type }) => type === "ResourceProvisioned");
        const after = await held(name);
        if (operation === "create") {
          const resources = resourcesOf(kind, name);
          expect(made).toHaveLength(resources.length);
          expect(new Set(made.map(({ data }) => JSON.stringify(data["resource"]))).size).toBe(made.length);
          // As the servers themselves call them: with the life behind, or before the slash.
          const stands = ({ name: each }: { readonly name: string }) =>
            Object.keys(after).some((one) => one.includes(each.split("/")[0] ?? ""));
          expect(resources.filter((resource) => !stands(resource))).toEqual([]);
        }
        if (operation === "update") expect(after).toEqual(changedIn(before[index] ?? {}, changeOf(kind)));
        if (operation === "delete") expect(await holdings(prism.environment, name)).toEqual([]);
      }
      const more = { create: [4, 400], update: [0, 800], delete: [-4, -400] }[operation];
      const [namespaces = 0, write_rps = 0] = more;
      expect(await counted()).toEqual({
        namespaces: was.namespaces + namespaces,
        write_rps: was.write_rps + write_rps,
      });
    },
    600_000,
  );

  it("all of them and Prism too, while a create waits for a word: it is taken afterwards", async () => {
    const name = prism.name("asleep");
    const root = await prism.control(platform);
    const asked = await alice.namespaces.create(queueRequest(name, { needs: { data_size: "2TB" } }), {
      waitSeconds: 30,
    });
    expect(asked.status).toBe("awaiting_approval");
    const operation = asked.operation?.id ?? "";

    for (const process of ["api", "worker", "proxy"] as const) await prism.processes.stop(process, "SIGKILL");
    for (const server of serverNames) kill(server);
    await up();
    for (const process of ["api", "worker", "proxy"] as const) await prism.processes.start(process);

    const { plan_hash } = await alice.operations.get(operation);
    await root.operations.approve(operation, { plan_hash: plan_hash ?? "" });
    await until(async () => (await alice.namespaces.get(name)).status === "active", 60_000);
  });

  it("was tried in as many cells as there are", () => {
    figures(`servers killed in the middle: ${tried.length} of ${all.length} cells`);
    expect(tried.length).toBeGreaterThan(0);
  });
});
