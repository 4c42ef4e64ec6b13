import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Moment } from "../../activities/step.ts";
import { active as inService } from "./active.ts";
import type { Fault, Play } from "./play.ts";
import { openStage, type Stage } from "./stage.ts";

const topicOf = ({ namespace }: Play) => `${namespace}-queue`;
const tableOf = ({ namespace }: Play) => `wal_${namespace.replaceAll("-", "_")}`;

const none = { write_rps: 0, read_rps: 0, data_size: 0, namespaces: 0 };

describe("reconcile", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage?.close());

  const active = async (name: string, faultsOf: (namespace: string) => readonly Fault[] = () => []) => {
    const play = await inService(stage, name);
    stage.fail(play.namespace, faultsOf(play.namespace));
    return play;
  };

  it("finds nothing where all is as planned, and says nothing", async () => {
    const play = await active("whole");
    const before = (await play.life()).types;
    expect(await stage.sweep(play.namespace)).toMatchObject({ state: "succeeded", findings: [] });
    expect((await play.life()).types).toEqual(before);
  });

  it("makes anew what is gone, puts right what was changed, and tells of both field by field", async () => {
    const play = await active("repaired");
    stage.backends.kafka.lose(topicOf(play));
    stage.backends.postgres.change(tableOf(play));
    const { findings } = await stage.sweep(play.namespace);
    expect(findings.map((one) => [one.class, one.name, one.remedy, one.settledAt !== null])).toEqual([
      ["missing", topicOf(play), "repair", true],
      ["drifted", tableOf(play), "repair", true],
    ]);
    expect(findings[1]?.fields).toEqual([{ field: "size", planned: "1", actual: "2" }]);
    const { types, state } = await play.life();
    expect(state).toBe("succeeded");
    expect(types.slice(types.indexOf("DriftDetected"))).toEqual([
      "DriftDetected",
      "ResourceIntended",
      "ResourceProvisioned",
      "DriftRepaired",
    ]);
    expect(stage.backends.kafka.names()).toContain(topicOf(play));
    expect((await stage.sweep(play.namespace)).findings).toEqual([]);
  });

  it("leaves what is foreign in a resource's place, and calls the namespace degraded until it is gone", async () => {
    const play = await active("taken");
    stage.backends.kafka.lose(topicOf(play));
    stage.backends.kafka.plant(topicOf(play));
    expect((await stage.sweep(play.namespace)).findings).toMatchObject([
      { class: "foreign", remedy: "none" },
    ]);
    expect(await play.life()).toMatchObject({ status: "degraded" });
    expect(stage.backends.kafka.names()).toContain(topicOf(play));
    const said = (await play.life()).types.length;
    await stage.sweep(play.namespace);
    expect((await play.life()).types).toHaveLength(said);
    stage.backends.kafka.lose(topicOf(play));
    await stage.sweep(play.namespace);
    expect((await play.life()).types.slice(-2)).toEqual(["DriftRepaired", "NamespaceRecovered"]);
    expect(await play.life()).toMatchObject({ status: "active" });
  });

  it("concludes nothing from a backend that does not answer, and keeps what it knew", async () => {
    const play = await active("away");
    stage.backends.kafka.lose(topicOf(play));
    stage.backends.kafka.away = true;
    try {
      expect((await stage.sweep(play.namespace)).findings).toEqual([]);
      expect((await play.life()).types).not.toContain("DriftDetected");
    } finally {
      stage.backends.kafka.away = false;
    }
    expect((await stage.sweep(play.namespace)).findings).toMatchObject([{ class: "missing" }]);
  });

  it("quarantines an orphan of a life that is over, once, and deletes nothing it does not know", async () => {
    const play = await active("gone");
    expect((await (await stage.remove(play)).ended()).status).toBe("deleted");
    const owner = { namespace: play.namespace, incarnation: 1 };
    const claim = { intended: true };
    const resource = { backend: "kafka", kind: "topic", name: topicOf(play), config: {} } as const;
    await stage.backends.kafka.ensure(resource, { owner, claim, signal: new AbortController().signal });
    for (const _ of [1, 2]) {
      expect((await stage.sweep(play.namespace)).findings).toMatchObject([
        { class: "orphaned", name: topicOf(play), remedy: "quarantine" },
      ]);
    }
    const { types } = await play.life();
    expect(types.filter((type) => type === "OrphanQuarantined")).toHaveLength(1);
    expect(stage.backends.kafka.names()).toContain(topicOf(play));
  });

  it("says once that a namespace keeps nearly all that it reserves, and changes nothing else", async () => {
    const play = await active("nearly-full");
    const before = await play.life();
    stage.backends.kafka.fill(topicOf(play), 900_000_000);
    for (const _ of [1, 2]) {
      expect(await stage.sweep(play.namespace)).toMatchObject({ state: "succeeded", findings: [] });
    }
    const after = await play.life();
    expect(after.types).toEqual([...before.types, "DataAlarmRaised"]);
    expect(after).toMatchObject({ status: "active", settings: before.settings, reserved: before.reserved });
    stage.backends.kafka.away = true;
    await stage.sweep(play.namespace);
    stage.backends.kafka.away = false;
    expect((await play.life()).types).toEqual(after.types);
    stage.backends.kafka.fill(topicOf(play), 0);
    await stage.sweep(play.namespace);
    expect((await play.life()).types.slice(-1)).toEqual(["DataAlarmCleared"]);
  });

  it("gives back quota that is held for what is over", async () => {
    const play = await active("leaking");
    const { namespace, request } = play;
    await (await stage.remove(play)).ended();
    const amounts = { write_rps: 5, read_rps: 5, data_size: 5, namespaces: 1 };
    const command = { type: "ReserveQuota", namespace, incarnation: 1, operation: "lost", amounts } as const;
    await stage.teams.decide({ team: request.team, command, operation: "lost", actor: "prism" });
    expect((await play.life()).quota).toBe(1);
    expect((await stage.sweep(namespace)).findings).toMatchObject([{ class: "leaked", remedy: "return" }]);
    expect((await play.life()).quota).toBe(0);
    expect((await stage.sweep(namespace)).findings).toEqual([]);
  });

  it("gives back in one sweep all that one team has leaked", async () => {
    const plays = await Promise.all(["leak-a", "leak-b"].map((name) => active(name)));
    const [team = ""] = plays.map(({ request }) => request.team);
    for (const { namespace, request } of plays) {
      await (await stage.remove({ request })).ended();
      const taken = { namespace, incarnation: 1, operation: `lost-${namespace}`, amounts: none };
      const command = { type: "ReserveQuota", ...taken } as const;
      await stage.teams.decide({ team, command, operation: taken.operation, actor: "prism" });
      expect(request.namespace).toBe(namespace);
    }
    const held = async () => [...(await stage.teams.read(team)).holdings.keys()];
    expect(await held()).toEqual(plays.map(({ namespace }) => namespace));
    await stage.sweep(plays[0]?.namespace ?? "");
    expect(await held()).toEqual([]);
  });

  const moments: readonly Moment[] = ["before", "intended", "after", "recorded"];
  it.each(moments)("a repair that fails for a while, %s, goes on; the sweep likewise", async (moment) => {
    const once = { code: "BACKEND_UNAVAILABLE", times: 1, moment } as const;
    const play = await active(`while-${moment}`, (namespace) => [
      { ...once, step: `ensure kafka topic ${namespace}-queue` },
      { ...once, step: "begin" },
      { ...once, step: "repair" },
    ]);
    stage.backends.kafka.lose(topicOf(play));
    const { findings, state } = await stage.sweep(play.namespace, { faults: [{ ...once, step: "sweep" }] });
    expect(state).toBe("succeeded");
    expect(findings).toMatchObject([{ class: "missing", settledAt: expect.any(Date) }]);
    const { types } = await play.life();
    expect(types.at(-1)).toBe("DriftRepaired");
    expect(types.filter((type) => type === "DriftDetected")).toHaveLength(1);
    expect(types.filter((type) => type === "ResourceProvisioned")).toHaveLength(
      stage.backends.kafka.names().filter((name) => name.includes(play.namespace)).length +
        stage.backends.postgres.names().filter((name) => name.includes(tableOf(play).slice(4))).length +
        1,
    );
  });

  it.each(["before", "intended"] as const)(
    "a repair that is refused, %s, leaves the rest repaired, and the same is not tried again by the clock",
    async (moment) => {
      const play = await active(`refused-${moment}`, (namespace) => [
        { step: `ensure kafka topic ${namespace}-queue`, moment, code: "MIGRATION_REQUIRED" },
      ]);
      stage.backends.postgres.change(tableOf(play));
      stage.backends.kafka.change(topicOf(play));
      const sweep = async (by: string) => {
        await stage.sweep(play.namespace, { by });
        const { state, status, types } = await play.life();
        return { state, status, repairs: types.filter((type) => type === "RepairFailed").length };
      };
      expect(await sweep("prism")).toEqual({ state: "failed", status: "degraded", repairs: 1 });
      // That the other one is as planned again is news.
      expect(await sweep("prism")).toEqual({ state: "failed", status: "degraded", repairs: 2 });
      expect(await sweep("prism")).toEqual({ state: "failed", status: "degraded", repairs: 2 });
      expect(await sweep("user:root")).toEqual({ state: "failed", status: "degraded", repairs: 3 });
      stage.fail(play.namespace, []);
      expect(await sweep("user:root")).toEqual({ state: "succeeded", status: "active", repairs: 3 });
    },
  );

  it("a repair that took effect, though it failed, is seen to have", async () => {
    const play = await active("unheard", (namespace) => [
      { step: `ensure kafka topic ${namespace}-queue`, moment: "after", code: "MIGRATION_REQUIRED" },
    ]);
    stage.backends.kafka.change(topicOf(play));
    await stage.sweep(play.namespace);
    expect(await play.life()).toMatchObject({ state: "failed", status: "degraded" });
    await stage.sweep(play.namespace);
    expect((await play.life()).types.slice(-2)).toEqual(["DriftDetected", "NamespaceRecovered"]);
  });

  it("waits for nobody: a namespace with an operation under way is left to it", async () => {
    const faultsOf = () => [{ step: "apply", moment: "before", code: "BACKEND_UNAVAILABLE" } as const];
    const play = await stage.update(await active("busy"), { needs: { write_rps: 400 } }, { faultsOf });
    await play.reaches("waiting");
    stage.backends.postgres.lose(tableOf(play));
    expect((await stage.sweep(play.namespace)).findings).toEqual([]);
    await play.tell("cancel");
    await play.ended();
  });
});
