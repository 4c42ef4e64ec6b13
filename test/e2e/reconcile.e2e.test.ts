import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Owner } from "../../backends/backend.ts";
import { type BackendKind, backendKinds, type Resource } from "../../domain/plan.ts";
import type { Control } from "../../sdk/typescript/control.ts";
import type { DriftFinding } from "../../sdk/typescript/drift.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { configuration, holdings } from "./holdings.ts";
import { type Kind, requestOf, resourcesOf } from "./kinds.ts";
import { type Meddling, meddling } from "./meddling.ts";
import { member, platform } from "./request.ts";
import { runPrism } from "./run-prism.ts";
import { reconciled } from "./sweep.ts";

/** One resource in each backend, of namespaces that between them have all five. */
const one: readonly (readonly [Kind, string])[] = [
  ["orders", "topic"],
  ["events", "wal-table"],
  ["events", "stream"],
  ["profiles", "acl-user"],
  ["videos", "bucket-prefix"],
];
/** Of one prefix alone: what is changed of a bucket is changed of all its prefixes. */
const askedFor = (kind: Kind, namespace: string) =>
  requestOf(kind, namespace, kind === "videos" ? { retention: "7days" } : {});

describe("a census of orphans", () => {
  let prism: TestPrism;
  let meddler: Meddling;
  let alice: Control;
  let root: Control;
  const nameOf = (kind: Kind, which: string) => prism.name(`${kind}-${which}`);
  beforeAll(async () => {
    prism = await testPrism();
    meddler = await meddling(prism.environment);
    alice = await prism.control(member);
    root = await prism.control(platform);
    const all = (["orders", "events", "profiles", "videos"] as const).flatMap((kind) =>
      ["lost", "changed"].map((which) => askedFor(kind, nameOf(kind, which))),
    );
    const dead = [
      requestOf("orders", nameOf("orders", "dead-1")),
      // It has had things, and logins, in S3 too.
      askedFor("videos", nameOf("orders", "dead-2")),
    ];
    for (const request of [...all, ...dead]) {
      expect((await alice.namespaces.create(request, { waitSeconds: 60 })).status).toBe("active");
    }
    for (const { namespace } of dead)
      await alice.namespaces.delete(namespace, { confirm: namespace, waitSeconds: 60 });
  }, 300_000);
  afterAll(async () => {
    await meddler?.close();
    await prism?.close();
  });

  const resourceOf = (kind: Kind, what: string, namespace: string): Resource =>
    resourcesOf(kind, namespace).find((each) => each.kind === what) ?? expect.fail(what);
  const made = async (namespace: string, { name, kind }: Resource): Promise<string | undefined> => {
    const { items } = await alice.namespaces.history(namespace, { type: "ResourceProvisioned" });
    const told = items.map(({ data }) => data as { resource: Resource; identity: string });
    return told.findLast(({ resource }) => resource.name === name && resource.kind === kind)?.identity;
  };
  const findings = async (of: Control): Promise<readonly DriftFinding[]> => {
    const items: DriftFinding[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await of.drift(cursor === undefined ? {} : { cursor });
      items.push(...page.items);
      cursor = page.next_cursor;
    }
    const run = prism.name("").replaceAll("-", "_");
    return items.filter(({ name }) => name?.replaceAll("-", "_").includes(run));
  };
  const classes = (found: readonly DriftFinding[]) =>
    Object.fromEntries(
      found.map(({ backend, kind, name, class: what }) => [`${backend} ${kind} ${name}`, what]),
    );
  const key = ({ backend, kind, name }: Omit<Resource, "config">) => `${backend} ${kind} ${name}`;
  const expected: Record<string, string> = {};
  const foreign: (readonly [BackendKind, string])[] = [];
  /** Of lives that have nothing else there. */
  const lone = () => {
    const [ghost, dead] = [prism.name("ghost-9"), nameOf("orders", "dead-2")].map((namespace) => ({
      namespace,
      incarnation: 1,
    })) as [Owner, Owner];
    return [
      { backend: "postgres", owner: ghost, name: `prism_${ghost.namespace.replaceAll("-", "_")}_1` },
      { backend: "nats", owner: ghost, name: `prism.${ghost.namespace}.1` },
      { backend: "s3", owner: dead, name: `prism.${dead.namespace}.1` },
    ] as const;
  };
  const orphans: (readonly [Resource, { namespace: string; incarnation: number }])[] = [];

  it("plants 20 orphans, 3 logins and 10 that are somebody else's, takes away 5 that are its own and changes 5", async () => {
    for (const [kind, what] of one) {
      const [lost, changed] = [nameOf(kind, "lost"), nameOf(kind, "changed")];
      const gone = resourceOf(kind, what, lost);
      await meddler.lose(gone, { namespace: lost, incarnation: 1 }, await made(lost, gone));
      expected[key(gone)] = "missing";
      const other = resourceOf(kind, what, changed);
      await meddler.change(other);
      expected[key(other)] = "drifted";
    }
    for (const backend of backendKinds) {
      for (const which of ["a", "b"]) {
        const name = prism
          .name(`theirs-${backend}-${which}`)
          .replaceAll("-", backend === "postgres" ? "_" : "-");
        await meddler.stranger(backend, name);
        foreign.push([backend, name]);
        const kind = { kafka: "topic", postgres: "table", nats: "stream", redis: "acl-user", s3: "bucket" }[
          backend
        ];
        expected[key({ backend, kind, name })] = "foreign";
      }
    }
    const [deadOne, deadTwo] = [nameOf("orders", "dead-1"), nameOf("orders", "dead-2")];
    for (const namespace of [deadOne, deadTwo]) {
      orphans.push([resourceOf("orders", "client-quota", namespace), { namespace, incarnation: 1 }]);
      orphans.push([resourceOf("orders", "wal-table", namespace), { namespace, incarnation: 1 }]);
    }
    // Of a name that nobody has, and of a life that a living one never had.
    for (const index of [1, 2, 3, 4]) {
      const ghost = prism.name(`ghost-${index}`);
      const living = nameOf("orders", "lost");
      const owner =
        index % 2 === 0 ? { namespace: living, incarnation: 7 } : { namespace: ghost, incarnation: 1 };
      orphans.push([resourceOf("profiles", "acl-user", ghost), owner]);
      orphans.push([resourceOf("events", "stream", ghost), owner]);
      orphans.push([resourceOf("orders", "replay-table", ghost), owner]);
      orphans.push([resourceOf("videos", "bucket-prefix", ghost), owner]);
    }
    for (const [resource, owner] of orphans) {
      await meddler.plant(resource, owner);
      expected[key(resource)] = "orphaned";
    }
    for (const { backend, name, owner } of lone()) {
      await meddler.loneLogin(backend, owner);
      expected[key({ backend, kind: "login", name })] = "orphaned";
    }
    expect(orphans).toHaveLength(20);
    expect(foreign).toHaveLength(10);
    expect(Object.keys(expected)).toHaveLength(43);
  }, 300_000);

  const untouched = async () => {
    const parts = [prism.name("theirs"), prism.name("ghost")].map((each) => each.replace(/-[^-]*$/, ""));
    const all = await configuration(prism.environment, prism.name("").slice(1));
    const strange = Object.entries(all).filter(([name]) =>
      parts.some((part) => name.replaceAll("_", "-").includes(part)),
    );
    return Object.fromEntries(strange);
  };

  it("classes 43 of 43 in one sweep, and touches nothing that is not its own", async () => {
    const before = await untouched();
    expect(Object.keys(before).length).toBeGreaterThanOrEqual(26);
    await reconciled(root);
    const found = await findings(root);
    expect(classes(found)).toEqual(expected);
    expect(found).toHaveLength(43);
    // Of a name that was never asked for: may be another Prism's. Of a life that is known to be over: not.
    const logins = found.filter(({ kind }) => kind === "login");
    const told = logins.map(({ backend, remedy, settled }) => [backend, remedy, settled]);
    expect(told.sort()).toEqual([
      ["nats", "none", false],
      ["postgres", "none", false],
      ["s3", "remove", true],
    ]);
    expect(await holdings(prism.environment, nameOf("orders", "dead-2"))).not.toContainEqual(
      expect.stringContaining("s3 user"),
    );
    expect(await untouched()).toEqual(before);
    for (const each of found.filter(({ class: what }) => what === "drifted")) {
      expect(each.fields.length).toBeGreaterThan(0);
      for (const { planned, actual } of each.fields) expect(planned).not.toBe(actual);
    }
    const owned = found.filter(({ remedy }) => remedy === "repair");
    expect(owned.map(({ settled }) => settled)).toEqual(Array(10).fill(true));
  }, 300_000);

  it("has repaired all 10 that are its own, each as an operation on its namespace", async () => {
    const drifted = nameOf("orders", "changed");
    const { items } = await alice.namespaces.history(drifted, {});
    expect(items.slice(-2).map(({ type }) => type)).toEqual(["DriftDetected", "DriftRepaired"]);
    const operation = await alice.operations.get(String(items.at(-1)?.["operation_id"]));
    expect(operation).toMatchObject({
      kind: "reconcile",
      state: "succeeded",
      requested_by: platform.subject,
    });
    await reconciled(root);
    const left = await findings(root);
    expect(left.filter(({ class: what }) => what !== "orphaned" && what !== "foreign")).toEqual([]);
    expect(left).toHaveLength(32);
    const { items: quarantined } = await root.namespaces.history(nameOf("orders", "lost"), {
      type: "OrphanQuarantined",
    });
    expect(quarantined).toHaveLength(8);
  }, 300_000);

  it("what was made anew serves again", async () => {
    const client = await prism.client(nameOf("orders", "lost"), { subject: "service:order-api" });
    await client.queue.publish("orders", { id: 1 });
    for await (const message of client.queue.consume("orders", { group: "census", from: "earliest" })) {
      expect(message.json()).toEqual({ id: 1 });
      break;
    }
    await client.close();
  }, 120_000);

  it("is told by the command line, by class, and counted", async () => {
    const token = await prism.token(platform);
    const told = await runPrism(prism.api, token, ["drift", "--class", "foreign", "-o", "json"]);
    expect(told.code).toBe(0);
    const { items } = JSON.parse(told.stdout) as { items: DriftFinding[] };
    const ours = items.filter(({ name }) => foreign.some(([, each]) => each === name));
    expect(ours).toHaveLength(10);
    const refused = await runPrism(prism.api, await prism.token(member), ["reconcile"]);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("FORBIDDEN") });
    const metrics = await (await fetch(`${prism.api}/metrics`)).text();
    const count = (what: string) =>
      Number(new RegExp(`^prism_drift_findings{class="${what}"} (\\d+)`, "m").exec(metrics)?.[1]);
    expect(count("orphaned")).toBeGreaterThanOrEqual(20);
    expect(count("foreign")).toBeGreaterThanOrEqual(10);
    expect([count("missing"), count("drifted"), count("stuck"), count("leaked")]).toEqual([0, 0, 0, 0]);
  }, 120_000);

  it("with nothing desired it touches nothing: to an empty Prism all of it is foreign or unknown", async () => {
    const { PRISM_DATA_URL = "" } = prism.environment;
    const empty = await testPrism({ names: ["api", "worker"], environment: { PRISM_DATA_URL } });
    try {
      const before = await configuration(prism.environment, prism.name("").slice(1));
      const other = await empty.control(platform);
      const token = await empty.token(platform);
      expect((await runPrism(empty.api, token, ["reconcile"])).code).toBe(0);
      const found = await findings(other);
      expect(found.length).toBeGreaterThanOrEqual(40);
      expect(found.filter(({ remedy }) => remedy !== "none")).toEqual([]);
      expect(await configuration(prism.environment, prism.name("").slice(1))).toEqual(before);
    } finally {
      await empty.close();
    }
  }, 300_000);

  it("goes as it came", async () => {
    for (const [backend, name] of foreign) await meddler.farewell(backend, name);
    for (const [resource, owner] of orphans) {
      const identity = resource.backend === "kafka" ? `prism.${resource.name}` : undefined;
      expect(await meddler.lose(resource, owner, identity)).toEqual({ removed: true });
    }
    for (const { backend, name, owner } of lone().slice(0, 2))
      expect(await meddler.loseLogin(backend, name, owner)).toEqual({ removed: true });
  }, 300_000);
});
