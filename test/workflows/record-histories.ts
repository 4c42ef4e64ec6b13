import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { WorkflowHandle } from "@temporalio/client";
import type { Json } from "../../domain/json.ts";
import { written } from "./history.ts";
import { outcomes } from "./outcomes.ts";
import { openStage } from "./stage.ts";

// Records the histories of every outcome, one file a phase, on the Temporal that PRISM_TEMPORAL_ADDRESS
// names. Those that are there stay as they are: running workflows have them behind them. `node
// test/workflows/record-histories.ts VERSION` when workflows changed in a way old histories still replay.
const folder = join(import.meta.dirname, "..", "histories");
const version = process.argv[2] ?? "1";

for (const [outcome, playOut] of Object.entries(outcomes)) {
  const prefix = `${outcome}.${version}.`;
  if (existsSync(folder) && readdirSync(folder).some((file) => file.startsWith(prefix))) continue;
  const stage = await openStage({ approvalMs: outcome === "expired" ? 500 : 600_000 });
  try {
    const { play } = await playOut(stage);
    for (const [index, { type, history }] of (await phasesOf(play.handle)).entries()) {
      writeFileSync(
        join(folder, `${prefix}${index + 1}-${type}.json`),
        `${JSON.stringify(history, null, 1)}\n`,
      );
    }
  } finally {
    await stage.close();
  }
}

async function phasesOf(handle: WorkflowHandle): Promise<readonly { type: string; history: Json }[]> {
  const last = written(await handle.fetchHistory()) as Written;
  const first = startOf(last);
  const phases = [{ type: first.workflowType.name, history: scrubbed(last as unknown as Json) }];
  const before = first.continuedExecutionRunId;
  if (!before) return phases;
  return [...(await phasesOf(handle.client.getHandle(handle.workflowId, before))), ...phases];
}

type Started = { workflowType: { name: string }; continuedExecutionRunId?: string };
type Written = { events: readonly { workflowExecutionStartedEventAttributes?: Started }[] };

function startOf({ events }: Written): Started {
  const started = events[0]?.workflowExecutionStartedEventAttributes;
  if (started === undefined) throw new Error("a history that does not begin with its start");
  return started;
}

/** Without what tells of the machine it was recorded on: process ids, host names, paths. */
function scrubbed(value: Json): Json {
  if (Array.isArray(value)) return value.map(scrubbed);
  if (typeof value === "string") return /^\d+@/.test(value) ? "prism" : value;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, key === "stackTrace" ? "" : scrubbed(inner as Json)]),
  );
}
