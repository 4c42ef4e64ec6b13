import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BackendKind } from "../../domain/plan.ts";
import type { Namespace, Page } from "../../sdk/typescript/answers.ts";
import type { Control } from "../../sdk/typescript/control.ts";
import { figures, soaking } from "../eventstore/soaking.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import type { Toxic } from "../setup/toxiproxy.ts";
import { until } from "../setup/until.ts";
import { badNetworks } from "./bad-networks.ts";
import { holdings } from "./holdings.ts";
import { member } from "./request.ts";

/** What stands in each backend, and what an update changes there: these four use no other. */
const together: Readonly<Record<string, Asked>> = {
  kafka: { backend: "kafka", client_api: "queue", needs: {}, change: { retention: "100h" } },
  nats: { backend: "nats", client_api: "pubsub", needs: {}, change: { retention: "100h" } },
  redis: { backend: "redis", client_api: "keyvalue", needs: { ttl: "15min" } },
  postgres: { backend: "postgres", client_api: "transact", needs: {} },
};
/** Objects belong to something that stands elsewhere, and partitions grow in the log and in Kafka. */
const s3: Asked = { backend: "s3", client_api: "pubsub", needs: { max_message_size: "50MB" } };
const growing: Asked = {
  ...{ backend: "postgres", client_api: "queue", needs: { durability: "strong", ordered: true } },
  change: { write_rps: 600 },
};
type Asked = {
  readonly backend: BackendKind;
  readonly client_api: string;
  readonly needs: Readonly<Record<string, unknown>>;
  readonly change?: Readonly<Record<string, unknown>>;
};
const side = Object.values(together);

type Trouble = { readonly name: string; readonly toxics: readonly Toxic[] };
const [upstream, downstream] = ["upstream", "downstream"] as const;
/** Nothing passes that way, and nobody is told. */
const silence = { type: "timeout", attributes: { timeout: 0 } } as const;

/** They cost time, and attempts at most. */
const slow: readonly Trouble[] = [
  {
    name: "latency",
    toxics: [{ type: "latency", stream: downstream, attributes: { latency: 20, jitter: 10 } }],
  },
  { name: "slow close", toxics: [{ type: "slow_close", stream: downstream, attributes: { delay: 300 } }] },
];
const cut = (stream: Toxic["stream"], bytes: number): Trouble => ({
  name: `cut off after ${bytes} bytes ${stream}`,
  toxics: [{ type: "limit_data", stream, attributes: { bytes } }],
});
const reset: Trouble = {
  name: "reset",
  toxics: [{ type: "reset_peer", stream: downstream, attributes: { timeout: 0 } }],
};
/** What is asked arrives and is done; no answer comes back. */
const halfOpen: Trouble = { name: "half-open", toxics: [{ ...silence, stream: downstream }] };
const blackHole: Trouble = {
  name: "black hole",
  toxics: [
    { ...silence, stream: upstream },
    { ...silence, stream: downstream },
  ],
};

const passing = soaking
  ? [
      ...slow,
      reset,
      ...[0, 300, 900, 2_700].flatMap((bytes) => [cut(upstream, bytes), cut(downstream, bytes)]),
    ]
  : [slow[0] as Trouble, cut(downstream, 300)];
/** S3 has its turn after the others, which takes time: in `npm test` only what its client is slow to notice. */
const meetsS3 = ({ name }: Trouble): boolean => soaking || name === halfOpen.name || name.startsWith("cut");
const lasting = [reset, halfOpen, blackHole];
/** In `npm test` each trouble has one end; in the long run, both. */
const parked = lasting.flatMap((trouble, index) =>
  (["retry", "abandon"] as const)
    .filter((_, end) => soaking || index % 2 === end)
    .map((word) => ({ ...trouble, word })),
);

const patienceMs = 200_000;

