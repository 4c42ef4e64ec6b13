import { expect } from "vitest";
import { explore } from "../model/explore.ts";
import { type RevokeBug, revoke } from "../model/revoke.ts";
import type { Patch } from "../setup/copy.ts";
import { asleepWhileDrained, cancelledWhenDrained, rewindWhileLed } from "./delete-schedule.ts";
import { play } from "./revoke-schedule.ts";
import { pci, type Stage } from "./stage.ts";

/** A fault of the protocol: where it is put into the source, and the schedule that shows it on real processes. */
export type Planted = {
  readonly patches: readonly Patch[];
  /** The harm that was seen; none where the source is sound. */
  readonly cell: (stage: Stage) => Promise<readonly string[]>;
};

const wayTo = (bug: RevokeBug): readonly string[] => explore(revoke(bug)).broken?.actions ?? expect.fail(bug);
const played = async (stage: Stage, name: string, schedule: readonly string[]) =>
  (await play(stage, name, schedule)).harm;

export const planted: Readonly<Record<string, Planted>> = {
  "ack before apply": {
    patches: [
      {
        file: "proxy/watch.ts",
        from: '    if (response.case === "snapshot") directory.replace(response.value);',
        to: `    if (response.case === "change") {
          options.durable = response.value.version;
          report();
        }
        if (response.case === "snapshot") directory.replace(response.value);`,
      },
    ],
    // What it has acknowledged does not survive its restart.
    cell: async (stage) =>
      played(stage, await stage.namespace("acknowledged"), [
        ...wayTo("ack before apply"),
        "register",
        "restart a",
      ]),
  },
  "expiry from answering": {
    patches: [
      {
        file: "proxy/lease.ts",
        from: "lasts(askedAt, granted);",
        to: "lasts(now(), granted);",
      },
    ],
    cell: async (stage) =>
      played(stage, await stage.namespace("answered", pci), wayTo("expiry from answering")),
  },
  "skips an absent proxy": {
    patches: [
      {
        file: "activities/agreement.ts",
        from: "leases.mayServe(shard, limitMs)",
        to: "leases.live(shard)",
      },
    ],
    cell: async (stage) => played(stage, await stage.namespace("absent"), wayTo("skips an absent proxy")),
  },
  "keeps its copy after a goodbye": {
    patches: [{ file: "proxy/watch.ts", from: "      if (connected) await copy.forget();\n", to: "" }],
    cell: async (stage) =>
      played(stage, await stage.namespace("left"), wayTo("keeps its copy after a goodbye")),
  },
  "epoch not checked": {
    patches: [
      {
        file: "backends/write-ahead-log/relay-term.ts",
        from: "set relayed = $3 where namespace = $1 and epoch = $2 returning 1 as moved",
        to: "set relayed = $3 where namespace = $1 and $2::bigint is not null returning 1 as moved",
      },
      {
        file: "backends/write-ahead-log/relay-term.ts",
        from: "using (namespace, incarnation)\n         where namespace = $1 and epoch = $2",
        to: "using (namespace, incarnation)\n         where namespace = $1 and $2::bigint is not null",
      },
    ],
    cell: rewindWhileLed,
  },
  "fence after drain": {
    patches: [
      { file: "activities/deleting.ts", from: "await logs.close(life)", to: "0" },
      {
        file: "activities/deleting.ts",
        from: '        await recorder.record(occasion, "stop-providers", {',
        to: `        await logs.close(rowOf(await recorder.read(occasion.namespace), occasion));
        await recorder.record(occasion, "stop-providers", {`,
      },
    ],
    cell: asleepWhileDrained,
  },
  "cancel after the pivot": {
    patches: [
      {
        file: "domain/namespace/intervene.ts",
        from: "  const { id, undoing, pivoted, ended, state } = operation;\n  if (pivoted) throw onlyForward(operation);",
        to: "  const { id, undoing, ended, state } = operation;",
      },
    ],
    cell: cancelledWhenDrained,
  },
};