describe("a bad network between the worker and its backends", { timeout: 300_000 }, () => {
  let networks: Awaited<ReturnType<typeof badNetworks>>;
  let prism: TestPrism;
  let alice: Control;
  let begun = 0;
  beforeAll(async () => {
    networks = await badNetworks(process.env);
    prism = await testPrism({ servers: networks.servers, names: ["api", "proxy"] });
    alice = await prism.control({ ...member, ttlSeconds: 3_600 });
    await prism.processes.start("worker", {
      ...networks.far(prism),
      PRISM_BACKEND_DEADLINE_MS: "1000",
      PRISM_BACKEND_REPORT_MS: "500",
    });
  });
  afterAll(async () => {
    await prism?.close();
    await networks?.close();
  });

  const suffer = ({ backend }: Asked, { toxics }: Trouble) => networks.networks[backend].suffer(toxics);
  const heal = ({ backend }: Asked) => networks.networks[backend].heal();
  const request = ({ backend, client_api, needs }: Asked) => ({
    ...{ namespace: prism.name(`${backend}-${begun++}`), team: "payments-team", client_api, needs },
    access: { owners: [{ team: "payments-team" }], consumers: [] },
  });
  const create = async (asked: Asked) => {
    const { namespace, ...rest } = request(asked);
    const { operation } = await alice.namespaces.create({ namespace, ...rest });
    return { namespace, id: operation?.id ?? "" };
  };
  const active = async (asked: Asked) => {
    const { namespace, id } = await create(asked);
    await succeeds(id);
    return namespace;
  };
  const stateOf = async (id: string) => (await alice.operations.get(id)).state;
  /** As often as it parks, somebody says `retry`. */
  const succeeds = (id: string) =>
    until(async () => {
      const state = await stateOf(id);
      if (state === "waiting") await alice.operations.retry(id).catch(() => {});
      return state === "succeeded";
    }, patienceMs);
  const becomes = (id: string, state: string) => until(async () => (await stateOf(id)) === state, patienceMs);
  const failures = (namespace: string) =>
    alice.namespaces.history(namespace, { type: "StepFailed" }).then(
      ({ items }) => items,
      // Nothing has happened yet.
      () => [],
    );
  /** Each thing was made once, however often it was tried. */
  const madeOnce = async (namespace: string) => {
    const { items } = await alice.namespaces.history(namespace, { type: "ResourceProvisioned" });
    expect(new Set(items.map(({ data }) => JSON.stringify(data["resource"]))).size).toBe(items.length);
    expect(items.length).toBeGreaterThan(0);
  };

  const passes = async (asked: Asked, trouble: Trouble) => {
    await suffer(asked, trouble);
    const { namespace, id } = await create(asked);
    const met = async () => (await failures(namespace)).length > 0 || (await stateOf(id)) === "succeeded";
    if (!slow.includes(trouble)) await until(met, patienceMs).finally(() => heal(asked));
    await becomes(id, "succeeded").finally(() => heal(asked));
    await madeOnce(namespace);
  };

  describe.each(passing)("$name: a create waits, tries again, and finishes by itself", (trouble) => {
    it.concurrent.each(side)("$backend", (asked) => passes(asked, trouble));
    if (meetsS3(trouble)) it("s3", () => passes(s3, trouble));
  });

  describe("that lasts longer than a step's attempts", () => {
    beforeAll(() => prism.processes.start("api", { PRISM_STEP_ATTEMPTS: "2" }));

    const parks = async (asked: Asked, trouble: Trouble, word: "retry" | "abandon") => {
      // Connections are open when it begins: what is asked over them arrives.
      await active(asked);
      await suffer(asked, trouble);
      const { namespace, id } = await create(asked);
      await becomes(id, "waiting")
        .then(() => (word === "abandon" ? alice.operations.abandon(id) : undefined))
        .finally(() => heal(asked));
      expect(JSON.stringify(await failures(namespace))).toContain("BACKEND_UNAVAILABLE");
      if (word === "retry") return succeeds(id).then(() => madeOnce(namespace));
      await becomes(id, "failed");
      expect(await holdings(prism.environment, namespace)).toEqual([]);
    };

    describe.each(parked)("$name: a create parks, says why, and ends by $word", (trouble) => {
      it.concurrent.each(side)("$backend", (asked) => parks(asked, trouble, trouble.word));
      if (meetsS3(trouble)) it("s3", () => parks(s3, trouble, trouble.word));
    });

    const updates = async (asked: Asked) => {
      const namespace = await active(asked);
      await suffer(asked, halfOpen);
      const { operation } = await alice.namespaces.update(namespace, { needs: asked.change ?? {} });
      const id = operation?.id ?? "";
      await becomes(id, "waiting").finally(() => heal(asked));
      await succeeds(id);
      expect(await alice.namespaces.get(namespace)).toMatchObject({ status: "active", version: 2 });
    };

    describe("half-open: an update parks, and is made once somebody says so", () => {
      it.concurrent.each(side.filter(({ change }) => change))("$backend", updates);
    });

    it("half-open: more partitions for what is ordered are given up, and there once they are asked for again", async () => {
      const namespace = await active(growing);
      await suffer(growing, halfOpen);
      const needs = growing.change ?? {};
      const { operation } = await alice.namespaces.update(namespace, { needs });
      // Deliveries stand still meanwhile: nobody is waited for.
      await until(async () => (await failures(namespace)).length > 1, patienceMs).finally(() =>
        heal(growing),
      );
      await becomes(operation?.id ?? "", "failed");
      expect(await alice.namespaces.get(namespace)).toMatchObject({ status: "active", version: 1 });
      const again = await alice.namespaces.update(namespace, { needs });
      await succeeds(again.operation?.id ?? "");
      expect(await alice.namespaces.get(namespace)).toMatchObject({ status: "active", version: 2 });
    });

    const deletes = async (asked: Asked) => {
      const namespace = await active(asked);
      expect(await holdings(prism.environment, namespace)).not.toEqual([]);
      await suffer(asked, blackHole);
      const { operation } = await alice.namespaces.delete(namespace, { confirm: namespace });
      const id = operation?.id ?? "";
      await becomes(id, "waiting").finally(() => heal(asked));
      await succeeds(id);
      expect(await holdings(prism.environment, namespace)).toEqual([]);
    };

    describe("black hole: a delete parks, and leaves nothing in the end", () => {
      it.concurrent.each(side)("$backend", deletes);
      it("s3", () => deletes(s3));
    });
  });

  it("is shown for all five, and no plan becomes another by it", async () => {
    type Shown = { backend: string; health: string; message: string | null; seen_at: string };
    const shown = async () => {
      const headers = { authorization: `Bearer ${await prism.token(member)}` };
      const answer = await fetch(`${prism.api}/api/v1/backends`, { headers });
      return ((await answer.json()) as { items: Shown[] }).items;
    };
    const all = async (health: string) => (await shown()).every((one) => one.health === health);
    const hashes = () =>
      Promise.all([...side, s3].map(async (asked) => (await alice.preview(request(asked))).hash));
    await until(() => all("healthy"), patienceMs);
    // Names are part of a plan.
    const namesFrom = begun;
    const [before, plans] = [await shown(), await hashes()];
    await Promise.all([...side, s3].map((asked) => suffer(asked, blackHole)));
    try {
      await until(() => all("unhealthy"), patienceMs);
      for (const { message } of await shown()) expect(message).toMatch(/did not answer/);
      begun = namesFrom;
      expect(await hashes()).toEqual(plans);
    } finally {
      await Promise.all([...side, s3].map(heal));
    }
    await until(() => all("healthy"), patienceMs);
    const after = await shown();
    expect(after.map(({ backend }) => backend)).toEqual(before.map(({ backend }) => backend));
    for (const [index, { seen_at }] of after.entries())
      expect(seen_at > (before[index]?.seen_at ?? "")).toBe(true);
  });

  it("leaves nothing on the servers once all are deleted", async () => {
    let cursor: string | null = "";
    do {
      const page: Page<Namespace> = await alice.namespaces.list(cursor === "" ? {} : { cursor });
      const gone = page.items.map(({ namespace }) =>
        alice.namespaces.delete(namespace, { confirm: namespace, waitSeconds: 60 }),
      );
      await Promise.all(gone);
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(await holdings(prism.environment, prism.name(""))).toEqual([]);
    figures(`bad networks: ${passing.length + parked.length} ways before five backends, ${begun} namespaces`);
  });
});
